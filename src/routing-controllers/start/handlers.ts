/** Remembers which handler of routing-controllers belongs to a route's rules, and which middlewares are token guards. */
import type { ActionMetadata } from 'routing-controllers';
import type { RouteRules } from '../../views/start/route-rules';

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

const tokenGuards = new WeakSet<object>();

/** Remembers that `requireAccessToken()` has made this middleware. */
export function markTokenGuard(middleware: object): void {
  tokenGuards.add(middleware);
}

export function isTokenGuard(middleware: unknown): boolean {
  return tokenGuards.has(Object(middleware) as object);
}

/** Tells whether `requireAccessToken()` guards the route in `@UseBefore`, besides the rules of its controller. */
export function hasTokenGuard({ controllerMetadata, uses }: ActionMetadata): boolean {
  return [...controllerMetadata.uses, ...uses].some(({ middleware }) => isTokenGuard(middleware));
}
