/** Serves the metadata of a protected resource (RFC 9728), for clients that look for the authorization server. */
import type { Request, RequestHandler, Response } from 'express';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { protectedResourceMetadata, protectedResourceUrl } from '../../core/requirements/protected-resource';
import { plainRequirements } from './plain-guards';
import type { AxiomsServer } from '../start/axioms-server';

type Resource = Pick<AxiomsServer, 'settings' | 'routes'>;

/**
 * Answers for the metadata of the servers' `resourceUrl` (RFC 9728 §3) and lets every other request through. A server
 * has it on its own app already; it is for an app around that one, which receives what is asked of the host's root.
 *
 * @param servers the servers, or `{ server }` for one
 * @throws ImproperlyConfigured without a server: it never looks for one.
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

/** The same for servers that may become more. Those of one resource are told of together. */
export function metadataRoute(servers: () => readonly Resource[]): RequestHandler {
  return (request, response, next) => {
    const asked = servers().filter(({ settings: { resourceUrl } }) => isAskedFor(resourceUrl, request));
    const resourceUrl = asked[0]?.settings.resourceUrl;
    if (resourceUrl === undefined || !['GET', 'HEAD', 'OPTIONS'].includes(request.method)) next();
    else answer(request, response, resourceUrl, asked);
  };
}

// By what the client asked for: an app around this one takes the path under which it is mounted away.
function isAskedFor(resourceUrl: string | undefined, { originalUrl }: Request): boolean {
  if (resourceUrl === undefined) return false;
  const { pathname, search } = new URL(protectedResourceUrl(resourceUrl));
  const [path = '', query = ''] = originalUrl.split(/\?(.*)/s);
  return withoutSlash(path) === withoutSlash(pathname) && (search === '' || search === `?${query}`);
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

// Anybody may read it, in a browser too; a client's own header fields make the browser ask first (Fetch §4.9).
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
