/** A route as a snapshot has it. */
import type { RouteAudit } from '../views/start/audit';

/** The part of a route that a snapshot has. */
export type KnownRoute = Pick<
  RouteAudit,
  'method' | 'path' | 'handler' | 'who' | 'requirement' | 'filter' | 'authentication'
>;

/** Returns `GET /books`. */
export function nameOf({ method, path }: Pick<KnownRoute, 'method' | 'path'>): string {
  return `${method} ${path}`;
}
