/** Which answers are lists whose filter nobody has used. They are withheld. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { GivenFilter } from './given-filter';
import type { Visit } from './visit';

/**
 * Is the answer a list whose filter nobody has used, or was the filter of another controller asked for and not used? A filter
 * that another caller was given does not count.
 */
export function isUnfiltered(visit: Visit): boolean {
  if (visit.needsFilter && !visit.filters.some(one => isOwnAndUsed(one, visit))) return true;
  return visit.filters.some(one => one.of !== undefined && one.isOfHandler && !isUsed(one, visit));
}

/** Returns the filters of the route's own rules that the handler has used for this caller. */
export function usedFilters(visit: Visit): readonly ObjectFilter[] {
  return visit.filters.filter(one => isOwnAndUsed(one, visit)).map(({ filter }) => filter);
}

function isOwnAndUsed(one: GivenFilter, visit: Visit): boolean {
  return one.of === undefined && one.isOfHandler && isUsed(one, visit);
}

function isUsed({ isTaken, caller }: GivenFilter, { askedCaller }: Visit): boolean {
  return isTaken && caller === askedCaller;
}

/** The error in place of a list whose filter was not used. */
export function unfiltered({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} answers a list under a rule about objects, and its filter was not used: give what this.authorizedFilter() returns to a compiler of axioms-routing-controllers/filters, or to matches(). If it shows no objects that this rule protects, list it in unfilteredActions.`,
  );
}
