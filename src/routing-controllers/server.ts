/** Creates or extends an Express app. Uses routing-controllers' names and signatures, and guards every route. */
import express, {
  type Application,
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Router,
} from 'express';
import { createExecutor, getMetadataArgsStorage } from 'routing-controllers';
import { guardsCertificateFields, removeCertificateOfStranger } from '../authentication/client-certificate';
import { AccessTokenVerifier } from '../core/tokens/access-token';
import { environmentName, isDevelopment } from '../core/process/development';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { TokenIntrospector } from '../core/tokens/introspection';
import { JwksManager } from '../core/issuers/jwks-manager';
import { isPlain, plainWarning } from '../core/process/plain';
import { changedSettings } from '../core/settings/changed-settings';
import { defineSettings, settingsFromEnv } from '../core/settings/define-settings';
import type { Settings, SettingsInput } from '../core/settings/settings';
import { withoutCredentials } from '../core/settings/shown-value';
import { withUnreadVariables } from '../core/settings/unread-variables';
import { issuersWithOtherAudience } from '../core/requirements/protected-resource';
import { issuerSettings } from '../core/settings/trusted-issuers';
import { isAnswer } from '../views/exception-handler';
import { auditRoute, type RouteAudit } from '../views/start/audit';
import { checkUnread } from '../views/start/unread-rules';
import type { Services } from '../views/start/services';
import { asParseError } from './driver/body';
import { appContainer, type AppContainer } from './start/app-container';
import { keepingServices, policyMaker, registerServices } from './start/container';
import type { AxiomsServer, AxiomsServerOptions } from './start/axioms-server';
import { AxiomsDriver } from './driver/driver';
import { handingOn, isErrorAnswered } from './driver/error-answers';
import { GuardedRoutes } from './start/guarded-routes';
import { withInheritedMetadata } from './start/inherited-metadata';
import { checkRoutes, logAudit } from './start/route-audit';
import { routesOf } from './start/routes-of-app';
import { sampleOf } from './start/samples';
import { requireUsableGuards } from './endpoints/plain-guards';
import { metadataRoute } from './endpoints/protected-resource';
import { addServer, serversOf, serves } from './start/serving';
import { beginStartup } from './start/startup';
import { servedByUs } from './start/stock-servers';
import { policyAnswer } from './driver/thrown';
import { setTripwire } from './start/tripwire';

setTripwire();

/**
 * Creates an Express app that serves the controllers, and guards each route with the rules of its controller. Has the
 * same name and signature as in routing-controllers.
 *
 * @throws ImproperlyConfigured if a setting or a rule is missing or wrong. The message says how to fix it.
 * @example
 * const app = createExpressServer({ controllers: [BookController], axioms: { audience: 'https://api.example.com', domain: 'auth.example.com' } });
 * app.listen(3000);
 */
export function createExpressServer(options: AxiomsServerOptions): Express {
  return useExpressServer(express(), options);
}

/**
 * Serves the controllers from an existing Express app. Several servers can share an app or a process. Has the same name
 * and signature as in routing-controllers.
 *
 * @throws ImproperlyConfigured as {@link createExpressServer} does.
 */
export function useExpressServer<T>(app: T, options: AxiomsServerOptions): T {
  const server = serverFor(app as Application, options);
  serve(app as Application, options, server);
  logAudit(server.guarded.audited, server.settings);
  start(app as Application, options, server);
  return app;
}

/**
 * Creates a server for an Express app without controllers. Guard its plain routes with `requireAccessToken()`, wherever
 * they are registered: a route without that guard stays open. The server is also stored at `app.locals.axioms`.
 *
 * @param settings the settings; default `settingsFromEnv(process.env)`
 * @returns the server; its `close()` stops refreshing keys
 * @throws ImproperlyConfigured if a setting is missing or wrong, or if `app` is neither an Express app nor a router.
 * @example
 * const app = express();
 * const server = guardApp(app, { audience: 'https://api.example.com', domain: 'auth.example.com' });
 * app.get('/export', requireAccessToken({ scopes: ['book:export'] }), (request, response) => {
 *   response.json([]);
 * });
 */
export function guardApp(app: Application | Router, settings?: SettingsInput): AxiomsServer {
  if (typeof (Object(app) as { readonly use?: unknown }).use !== 'function')
    throw new ImproperlyConfigured('guardApp() needs an Express app or router: guardApp(app, settings).');
  const options: AxiomsServerOptions = { controllers: [], axioms: settings };
  const server = serverFor(app as Application, options);
  hideStacks(app as { readonly settings?: unknown });
  start(app as Application, options, server);
  return server;
}

