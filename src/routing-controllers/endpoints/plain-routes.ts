/** Guards plain Express routes with the same rules and the same responses as controllers. */
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { HasValidAccessToken } from '../../authentication/access-token';
import type { AxiomsRequest } from '../../authentication/user';
import type { GrantKind } from '../../core/tokens/claims';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { GrantRequirement, Requirement } from '../../core/requirements/requirement';
import type { Settings } from '../../core/settings/settings';
import type { ApiView } from '../../permissions/base';
import { RequiresDPoP } from '../../permissions/proof';
import { grantRequirement, requiresGrants } from '../../permissions/required-grants';
import type { PermissionRule } from '../../permissions/operators';
import { answer, isAnswer, sendAnswer, type Answer } from '../../views/exception-handler';
import { admit, permit } from '../../views/lifecycle';
import { routeRules } from '../../views/start/read-rules';
import type { RouteRules } from '../../views/start/route-rules';
import { Visit, findVisit } from '../../views/visit';
import type { Services } from '../../views/start/services';
import { asParseError } from '../driver/body';
import { logAnswered } from '../driver/error-answers';
import { answerToForeign, exposedStatus } from '../driver/foreign-errors';
import { withFinalStatus } from '../driver/thrown';
import { rememberGuard, requireUsable, usesServer } from './plain-guards';
import { refuse, watchingNext, withServer, type Exchange } from './plain-answers';
import { isInFrontOf, refuseInHandler, rememberVisit, takenOver } from './plain-visits';
import { markTokenGuard, type GuardReader } from '../start/handlers';
import { namedServing, onlyServer, type ServerOption, type Serving } from '../start/serving';
import type { AxiomsServer } from '../start/axioms-server';
import { refuseOtherSpelling } from '../start/path-spellings';

type Names = readonly string[] | undefined;

/** What the token of a plain route must grant. It must satisfy every list that is given, and no list may be empty. */
export interface AccessTokenRequirements {
  /** The token must have at least one of these scopes. */
  readonly scopes?: Names;
  /** Another name for `scopes`. */
  readonly anyScopes?: Names;
  /** The token must have all of these scopes. */
  readonly allScopes?: Names;
  readonly roles?: Names;
  readonly anyRoles?: Names;
  readonly allRoles?: Names;
  readonly permissions?: Names;
  readonly anyPermissions?: Names;
  readonly allPermissions?: Names;
  /** `'required'`: the token must be bound to a DPoP key (RFC 9449); see `RequiresDPoP`. */
  readonly dpop?: 'required' | undefined;
}

type ListName = Exclude<keyof AccessTokenRequirements, 'dpop'>;

const lists: Readonly<Record<ListName, readonly [kind: GrantKind, match: 'any' | 'all']>> = {
  scopes: ['scopes', 'any'],
  anyScopes: ['scopes', 'any'],
  allScopes: ['scopes', 'all'],
  roles: ['roles', 'any'],
  anyRoles: ['roles', 'any'],
  allRoles: ['roles', 'all'],
  permissions: ['permissions', 'any'],
  anyPermissions: ['permissions', 'any'],
  allPermissions: ['permissions', 'all'],
};

/**
 * Returns a middleware for a plain Express route that requires a valid access token with these grants. It answers
 * refusals itself, as a controller's route does. With `defaultErrorHandler: false` it passes them to the app's error
 * middleware. Afterwards `request.user`, `request.auth` and `request.authJwt` are set. Every method needs a token, even
 * OPTIONS, so put `cors()` in front. Only the methods of the setting `publicMethods` (default: `[]`) need no token,
 * unless a list is given.
 *
 * If the app has several servers, name the one whose tokens are accepted. Otherwise each request is answered with 500,
 * and the log says how to name it. In `@UseBefore` the middleware uses the controller's server, and the request remains
 * the controller's. A middleware that calls it there must pass on its own `next`. A controller's handler cannot call
 * it.
 *
 * @param requirements what the token must grant (default: nothing), `dpop: 'required'` for a token that is bound to a DPoP
 * key, and `server`, see {@link ServerOption}
 * @param server another way to name the server
 * @throws ImproperlyConfigured for an empty list, an unknown name, or a `server` that is not a server of this library.
 * The middleware throws it if a controller's handler calls it.
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/export', requireAccessToken({ scopes: ['book:export'] }), (request, response) => {
 *   response.json([]);
 * });
 * @example
 * const app = express();
 * const books = useExpressServer(app, { controllers: [BookController], axioms: staff }).locals.axioms;
 * useExpressServer(app, { controllers: [ShopController], axioms: customers });
 * app.get('/export', requireAccessToken({ scopes: ['book:export'], server: books }), handler);
 */
