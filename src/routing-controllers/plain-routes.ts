/** The guard for plain Express routes beside the controllers: the same rules, the same answers. */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { HasValidAccessToken } from '../authentication/access-token';
import { setContext } from '../authentication/request-context';
import type { AxiomsRequest } from '../authentication/user';
import type { GrantKind } from '../core/claims';
import { Answered, requireUnanswered } from '../core/answered';
import { ImproperlyConfigured } from '../core/exceptions';
import type { ApiView } from '../permissions/base';
import { grantRequirement, requiresGrants } from '../permissions/required-grants';
import type { PermissionRule } from '../permissions/operators';
import { answerTo, isAnswer, logAnswer, sendAnswer, type Answer } from '../views/exception-handler';
import { afterTheBody, beforeTheBody } from '../views/lifecycle';
import { routeRules, type RouteRules } from '../views/route-rules';
import { Visit, findVisit, type Services } from '../views/visit';
import { asParseError } from './body';
import { logAnswered } from './error-answers';
import { answerToForeign, exposedStatus } from './foreign-errors';
import { servingOf, type Serving } from './serving';
import type { AxiomsServer } from './server';
import { asServerError, isExpected } from './thrown';

type Names = readonly string[] | undefined;

/** What a plain route's token must grant: each list that is given, and none of them empty. */
export interface AccessTokenRequirements {
  /** Any of these. */
  readonly scopes?: Names;
  /** Another name for `scopes`. */
  readonly anyScopes?: Names;
  /** All of these. */
  readonly allScopes?: Names;
  readonly roles?: Names;
  readonly anyRoles?: Names;
  readonly allRoles?: Names;
  readonly permissions?: Names;
  readonly anyPermissions?: Names;
  readonly allPermissions?: Names;
}

const lists: Readonly<Record<keyof AccessTokenRequirements, readonly [kind: GrantKind, match: 'any' | 'all']>> = {
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
 * A middleware for a plain Express route: a valid access token, and what it must grant. Answers as a controller's route
 * does, by itself; with `defaultErrorHandler: false` it hands its refusals to the app's error middleware. Afterwards
 * `request.user`, `request.auth` and `request.authJwt` are set. Every method needs a token, OPTIONS too: put `cors()` in
 * front. Only the methods of the setting `publicMethods` (default: none) need no token, unless something is asked of it.
 *
 * @param server default: `request.app.locals.axioms`, the server of the app that it stands on, or of an app around that
 * @throws ImproperlyConfigured for an empty list or an unknown name.
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/export', requireAccessToken({ scopes: ['book:export'] }), (request, response) => {
 *   response.json([]);
 * });
 */
export function requireAccessToken(requirements: AccessTokenRequirements = {}, server?: AxiomsServer): RequestHandler {
  const controllerClass = plainController(permissionClassesFor(requirements));
  const rulesOfServers = new WeakMap<Services, RouteRules>();
  return (request, response, next) => {
    const serving = servingOf(request, server);
    if (serving === undefined) {
      next(new ImproperlyConfigured(noServer('requireAccessToken()')));
      return;
    }
    const { services } = serving;
    const earlier = findVisit(request);
    if (response.headersSent) {
      if (earlier === undefined) logAnswered(response, 'requireAccessToken()', serving.services.settings);
      return;
    }
    const rules = rulesOfServers.get(services) ?? routeRules(plainRoute, new controllerClass() as ApiView, services);
    rulesOfServers.set(services, rules);
    const restore = rememberVisit(request as AxiomsRequest);
    const visit = new Visit(rules, services, new controllerClass() as ApiView, request as AxiomsRequest, response);
    visit.follow(earlier);
    admit(visit).then(
      () => {
        restore();
        next();
      },
      (error: unknown) => {
        refuse(error, serving, request, response, next);
      },
    );
  };
}

