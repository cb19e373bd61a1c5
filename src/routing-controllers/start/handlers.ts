/** Remembers which handler of routing-controllers belongs to a route's rules, and which middlewares are token guards. */
import type { ActionMetadata } from 'routing-controllers';
import type { RouteRules } from '../../views/start/route-rules';
import type { Services } from '../../views/start/services';

export interface Handler {
  readonly action: ActionMetadata;
  /** The path, as people read it. */
  readonly path: string | RegExp;
  /** The part of the path before the handler's own. */
  readonly prefix: string;
}

const handlers = new WeakMap<RouteRules, Handler>();

export function rememberHandler(rules: RouteRules, handler: Handler): void {
  handlers.set(rules, handler);
}

/** Returns the handler of these rules, if a server has registered it. */
export function handlerOf(rules: RouteRules): Handler | undefined {
  return handlers.get(rules);
}

/** Reads the rules with which a token guard asks in front of the handlers of the server with these services. */
export type GuardReader = (services: Services) => RouteRules;

const tokenGuards = new WeakMap<object, GuardReader>();

/** Remembers that `requireAccessToken()` has made this middleware. */
export function markTokenGuard(middleware: object, read: GuardReader): void {
  tokenGuards.set(middleware, read);
}

export function isTokenGuard(middleware: unknown): boolean {
  return tokenGuards.has(Object(middleware) as object);
}

/** Returns the token guards in `@UseBefore` of the handler and its class, which ask besides the rules of the controller. */
export function guardsInFront(action: ActionMetadata): readonly GuardReader[] {
  return inFrontOf(action).flatMap(middleware => tokenGuards.get(middleware) ?? []);
}

/** Tells whether a middleware in front of the handler may call `next('route')`. A token guard never does. */
export function mayPassOn(action: ActionMetadata): boolean {
  return inFrontOf(action).some(middleware => !isTokenGuard(middleware));
}

function inFrontOf({ controllerMetadata, uses }: ActionMetadata): readonly object[] {
  return [...controllerMetadata.uses, ...uses].flatMap(use => (use.afterAction ? [] : use.middleware));
}