export function requireAccessToken(
  requirements: AccessTokenRequirements & ServerOption = {},
  server?: AxiomsServer | ServerOption,
): RequestHandler {
  const required = requiredOf(requirements);
  const needsProof = requiresProof(requirements);
  const grants = required.map(([name, one]) => requiresGrants(name, one));
  const route = new PlainRoutes([...(needsProof ? [RequiresDPoP] : []), ...grants]);
  const named = namedOnce(requirements.server, server);
  const serving = named === undefined ? undefined : namedServing(named, 'requireAccessToken()');
  if (serving !== undefined) route.rulesFor(serving.services);
  const asked = [...(needsProof ? [{ kind: 'dpop' } as const] : []), ...required.map(([, one]) => one)];
  const guard: RequestHandler = (request, response, next) => {
    const exchange = { request, response, next };
    if (!response.headersSent) refuseInHandler(findVisit(request));
    withServer(exchange, () => {
      const server = named ?? onlyServer(exchange, 'requireAccessToken()', example);
      usesServer(guard, server, request);
      route.guard(serving ?? namedServing(server, 'requireAccessToken()'), exchange, guard);
    });
  };
  rememberGuard(guard, asked, named);
  markTokenGuard(guard, readerOf(route, asked, serving?.services));
  return guard;
}

// A guard that names no server uses that of the handler.
function readerOf(route: PlainRoutes, asked: readonly Requirement[], named: Services | undefined): GuardReader {
  return services => {
    requireUsable(asked, (named ?? services).settings);
    return named === undefined ? route.read(services) : route.rulesFor(named);
  };
}

const example = "requireAccessToken({ scopes: ['book:read'], server: app.locals.axioms })";

function namedOnce(
  option: AxiomsServer | undefined,
  given: AxiomsServer | ServerOption | undefined,
): AxiomsServer | undefined {
  const second = given !== undefined && 'server' in given ? given.server : (given as AxiomsServer | undefined);
  if (option !== undefined && second !== undefined && option !== second)
    throw new ImproperlyConfigured('requireAccessToken() is given two servers: name one.');
  return option === undefined ? second : option;
}

/** The rule of one middleware, read once for each server. */
class PlainRoutes {
  readonly #controllerClass: new () => object;
  readonly #rules = new WeakMap<Services, RouteRules>();
  readonly #rulesInFront = new WeakMap<Services, RouteRules>();

  constructor(permissionClasses: readonly PermissionRule[]) {
    this.#controllerClass = plainController(permissionClasses);
  }

  guard(serving: Serving, exchange: Exchange, guard: RequestHandler): void {
    const { request, response } = exchange;
    const { services } = serving;
    const earlier = findVisit(request);
    if (response.headersSent) {
      if (earlier === undefined) logAnswered(response, 'requireAccessToken()', services.settings);
      return;
    }
    const restore = rememberVisit(earlier, exchange);
    const rules = isInFrontOf(earlier, exchange) ? this.#rulesInFrontFor(services) : this.rulesFor(services);
    const visit = new Visit(rules, services, this.#make(), request as AxiomsRequest, response);
    visit.follow(earlier);
    const departing = watchingNext(exchange);
    const fail = (error: unknown): void => {
      refuse(error, serving, departing);
    };
    const goOn = (): void => {
      restore();
      departing.next();
    };
    const proceed = (): void => {
      if (visit.isCurrent && !response.headersSent) goOn();
      else fail(takenOver(visit));
    };
    // A middleware may call the guard with a `next` of its own that throws. No caller is left to catch that.
    letIn(visit, guard).then(proceed).catch(fail);
  }

  rulesFor(services: Services): RouteRules {
    const known = this.#rules.get(services);
    if (known !== undefined) return known;
    const rules = this.read(services);
    warnOfPublicMethods(rules, services.settings);
    this.#rules.set(services, rules);
    return rules;
  }

  /** Reads the rules without keeping them. */
  read(services: Services): RouteRules {
    return routeRules(plainRoute, this.#make(), services);
  }

  // The lists of the controller decide how often its handler may be called. The guard would count each request again.
  #rulesInFrontFor(services: Services): RouteRules {
    const known = this.#rulesInFront.get(services) ?? this.rulesFor(services).withoutThrottles();
    this.#rulesInFront.set(services, known);
    return known;
  }

  #make(): ApiView {
    return new this.#controllerClass() as ApiView;
  }
}

function warnOfPublicMethods({ publicMethods }: RouteRules, { logger }: Settings): void {
  if (publicMethods.length === 0) return;
  logger.warn(
    `The setting 'publicMethods' (AXIOMS_SAFE_METHODS) opens plain routes to requests without credentials: requireAccessToken() requires no token for ${publicMethods.join(', ')}. Remove the method from the setting, or require a scope.`,
    { publicMethods },
  );
}

// The route as far as the server knows it: only Express knows the paths and methods on which the guard is registered.
const plainRoute = {
  method: undefined,
  path: '*',
  isParametrized: false,
  action: 'requireAccessToken',
  readsBody: false,
};

