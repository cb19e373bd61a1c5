/** Keeps the routes of all servers of one app, in the order in which Express tries them. */
import { pathOptionsOf, routerOf } from './app-router';
import type { AppRoutes, AuditedRoute } from './route-audit';
import { ShadowedRoutes } from './shadowed-routes';

const known = new WeakMap<object, AppRoutes>();

/**
 * Returns the routes of an app. They are kept per router, because routes of a server that failed to start stay
 * registered.
 */
export function routesOf(app: object): AppRoutes {
  const router = routerOf(app);
  const routes = known.get(router) ?? new ShadowedRoutes<AuditedRoute>(pathOptionsOf(app));
  known.set(router, routes);
  return routes;
}