function serverFor(app: Application, options: AxiomsServerOptions): NewServer {
  const settings = settingsOf(options);
  const server = newServer(settings, localsOf(app).axioms as AxiomsServer | undefined);
  const { services, container } = server;
  beginStartup(server);
  serves(server, { services, container, options, app, answersErrors: options.defaultErrorHandler !== false });
  registerServices(server);
  issuerSettings(settings).forEach(warnOfOpenings);
  warnOfOtherAudience(settings);
  if (guardsCertificateFields(settings)) app.use(withoutForeignCertificates(settings));
  if (settings.resourceUrl !== undefined) app.use(metadataRoute(() => serversOf(app).map(one => one.server)));
  return server;
}

function start(app: Application, options: AxiomsServerOptions, server: NewServer): void {
  addServer(app, { server, options });
  localsOf(app).axioms = server;
  requireUsableGuards(server);
  servedByUs(server.guarded.controllers, server.settings);
  void server.jwksManager.start();
}

/**
 * Returns the access rule of every route, as data, of the server that these options would create. Reads the rules as
 * startup does, but neither listens nor fetches anything, and does not affect a running server.
 *
 * @throws ImproperlyConfigured as {@link createExpressServer} does.
 * @example
 * for (const { method, path, who, rule } of auditRoutes({ controllers: [BookController] })) console.log(method, path, who, rule);
 */
export function auditRoutes(options: AxiomsServerOptions): readonly RouteAudit[] {
  const settings = settingsOf(options);
  const server = newServer(settings, undefined);
  try {
    return keepingServices(() => {
      registerServices(server);
      serve(express(), options, server);
      return server.audit();
    });
  } finally {
    server.close();
  }
}

function settingsOf({ axioms }: AxiomsServerOptions): Settings {
  if (axioms === undefined) return serverSettings(settingsFromEnv(process.env));
  try {
    return serverSettings(axioms);
  } catch (error) {
    throw withUnreadVariables(error, axioms, process.env);
  }
}

// Turns off `explain` in production: it helps an attacker as much as a developer.
function serverSettings(input: SettingsInput): Settings {
  const settings = defineSettings(input);
  if (!settings.explain || isDevelopment()) return settings;
  warnOfProduction(settings, "Setting 'explain' (AXIOMS_EXPLAIN) is turned off in production");
  return changedSettings(settings, { explain: false });
}

// By default routing-controllers treats every NODE_ENV except 'production' as development.
function isDevelopmentMode({ development }: AxiomsServerOptions, settings: Settings): boolean {
  if (development === true && !isDevelopment())
    warnOfProduction(settings, "Option 'development' is turned off in production");
  return development !== false && isDevelopment();
}

// Express's own error page shows stacks unless its setting 'env' is exactly 'production'. A router has no settings.
function hideStacks({ settings }: { readonly settings?: unknown }): void {
  const known = (settings ?? {}) as { env?: unknown };
  if (!isDevelopment() && known.env === environmentName()) known.env = 'production';
}

function warnOfProduction({ logger }: Settings, message: string): void {
  logger.warn(message, { NODE_ENV: environmentName(), development: "unset, 'development' or 'test'" });
}

// A router has no `locals`.
function localsOf(app: { locals?: Record<string, unknown> }): Record<string, unknown> {
  return (app.locals ??= {});
}

interface NewServer extends AxiomsServer {
  readonly services: Services;
  readonly container: AppContainer;
  readonly guarded: GuardedRoutes;
}

/** @param before the server that the app already has */
function newServer(settings: Settings, before: AxiomsServer | undefined): NewServer {
  const jwksManager = new JwksManager(settings);
  const verifier = new AccessTokenVerifier(settings, jwksManager);
  const introspector = new TokenIntrospector(settings, jwksManager);
  const container = appContainer();
  const services: Services = {
    settings,
    verifier,
    introspector,
    toAnswer: policyAnswer,
    ...policyMaker(container, { settings, jwksManager, verifier, introspector }),
    readingRoutes: asked => guarded.readingRoutes(asked),
  };
  const guarded: GuardedRoutes = new GuardedRoutes(services, container);
  const close = (): void => {
    jwksManager.close();
    introspector.close();
    guarded.close();
  };
  const audit = (): readonly RouteAudit[] => [
    ...(before?.audit() ?? []),
    ...guarded.audited.map(({ rules }) => auditRoute(rules)),
  ];
  return {
    settings,
    jwksManager,
    verifier,
    introspector,
    services,
    container,
    guarded,
    routes: guarded.all,
    audit,
    close,
  };
}

