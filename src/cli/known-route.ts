/** A route as a snapshot has it. */
import { shownPath, type RouteAudit } from '../views/start/audit';

/** The part of a route that a snapshot has. */
export type KnownRoute = Pick<
  RouteAudit,
  'method' | 'path' | 'regex' | 'handler' | 'who' | 'requirement' | 'filter' | 'authentication'
> & {
  /** What the path is if it is a regex: snapshots of version 1 do not say whether `/open/` is text or a regex. */
  readonly maybeRegex?: RouteAudit['regex'];
};

/** Returns `GET /books`. The name of a regex differs from that of a path with the same text. */
export function nameOf(route: Pick<KnownRoute, 'method' | 'path' | 'regex'>): string {
  return `${route.method} ${shownPath(route)}`;
}
