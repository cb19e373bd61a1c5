/** Remembers which handler of routing-controllers belongs to a route's rules. The OpenAPI documents need it. */
import type { ActionMetadata } from 'routing-controllers';
import type { RouteRules } from '../../views/start/route-rules';

export interface Handler {
  readonly action: ActionMetadata;
  /** The path as Express takes it. */
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
