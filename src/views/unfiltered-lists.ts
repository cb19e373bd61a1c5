/** Which answers are lists whose filter nobody has used. They are withheld, and what is answered is marked as the caller's own. */
import type { Response } from 'express';
import type { BaseAuthentication } from '../authentication/base';
import { SessionAuthentication } from '../authentication/session';
import { Insistence } from '../authentication/token-demand';
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

/**
 * Tells caches that the list is the caller's own (RFC 9111 §5.2.2.7): another caller gets other objects from the same URL. A
 * class of the app may read its credentials from any field, so that no `Vary` tells such callers apart.
 */
export function tellCaches({ response, filters, authenticators }: Visit): void {
  if (filters.length === 0 || response.headersSent || response.statusCode >= 400) return;
  const isOwn = filters.some(({ filter }) => filter.kind !== 'all') || !authenticators.every(readsKnownField);
  if (isOwn && !response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'private');
  for (const one of authenticators) varyBy(one instanceof SessionAuthentication ? 'Cookie' : 'Authorization', response);
}

function varyBy(field: string, response: Response): void {
  if (response.hasHeader('Vary')) response.vary(field);
  else response.setHeader('Vary', field);
}

function readsKnownField(one: BaseAuthentication): boolean {
  const { authorizationSchemes = [] } = one;
  return one instanceof SessionAuthentication || one instanceof Insistence || authorizationSchemes.length > 0;
}
