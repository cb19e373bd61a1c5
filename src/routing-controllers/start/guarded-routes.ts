/** Reads and checks the rules of every handler of a server at startup, and creates the controllers for requests. */
import 'reflect-metadata';
import type { Action, ActionMetadata, AuthorizationChecker } from 'routing-controllers';
import { Insistence } from '../../authentication/token-demand';
import { refuseAnotherCopy } from '../../core/process/copies';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Requirement } from '../../core/requirements/requirement';
import type { Logger } from '../../core/settings/logger';
import type { ApiView } from '../../permissions/base';
import { ComposedPermission, type PermissionRule } from '../../permissions/operators';
import type { ControllerClass } from '../../permissions/rule-words';
import { IsAuthenticatedOrTokenHasScope } from '../../permissions/token-scope';
import { giveRequest } from '../../views/shown-members';
import { checkShape } from '../../views/start/controller-shape';
import { decoratedActions } from '../../views/start/decorations';
import { refuseOtherCopiesInDefaults } from '../../views/start/policies';
import { routeRules } from '../../views/start/read-rules';
import type { RouteRules } from '../../views/start/route-rules';
import type { OtherRoute, Services } from '../../views/start/services';
import { requireKnownActions } from './action-lists';
import { checkClassRoles, checkHandlerRoles } from './authorized-roles';
import type { AppContainer, ControllerFactory } from './app-container';
import { unknownDependencies } from './container';
import type { Class } from './dependencies';
import { checkDoubtful } from './doubtful-controllers';
import { giveFilter, giveObjectCheck } from './given-members';
import { guardsInFront, mayPassOn, rememberHandler } from './handlers';
import { declaringClass } from './inherited-metadata';
import { requireTypes } from './parameter-types';
import { currentObject } from './params';
import { warnOfRedeclared } from './redeclared-routes';
import { refuseReservedHandler, refuseReservedMembers } from './reserved-members';
import type { AuditedRoute } from './route-audit';
import { countUsesOf, policyReader, sampleOf, type Sample } from './samples';
import { refuseShared } from './shared-controller';
import { refuseOtherForm } from './path-spellings';
import { isParametrized, pathPrefix, routePath } from './route-path';

export interface GuardedRoute {
  readonly rules: RouteRules;
  readonly audited: AuditedRoute;
  makeController(action: Action): ApiView;
}

/** How the server registers a handler. */
interface Registration {
  /** The path as Express takes it. */
  readonly path: string | RegExp;
  readonly routePrefix: string;
  /** What the binding requires besides the controller's permissions. */
  readonly asksBesides: readonly Requirement[];
  /** The app's own checker of `@Authorized()`. */
  readonly checker: AuthorizationChecker | undefined;
}

interface KnownController {
  readonly factory: ControllerFactory;
  /** Created only to read the rules. */
  readonly sample: Sample<ApiView>;
}

export class GuardedRoutes {
  readonly all: RouteRules[] = [];
  /** The rules again, with the data that the checks of all routes together need. */
  readonly audited: AuditedRoute[] = [];
  readonly #controllers = new Map<Class, KnownController>();

  /** The services with a `make` that creates no service of the app. */
  readonly #reading: Services;

  /** @throws ImproperlyConfigured if a default list has a class of another copy of this package. */
  constructor(
    private readonly services: Services,
    readonly container: AppContainer,
  ) {
    this.#reading = { ...services, make: policyReader(container) };
    refuseOtherCopiesInDefaults(services.settings);
  }