function serve(app: Application, options: AxiomsServerOptions, { services, guarded, container }: NewServer): void {
  requireControllers(options);
  hideStacks(app as { readonly settings?: unknown });
  const driver = new AxiomsDriver(app, services, guarded);
  withInheritedMetadata(container, () => {
    createExecutor(driver, { ...options, development: isDevelopmentMode(options, services.settings) });
  });
  if (guarded.all.length === 0)
    throw new ImproperlyConfigured(
      `No handler was found in controllers: ${options.controllers?.map(nameOf).join(', ')}. Check the paths, and that the classes have handlers.`,
    );
  driver.idleMiddlewares.report(app, options.defaultErrorHandler !== false);
  const isTypedi = container.isTypedi;
  checkUnread(guarded.audited, one => sampleOf(one, isTypedi).object, services.settings.logger);
  checkRoutes(guarded.audited, routesOf(app), services.settings);
  app.use(options.defaultErrorHandler === false ? handingOn(services.settings) : answerOurErrors(driver));
}

// Without controllers, routing-controllers would serve every controller class that the process has loaded.
function requireControllers({ controllers }: AxiomsServerOptions): void {
  const list: readonly unknown[] = controllers ?? [];
  if (list.length === 0)
    throw new ImproperlyConfigured(
      'The option controllers is missing or empty: name the controller classes, or paths to them.',
    );
  const known = getMetadataArgsStorage().controllers.map(({ target }) => target as unknown);
  const wrong = list.find(one => typeof one !== 'string' && !known.includes(one));
  if (list.includes(undefined) || wrong !== undefined)
    throw new ImproperlyConfigured(
      `The option controllers lists ${nameOf(wrong)}, which is no controller class: decorate it with @JsonController(), or mend the import cycle that makes it undefined.`,
    );
}

function nameOf(listed: unknown): string {
  return typeof listed === 'function' ? listed.name : String(listed);
}

function warnOfOpenings({ issuerUrl, allowInsecureUrls, ignoredTokenMarkers, logger }: Settings): void {
  if (isPlain) logger.warn(plainWarning);
  if (ignoredTokenMarkers.length > 0)
    logger.warn(
      "Tokens of an issuer may have claims that mark ID tokens: 'requiredClaims' alone tells its access tokens from them",
      { issuer: issuerUrl, ignoredTokenMarkers },
    );
  if (issuerUrl === undefined)
    logger.warn(
      "There is only a jwksUrl: the issuer of tokens is not checked. Give 'issuerUrl' (AXIOMS_ISS_URL) or 'domain' (AXIOMS_DOMAIN).",
    );
  for (const url of allowInsecureUrls)
    logger.warn(`'allowInsecureUrls' accepts ${withoutCredentials(url)}: who can change its answers can forge tokens.`);
}

// Warns because the server publishes the metadata, and clients use it to request a token for the resource.
function warnOfOtherAudience(settings: Settings): void {
  const { resourceUrl, logger } = settings;
  for (const { issuerUrl, audience } of issuersWithOtherAudience(settings))
    logger.warn(
      `The setting 'resourceUrl' (AXIOMS_RESOURCE_URL) is no accepted audience: clients that read the protected resource metadata ask the issuer for a token for ${resourceUrl ?? ''}, which is refused. Add it to 'audience' (AXIOMS_AUDIENCE), exactly as it is spelled here.`,
      { issuer: issuerUrl, audience },
    );
}

// The guards look at the address themselves. This is for the app's own code, which may trust the fields.
function withoutForeignCertificates(settings: Settings): RequestHandler {
  return (request, _response, next) => {
    removeCertificateOfStranger(request, settings);
    next();
  };
}

// Answers errors of the app's plain middlewares: this library's, and a body that cannot be read. Leaves the rest to the
// app.
function answerOurErrors(driver: AxiomsDriver): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    // An error middleware has received the error after its answer. Express would destroy the connection.
    if (isErrorAnswered(response)) return;
    const known = asParseError(error);
    if (isAnswer(known) && !response.headersSent) driver.refuse(known, undefined, { request, response, next });
    else next(error);
  };
}