// As far as the server knows: which paths it stands on, and for which methods, is Express's.
const plainRoute = {
  method: undefined,
  path: '*',
  isParametrized: false,
  action: 'requireAccessToken',
  readsBody: false,
};

function permissionClassesFor(requirements: AccessTokenRequirements): readonly PermissionRule[] {
  if (typeof (requirements as unknown) !== 'object' || (requirements as unknown) === null)
    throw new ImproperlyConfigured("requireAccessToken() takes an object: { scopes: ['book:read'] }.");
  const given = Object.entries(requirements).filter(([, values]) => values !== undefined);
  for (const kind of ['Scopes', 'Roles', 'Permissions']) refuseTwoNames(Object.fromEntries(given), kind);
  return given.map(([name, values]) => {
    if (!Object.hasOwn(lists, name))
      throw new ImproperlyConfigured(
        `requireAccessToken() has no option '${name}'. Its options are: ${Object.keys(lists).join(', ')}.`,
      );
    const [kind, match] = lists[name as keyof typeof lists];
    return requiresGrants(name, grantRequirement(`requireAccessToken({ ${name} })`, kind, match, values));
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

// In front of a controller's handler the request stays the controller's, and the caller the one that it knows.
function rememberVisit(request: AxiomsRequest): () => void {
  const visit = findVisit(request as Request);
  const { user, auth, authJwt } = request;
  return () => {
    if (visit === undefined || visit.stage !== 'admitted') return;
    setContext(request as Request, visit);
    Object.assign(request, { user, auth, authJwt });
  };
}

async function admit(visit: Visit): Promise<void> {
  await beforeTheBody(visit);
  visit.stage = 'admitted';
  visit.requireItsMethod();
  await afterTheBody(visit);
  requireUnanswered(visit.response);
  visit.requireItsMethod();
  visit.stage = 'permitted';
}

function refuse(
  error: unknown,
  { services, answersErrors }: Serving,
  request: Request,
  response: Response,
  next: (error: unknown) => void,
): void {
  const known = asServerError(error) as Answer;
  if (response.headersSent && (error instanceof Answered || isExpected(known))) {
    logAnswered(response, 'requireAccessToken()', services.settings);
    return;
  }
  if (!isAnswer(known) || response.headersSent) next(known);
  else if (answersErrors) send(known, services, request, response);
  else next(answered(known, services, request));
}

function answered(error: Answer, { settings }: Services, request: Request): Answer {
  const visit = findVisit(request);
  visit?.observation?.failed(error);
  const answer = answerTo(error, request, settings);
  logAnswer(answer, visit?.rules.place ?? `${request.method} ${request.path}`, settings);
  return answer;
}

function send(error: Answer, services: Services, request: Request, response: Response): void {
  sendAnswer(response, answered(error, services, request));
}

/**
 * Error middleware for an app that has plain Express routes, too. It answers these errors exactly as a controller's route
 * does: this library's, a body that cannot be read, routing-controllers' `HttpError`s and errors with `expose: true`, the
 * latter two with a status from 400 to 499. Other errors go on.
 *
 * @example
 * const app = createExpressServer({ controllers: [BookController] });
 * app.get('/export', () => {
 *   throw new PermissionDenied();
 * });
 * app.use(axiomsErrorHandler);
 */
export const axiomsErrorHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const known = asOurs(asParseError(error));
  const serving = servingOf(request);
  if (known === undefined || response.headersSent) next(error);
  else if (serving === undefined) next(new ImproperlyConfigured(noServer('axiomsErrorHandler'), { cause: error }));
  else send(known, serving.services, request, response);
};

function asOurs(error: unknown): Answer | undefined {
  if (isAnswer(error)) return error;
  return exposedStatus(error) === undefined ? undefined : answerToForeign(error, { developmentMode: false });
}

function noServer(what: string): string {
  return `${what} found no server at request.app.locals.axioms: mount it on the app that useExpressServer was given.`;
}
