/** Which handler of routing-controllers stands behind a route's rules: for documents. */
import type { ActionMetadata } from 'routing-controllers';
import type { RouteRules } from '../../views/start/route-rules';

export interface Handler {
  readonly action: ActionMetadata;
  /** As Express has it. */
  readonly path: string | RegExp;
  /** The part of the path that is not the handler's own. */
  readonly prefix: string;
}

const handlers = new WeakMap<RouteRules, Handler>();

export function rememberHandler(rules: RouteRules, handler: Handler): void {
  handlers.set(rules, handler);
}

/** The handler behind the rules, where a server registered it. */
export function handlerOf(rules: RouteRules): Handler | undefined {
  return handlers.get(rules);
}
