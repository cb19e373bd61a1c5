/** Which scopes a client should ask for, before it has any token for a route. */
import type { Requirement } from './requirement';

/**
 * Returns the scopes that a challenge names to a caller without a good token (RFC 6750 §3): all of an all-of list, the
 * first of an any-of list, and of several alternatives the first that scopes alone meet. Where one alternative needs no
 * scope, none.
 *
 * @example
 * demandedScopes({ kind: 'scopes', match: 'any', values: ['book:read', 'book:all'] }); // ['book:read']
 */
export function demandedScopes(requirement: Requirement): readonly string[] {
  return [...new Set(demandOf(requirement).scopes)];
}

interface Demand {
  readonly scopes: readonly string[];
  /** Does a token with these scopes meet the requirement, whatever else it says? */
  readonly isEnough: boolean;
}

function demandOf(requirement: Requirement): Demand {
  switch (requirement.kind) {
    case 'scopes':
      return {
        scopes: requirement.match === 'all' ? requirement.values : requirement.values.slice(0, 1),
        isEnough: true,
      };
    case 'anyone':
    case 'authenticated':
      return { scopes: [], isEnough: true };
    case 'and':
      return demandOfAll(requirement.of.map(demandOf));
    case 'or':
      return demandOfAny(requirement.of.map(demandOf));
    default:
      return { scopes: [], isEnough: false };
  }
}

function demandOfAll(parts: readonly Demand[]): Demand {
  return { scopes: parts.flatMap(({ scopes }) => scopes), isEnough: parts.every(({ isEnough }) => isEnough) };
}

function demandOfAny(parts: readonly Demand[]): Demand {
  const enough = parts.filter(({ isEnough }) => isEnough);
  const withoutScopes = enough.find(({ scopes }) => scopes.length === 0);
  const withScopes = parts.find(({ scopes }) => scopes.length > 0);
  return withoutScopes ?? enough[0] ?? withScopes ?? { scopes: [], isEnough: false };
}
