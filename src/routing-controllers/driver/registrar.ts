/** Finds the method of the Express app that registers a route, such as `app.get()`. */
import { METHODS } from 'node:http';
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { RouteRules } from '../../views/start/route-rules';
import type { GuardedRoute } from '../start/guarded-routes';
import { rememberRoute } from '../start/missed-guards';

type Registrar = (...args: unknown[]) => void;

/**
 * Registers a route with Express.
 *
 * @param app the app or the router
 * @throws ImproperlyConfigured for a method that Express does not know.
 */
export function register(
  app: object,
  meta: ActionMetadata,
  { rules, audited }: GuardedRoute,
  path: string | RegExp,
  steps: readonly unknown[],
): void {
  registrarOf(app, meta, rules).call(app, path, ...steps);
  rememberRoute(app, audited);
}

/**
 * Returns that method for the HTTP method of a route.
 *
 * @throws ImproperlyConfigured for a method that Express does not know.
 */
function registrarOf(app: object, { type }: ActionMetadata, { place }: RouteRules): Registrar {
  const register = (app as Record<string, unknown>)[type.toLowerCase()];
  if (typeof register === 'function' && (type === 'all' || METHODS.includes(type.toUpperCase())))
    return register as Registrar;
  throw new ImproperlyConfigured(`${place} is for the method ${type.toUpperCase()}, which Express does not know.`);
}
