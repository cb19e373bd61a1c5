/** Which answers are lists whose filter nobody has used. They are withheld, and what is answered is marked as the caller's own. */
import { SessionAuthentication } from '../authentication/session';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { GivenFilter, Visit } from './visit';

/** Is the answer a list whose filter nobody has used? A filter that another caller was given does not count. */
export function isUnfiltered(visit: Visit): boolean {
  if (visit.needsFilter && usedFilter(visit) === undefined) return true;
  const others = visit.isListAction
    ? visit.filters.filter(({ of, isOfHandler }) => of !== undefined && isOfHandler)
    : [];
  const isUsed = (one: GivenFilter): boolean =>
    others.some(({ of, isTaken, caller }) => of === one.of && isTaken && caller === one.caller);
  return !others.every(isUsed);
}

/** Returns the filter of the route's own rules that the handler has used last for this caller. */
export function usedFilter({ filters, askedCaller }: Visit): ObjectFilter | undefined {
  return filters.findLast(
    ({ of, isTaken, isOfHandler, caller }) => of === undefined && isTaken && isOfHandler && caller === askedCaller,
  )?.filter;
}

/** The error in place of a list whose filter was not used. */
export function unfiltered({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} answers a list under a rule about objects, and its filter was not used: give what this.authorizedFilter() returns to a compiler of axioms-routing-controllers/filters, or to matches(). If it shows no objects that this rule protects, list it in unfilteredActions.`,
  );
}

/**
 * Tells caches that the list is the caller's own (RFC 9111 §5.2.2.7): another caller gets other objects from the same URL.
 */
export function tellCaches({ response, filters, authenticators }: Visit): void {
  if (filters.length === 0 || response.headersSent || response.statusCode >= 400) return;
  const isOwn = filters.some(({ filter }) => filter.kind !== 'all');
  if (isOwn && !response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'private');
  for (const one of authenticators) response.vary(one instanceof SessionAuthentication ? 'Cookie' : 'Authorization');
}
