/** Serves the metadata of a protected resource (RFC 9728), so that clients find the authorization server. */
import type { Request, RequestHandler, Response } from 'express';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { protectedResourceMetadata, protectedResourceUrl } from '../../core/requirements/protected-resource';
import { plainRequirements } from './plain-guards';
import type { AxiomsServer } from '../start/axioms-server';

type Resource = Pick<AxiomsServer, 'settings' | 'routes'>;

/**
 * Returns a middleware that serves the metadata of the servers' `resourceUrl` (RFC 9728 §3), and passes on every other
 * request. A server already serves it on its own app. This middleware is for an enclosing app that receives the
 * requests to the root of the host.
 *
 * @param servers the servers, or `{ server }` for one
 * @throws ImproperlyConfigured if no server is given: the middleware never searches for one.
 * @example
 * const books = createExpressServer({ controllers: [BookController] }); // AXIOMS_RESOURCE_URL=https://example.com/api
 * const site = express().use('/api', books).use(protectedResourceMiddleware(books.locals.axioms as AxiomsServer));
 */
export function protectedResourceMiddleware(
  ...servers: readonly (Resource | { readonly server: Resource })[]
): RequestHandler {
  const known = servers.map(one => ('server' in Object(one) ? (one as { readonly server: Resource }).server : one));
  if (known.length > 0 && known.every(isResource)) return metadataRoute(() => known);
  throw new ImproperlyConfigured(
    'protectedResourceMiddleware() needs the servers that it tells of: protectedResourceMiddleware({ server: app.locals.axioms }), after useExpressServer(app, …).',
  );
}

function isResource(server: unknown): server is Resource {
  const { settings, routes } = Object(server) as Partial<Resource>;
  return settings !== undefined && routes !== undefined;
}

/** Does the same for a list of servers that may grow. Servers with the same resource share one document. */
export function metadataRoute(servers: () => readonly Resource[]): RequestHandler {
  return (request, response, next) => {
    const asked = servers().filter(({ settings: { resourceUrl } }) => isAskedFor(resourceUrl, request));
    const resourceUrl = asked[0]?.settings.resourceUrl;
    if (resourceUrl === undefined || !['GET', 'HEAD', 'OPTIONS'].includes(request.method)) next();
    // A route in front may have answered.
    else if (!response.headersSent) answer(request, response, resourceUrl, asked);
  };
}

// Compares the URL that the client sent: an enclosing app removes the path of the mount from `request.url`.
function isAskedFor(resourceUrl: string | undefined, { originalUrl }: Request): boolean {
  if (resourceUrl === undefined) return false;
  const { pathname, search } = new URL(protectedResourceUrl(resourceUrl));
  const [path = '', query = ''] = originalUrl.split(/\?(.*)/s);
  return withoutSlash(path) === withoutSlash(pathname) && (search === '' || search === `?${query}`);
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

// Allows every origin: the metadata is public. A browser sends a preflight first if the client adds header fields of
// its own (Fetch §4.9).
function answer(request: Request, response: Response, resourceUrl: string, servers: readonly Resource[]): void {
  response.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=3600' });
  if (request.method === 'OPTIONS') {
    response.set({ 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': '*' });
    response.status(204).end();
    return;
  }
  const ofControllers = servers.flatMap(({ routes }) => routes).flatMap(({ permissions = [] }) => permissions);
  const known = ofControllers.filter(requirement => requirement !== undefined);
  response.json(
    protectedResourceMetadata(
      resourceUrl,
      servers.map(({ settings }) => settings),
      [...known, ...servers.flatMap(plainRequirements)],
    ),
  );
}