  /**
   * Reads and checks the rules of a handler.
   *
   * @throws ImproperlyConfigured if the handler cannot be guarded as it is written.
   */
  add(meta: ActionMetadata, { path, routePrefix, asksBesides, checker }: Registration): GuardedRoute {
    refuseReservedHandler(meta);
    this.checkRoles(meta, checker !== undefined);
    const known = this.controller(meta.target as Class, meta);
    const sample = known.sample.object;
    // People read this path. It does not have each letter of a prefix in both cases.
    const shownPath = routePath(routePrefix, meta, { isCaseSensitive: true });
    const route = {
      method: meta.type === 'all' ? undefined : meta.type.toUpperCase(),
      path: String(shownPath),
      regex: path instanceof RegExp ? path : undefined,
      isParametrized: isParametrized(meta.route),
      action: meta.method,
      readsBody: meta.isBodyUsed,
      asksBesides,
      declaredBy: declaringClass(meta.target, meta.method) ?? meta.target,
    };
    const guards = guardsInFront(meta).map(read => read(this.#reading));
    const rules = routeRules(route, sample, this.#reading, guards);
    const prefix = pathPrefix(routePrefix, meta);
    for (const one of [path, prefix]) refuseOtherForm(one, rules.place);
    requireTypes(meta, rules.place);
    requireLoader(meta, rules, sample);
    warnOfRedeclared(meta, rules.place, this.services.settings.logger);
    this.report(rules, sample);
    this.all.push(rules);
    const { settings } = this.services;
    const earlierParameter = placeOfEarlierParameter(routePrefix, meta);
    const audited: AuditedRoute = {
      rules,
      sample,
      settings,
      path,
      method: route.method,
      mayPassOn: mayPassOn(meta),
      earlierParameter,
      ownPath: meta.route,
    };
    this.audited.push(audited);
    rememberHandler(rules, { action: meta, path: shownPath, prefix });
    return { rules, audited, makeController: action => this.make(known, rules, action) };
  }

  /**
   * Returns the routes of a controller class that take GET, lists under a rule about objects first.
   *
   * @throws ImproperlyConfigured if the server has no such controller, or the controller has no route that takes GET.
   */
  readingRoutes(controllerClass: ControllerClass): readonly OtherRoute[] {
    const known = this.#controllers.get(controllerClass);
    if (known === undefined)
      throw new ImproperlyConfigured(
        `authorizedFilter(${controllerClass.name}) needs a controller of this server: add the class to its controllers.`,
      );
    const reading = this.audited.filter(
      ({ sample, method = 'GET' }) => sample === known.sample.object && method === 'GET',
    );
    if (reading.length === 0)
      throw new ImproperlyConfigured(
        `authorizedFilter(${controllerClass.name}) takes the rules of GET, and the controller has no handler for GET: give it one, or state the filter in a permission class of your own.`,
      );
    return inOrderOfUse(reading.map(({ rules }) => rules)).map(rules => otherRoute(rules, known));
  }

  /** The controller classes of the handlers. */
  get controllers(): Iterable<Class> {
    return this.#controllers.keys();
  }

  /** Removes the registrations from the container. */
  close(): void {
    for (const { factory } of this.#controllers.values()) factory.remove();
  }

  private checkRoles(meta: ActionMetadata, hasChecker: boolean): void {
    const { logger } = this.services.settings;
    if (!this.#controllers.has(meta.target as Class)) checkClassRoles(meta, { hasChecker, logger });
    checkHandlerRoles(meta, { hasChecker, logger });
  }

  private make({ factory, sample }: KnownController, rules: RouteRules, action: Action): ApiView {
    const controller = factory.make(action) as ApiView;
    checkDoubtful(controller, sample, rules, this.services.settings.logger);
    return controller;
  }

  private controller(controllerClass: Class, meta: ActionMetadata): KnownController {
    const known = this.#controllers.get(controllerClass) ?? this.newController(controllerClass, meta);
    this.#controllers.set(controllerClass, known);
    return known;
  }

  private newController(controllerClass: Class, meta: ActionMetadata): KnownController {
    refuseAnotherCopy(controllerClass, `${controllerClass.name} has decorators or a base class`);
    const { isTypedi } = this.container;
    const factory = this.container.factory(controllerClass);
    giveObjectCheck(controllerClass);
    const sample = make(controllerClass, isTypedi) as Sample<ApiView>;
    refuseReservedMembers(sample.object);
    giveFilter(controllerClass, sample.object);
    giveRequest(controllerClass);
    refuseShared(controllerClass, sample.object, make(controllerClass, isTypedi).object);
    checkShape(sample.object, one => sampleOf(one, isTypedi).object, this.services.settings.logger, handlersOf(meta));
    countUsesOf(sample);
    requireKnownActions(sample.object, meta);
    requireDecoratedHandlers(controllerClass, meta);
    this.reportDoubts(sample);
    this.reportUnknown(controllerClass);
    return { factory, sample };
  }

  private reportDoubts({ object, isDoubtful, takesValue }: Sample): void {
    if (takesValue)
      this.services.settings.logger.info(
        `The constructor of ${object.constructor.name} takes an injected value that is no object of a class, so its rules are decided per request. To have them read at startup, inject a class, or make the value a field that the rules do not read.`,
      );
    else if (isDoubtful)
      this.services.settings.logger.info(
        `The constructor of ${object.constructor.name} uses its dependencies, so its rules are decided per request. To have them read at startup, only keep the dependencies in the constructor, and use them in the handlers.`,
      );
  }

  // Only warns: an app may register a service, such as its database, after it has connected.
  private reportUnknown(controllerClass: Class): void {
    const unknown = unknownDependencies(controllerClass, this.container).map(({ name }) => name);
    if (unknown.length > 0)
      this.services.settings.logger.warn(
        `${controllerClass.name} needs ${unknown.join(', ')}, which the container does not have yet: add @Service() to the class, or give it to the container with Container.set() before the first request. Until then its requests are answered with 500.`,
      );
  }

  private report(rules: RouteRules, controller: ApiView): void {
    const { place, method = '', hasObjectRule } = rules;
    const { logger } = this.services.settings;
    warnOfClosedDoor(rules, logger);
    warnOfUndeclaredTokens(rules, logger);
    if (!hasObjectRule) return;
    if (rules.isListAction(method)) {
      if (rules.dependOnObjects(method) !== false)
        logger.info(`${place} answers a list: it is sent only if what this.authorizedFilter() returns was used.`);
    } else if (!rules.isObjectAction(method)) {
      logger.info(`${place} is about no one object: its object rule asks nothing there.`);
      warnOfUndecided(rules, logger);
    } else if (controller.getObject === undefined && !['GET', 'HEAD', 'OPTIONS'].includes(method)) {
      logger.warn(
        `${place} changes something and its controller has no getObject(): the object rule is asked by the handler, if at all. Give the controller getObject(), so that it is asked before the effect.`,
      );
    }
  }
}

// The routes that apps ask for come first, so that the log names another one if that refuses.
function inOrderOfUse(reading: readonly RouteRules[]): readonly RouteRules[] {
  const ofObjects = reading.filter(rules => rules.dependOnObjects('GET') !== false);
  const lists = ofObjects.filter(rules => rules.isListAction('GET'));
  return [...new Set([...lists, ...ofObjects, ...reading])];
}

function otherRoute(rules: RouteRules, { factory }: KnownController): OtherRoute {
  const { place, action, decorations, asksBesides, guards } = rules;
  return {
    place,
    decorations,
    asksBesides,
    hasGuard: guards.length > 0,
    make: ({ request, response }) =>
      Object.assign<ApiView, Partial<ApiView>>(factory.make({ request, response }) as ApiView, {
        request,
        response,
        action,
      }),
  };
}

function placeOfEarlierParameter(routePrefix: string, { controllerMetadata }: ActionMetadata): string | undefined {
  if (isParametrized(controllerMetadata.route)) return 'the path of the class';
  return isParametrized(routePrefix) ? 'the option routePrefix' : undefined;
}

function make(controllerClass: Class, isTypedi: boolean): Sample {
  try {
    return sampleOf(controllerClass, isTypedi);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImproperlyConfigured(`${controllerClass.name} cannot be made: ${reason}${hintFor(reason)}`, {
      cause: error,
    });
  }
}

// With `useDefineForClassFields: false` the compiler assigns fields, which fails if a subclass has a getter of that
// name.
function hintFor(reason: string): string {
  return reason.includes('which has only a getter')
    ? '. A field of a base class meets a getter of this name in a subclass: make it a getter in both.'
    : '';
}

function handlersOf({ controllerMetadata }: Pick<ActionMetadata, 'controllerMetadata'>): readonly string[] {
  return controllerMetadata.actions.map(({ method }) => method);
}

// Refuses a decorator on a method without a route: it would guard nothing and look as if it did.
function requireDecoratedHandlers(controllerClass: Class, { controllerMetadata }: ActionMetadata): void {
  const actions = handlersOf({ controllerMetadata });
  const stray = decoratedActions(controllerClass).find(action => !actions.includes(action));
  if (stray !== undefined)
    throw new ImproperlyConfigured(
      `${controllerClass.name}.${stray} has a decorator that says who may, and no route: it would guard nothing. Give it @Get() or the like, or take the decorator away. The handlers are: ${actions.join(', ')}.`,
    );
}

function warnOfClosedDoor({ place, decorations, insisting }: RouteRules, logger: Logger): void {
  if (decorations?.names.includes('allowAny') !== true) return;
  const closing = [...decorations.added.map(nameOf), ...insisting];
  if (closing.length > 0)
    logger.warn(
      `${place} has @allowAny(), and is not open to everybody: ${closing.join(', ')} of the handler or its class is asked all the same.`,
    );
}

function warnOfUndecided({ place, undecidedWithoutObject }: RouteRules, logger: Logger): void {
  for (const { constructor } of undecidedWithoutObject)
    logger.warn(
      `${place} has not(${constructor.name}), which refuses nobody there: it has a rule about an object, and without an object its negation is undecided. Put what it says of the request into a class without hasObjectPermission().`,
    );
}

// Warns because such a permission requires scopes of access tokens only: if a class does not declare isToken, its
// callers pass without a scope, although they may use access tokens.
function warnOfUndeclaredTokens({ place, leaves, authenticators = [] }: RouteRules, logger: Logger): void {
  if (!leaves.some(one => one instanceof IsAuthenticatedOrTokenHasScope)) return;
  const classes = authenticators.filter(one => one.isToken === undefined && !(one instanceof Insistence));
  if (classes.length > 0)
    logger.warn(
      'A permission class asks access tokens alone for scopes, and an authentication class does not say whether it accepts them: declare isToken = true or isToken = false there',
      { place, permission: IsAuthenticatedOrTokenHasScope.name, classes: classes.map(one => one.constructor.name) },
    );
}

function nameOf(rule: PermissionRule): string {
  return rule instanceof ComposedPermission ? rule.operator : `@${rule.name}`;
}

function requireLoader({ params }: ActionMetadata, rules: RouteRules, controller: ApiView): void {
  const { place, method = '' } = rules;
  if (!params.some(({ transform }) => transform === currentObject)) return;
  if (controller.getObject === undefined)
    throw new ImproperlyConfigured(
      `${place} has @CurrentObject(), and its controller no getObject() that would load it.`,
    );
  if (!rules.isObjectAction(method))
    throw new ImproperlyConfigured(
      `${place} has @CurrentObject(), and is about no one object: ${rules.isNotObjectAction ? `remove '${rules.action}' from notObjectActions` : `add '${rules.action}' to objectActions, and write notObjectActions = [] if there is none, which keeps the handlers that are about one object by default`}.`,
    );
}
