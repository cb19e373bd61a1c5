/** Serves the document, and Swagger UI to show it and to sign in with PKCE. */
import { posix } from 'node:path';
import type { Application, NextFunction, Request, RequestHandler, Response } from 'express';
import { serveFiles, setup } from 'swagger-ui-express';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { buildDocument, knownServers, type KnownServer, type OpenApiOptions } from './document';
import type { OpenApiDocument } from './open-api';

/** Options of {@link serveOpenApi}. */
export interface ServeOpenApiOptions extends OpenApiOptions {
  /** The path of Swagger UI. Default: `/docs`. */
  readonly path?: string;
  /** The path of the document. Default: `/openapi.json`. */
  readonly documentPath?: string;
  /**
   * The client ID for signing in from Swagger UI: of a public client (RFC 6749 §2.1), whose redirect URI is
   * `{path}/oauth2-redirect.html`, for instance `https://api.example.com/docs/oauth2-redirect.html`. Without it,
   * Swagger UI asks the user for one.
   */
  readonly clientId?: string;
  /** The scopes that are selected when Swagger UI opens. Default: none. */
  readonly askedScopes?: readonly string[];
}

/**
 * Serves the app's {@link openApiDocument} as JSON, and Swagger UI with its assets, so that it works offline. The
 * Authorize button of Swagger UI signs in with authorization code and PKCE. Both are public: to protect them, add a
 * middleware before them.
 *
 * @throws ImproperlyConfigured if a path does not begin with a slash or ends with one, or if the document's path is
 * inside Swagger UI's.
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * serveOpenApi(app, { info: { title: 'Books', version: '1.0.0' }, clientId: 'books-docs' });
 */
export function serveOpenApi<T extends object>(app: T, options: ServeOpenApiOptions = {}): T {
  const path = checkedPath('path', options.path ?? '/docs');
  const documentPath = checkedPath('documentPath', options.documentPath ?? '/openapi.json');
  if (`${documentPath}/`.startsWith(`${path}/`))
    throw new ImproperlyConfigured(
      `serveOpenApi(): the documentPath '${documentPath}' lies in the path '${path}', which is Swagger UI's; choose another.`,
    );
  const application = app as unknown as Application;
  application.get(documentPath, document(app, options));
  application.use(path, ...swaggerUi(options, posix.relative(path, documentPath)));
  return app;
}

// Express would read other characters as a pattern.
function checkedPath(name: string, path: string): string {
  if (/^(?:\/[\w.~-]+)+$/.test(path)) return path;
  throw new ImproperlyConfigured(
    `serveOpenApi(): the ${name} is '${path}'; expected a path such as '/docs', without a slash at its end.`,
  );
}

function document(app: object, options: ServeOpenApiOptions): RequestHandler {
  const latest = new LatestDocument(app, options);
  return (request, response, next) => {
    const send = (found: OpenApiDocument): void => {
      // The app may have answered meanwhile, for instance because the request took too long.
      if (response.headersSent) return;
      response.set({ 'Cache-Control': 'no-cache', 'Access-Control-Allow-Origin': '*' });
      response.json(placedAt(request.baseUrl, found));
    };
    latest.get().then(send).catch(next);
  };
}

/**
 * Caches the document, because anyone may request it as often as they like. Rebuilds it if there is a new server or an
 * issuer's endpoints were found.
 */
class LatestDocument {
  #basis: readonly unknown[] = [];
  #document: OpenApiDocument | undefined;

  constructor(
    private readonly app: object,
    private readonly options: OpenApiOptions,
  ) {}

  async get(): Promise<OpenApiDocument> {
    const servers = await knownServers(this.app);
    const basis = servers.flatMap(basisOf);
    const isSame = basis.length === this.#basis.length && basis.every((one, index) => one === this.#basis[index]);
    if (!isSame) this.#document = undefined;
    this.#basis = basis;
    return (this.#document ??= buildDocument(servers, this.options));
  }
}

function basisOf({ server, issuers }: KnownServer): readonly unknown[] {
  return [server, ...issuers];
}

// The app may be mounted in another one.
function placedAt(baseUrl: string, found: OpenApiDocument): OpenApiDocument {
  return baseUrl === '' || found.servers !== undefined ? found : { ...found, servers: [{ url: baseUrl }] };
}

function swaggerUi({ clientId, askedScopes, info }: ServeOpenApiOptions, swaggerUrl: string): RequestHandler[] {
  const oauth = { clientId, scopes: askedScopes, usePkceWithAuthorizationCodeGrant: true };
  // Turns the validator off: it would send the document's address to a third party.
  const swaggerOptions = { oauth, validatorUrl: null, persistAuthorization: false };
  const page = setup(undefined, { customSiteTitle: info?.title ?? 'API', swaggerUrl, swaggerOptions });
  return [withSlash, asPage, ...serveFiles(undefined, { swaggerUrl, swaggerOptions }), onlyAt('/', page)];
}

// The page loads its assets by relative URLs, so its path must end with a slash.
function withSlash(request: Request, response: Response, next: NextFunction): void {
  const [path = '', query] = request.originalUrl.split(/\?(.*)/s);
  if (request.path !== '/' || path.endsWith('/')) next();
  else response.redirect(308, `${request.baseUrl}/${query === undefined ? '' : `?${query}`}`);
}

// Signing in opens a window that must be able to reach this one, so the app's Cross-Origin-Opener-Policy is removed.
function asPage(_request: Request, response: Response, next: NextFunction): void {
  response.removeHeader('Cross-Origin-Opener-Policy');
  response.set({ 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': contentPolicy });
  next();
}

// The page sends requests to the issuers' token endpoints and to the API, which may have any origin.
const contentPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src *; frame-ancestors 'none'; base-uri 'none'";

function onlyAt(path: string, handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (request.path === path) void handler(request, response, next);
    else next();
  };
}