function requiresProof({ dpop }: AccessTokenRequirements): boolean {
  if (dpop === undefined) return false;
  if ((dpop as unknown) === 'required') return true;
  throw new ImproperlyConfigured(
    "requireAccessToken({ dpop }) must be 'required': the setting 'dpop' (AXIOMS_DPOP) decides what else is accepted.",
  );
}

function requiredOf(requirements: AccessTokenRequirements): readonly (readonly [name: string, GrantRequirement])[] {
  if (typeof (requirements as unknown) !== 'object' || (requirements as unknown) === null)
    throw new ImproperlyConfigured("requireAccessToken() takes an object: { scopes: ['book:read'] }.");
  const named = Object.entries(requirements).filter(([name]) => name !== 'server');
  const given = named.filter(([, values]) => values !== undefined);
  if (named.length > 0 && given.length === 0)
    throw new ImproperlyConfigured(
      `requireAccessToken() is given ${named.map(([name]) => `${name}: undefined`).join(', ')}, which would require nothing but a token. Give the list a value, or leave it out.`,
    );
  for (const kind of ['Scopes', 'Roles', 'Permissions']) refuseTwoNames(Object.fromEntries(given), kind);
  const grants = given.filter(([name]) => name !== 'dpop');
  return grants.map(([name, values]) => {
    if (!Object.hasOwn(lists, name))
      throw new ImproperlyConfigured(
        `requireAccessToken() has no option '${name}'. Its options are: ${[...Object.keys(lists), 'dpop', 'server'].join(', ')}.`,
      );
    const [kind, match] = lists[name as keyof typeof lists];
    return [name, grantRequirement(`requireAccessToken({ ${name} })`, kind, match, values)] as const;
  });
}

function refuseTwoNames(given: object, kind: string): void {
  const [plain, any] = [kind.toLowerCase(), `any${kind}`];
  if (plain in given && any in given)
    throw new ImproperlyConfigured(
      `requireAccessToken() has both ${plain} and ${any}, two names of one rule: give one.`,
    );
}

function plainController(rules: readonly PermissionRule[]): new () => object {
  return class PlainRoute {
    authenticationClasses = [HasValidAccessToken];
    permissionClasses = rules;
  };
}

async function letIn(visit: Visit, guard: RequestHandler): Promise<void> {
  refuseOtherSpelling(visit.request as Request, { guard });
  await admit(visit);
  await permit(visit);
  visit.requireItsMethod();
}

/**
 * Error middleware for an app that also has plain Express routes. It answers the following errors exactly as a
 * controller's route does: this library's errors, a body that cannot be read, routing-controllers' `HttpError`s and
 * errors with `expose: true`, the latter two with a status from 400 to 499. It passes on other errors.
 *
 * If the app has several servers, the server must be named for requests that no server has guarded:
 * `axiomsErrorHandler({ server })` returns the middleware for one server.
 *
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/export', () => {
 *   throw new PermissionDenied();
 * });
 * app.use(axiomsErrorHandler);
 */
export const axiomsErrorHandler = errorHandler as AxiomsErrorHandler;

/** Error middleware, and a function that returns it for a named server. */
export type AxiomsErrorHandler = ErrorRequestHandler & ((options: ServerOption) => ErrorRequestHandler);

// Takes four parameters: Express recognizes error middleware by them.
function errorHandler(
  given: unknown,
  request?: Request,
  response?: Response,
  next?: NextFunction,
): ErrorRequestHandler | undefined {
  if (request === undefined || response === undefined || next === undefined)
    return errorHandlerOf(Object(given) as ServerOption);
  answerError(given, undefined, { request, response, next });
  return undefined;
}

function errorHandlerOf({ server }: ServerOption): ErrorRequestHandler {
  const serving = server === undefined ? undefined : namedServing(server, 'axiomsErrorHandler()');
  return (error: unknown, request, response, next) => {
    answerError(error, serving, { request, response, next });
  };
}

function answerError(error: unknown, named: Serving | undefined, exchange: Exchange): void {
  const known = asOurs(asParseError(error));
  if (known === undefined || exchange.response.headersSent) exchange.next(error);
  else
    withServer(exchange, () => {
      const settings = named?.services.settings ?? settingsOfExchange(exchange, error);
      sendAnswer(exchange.response, answer(known, exchange.request, settings));
    });
}

function settingsOfExchange(exchange: Exchange, cause: unknown): Settings {
  const name = 'app.use(axiomsErrorHandler({ server: app.locals.axioms }))';
  // Prefers the server that has guarded the request, because it knows the challenges of its authentication classes.
  return findVisit(exchange.request)?.settings ?? onlyServer(exchange, 'axiomsErrorHandler', name, { cause }).settings;
}

function asOurs(error: unknown): Answer | undefined {
  if (isAnswer(error)) return withFinalStatus(error);
  return exposedStatus(error) === undefined ? undefined : answerToForeign(error, { developmentMode: false });
}
