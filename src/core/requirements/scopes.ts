/** Finds the scopes, roles and permissions that a requirement names. */
import { fold, leavesOf } from './fold';
import { judge, withAllScopes } from './judge';
import { authenticated } from './kind';
import { isGrant, type GrantRequirement, type Leaf, type Requirement } from './requirement';

/** Returns the lists that the requirement requires, in order, without those that it negates. */
export function grantsAskedFor(requirement: Requirement): readonly GrantRequirement[] {
  return leavesOf(requirement).flatMap(({ leaf, isNegated }) => (isGrant(leaf) && !isNegated ? [leaf] : []));
}

/**
 * Returns the scopes that the requirement requires, in order and without duplicates.
 *
 * @example
 * scopesAskedFor({ kind: 'scopes', match: 'any', values: ['book:read', 'book:all'] }); // ['book:read', 'book:all']
 */
export function scopesAskedFor(requirement: Requirement): readonly string[] {
  return [...new Set(grantsAskedFor(requirement).flatMap(scopesOf))];
}

/** Returns every scope that the requirement names, negated ones included. */
export function scopesNamedBy(requirement: Requirement): readonly string[] {
  return leavesOf(requirement).flatMap(({ leaf }) => scopesOf(leaf));
}

function scopesOf(leaf: Leaf): readonly string[] {
  return leaf.kind === 'scopes' ? leaf.values : [];
}

/**
 * Returns the scopes that a challenge names to a caller without a valid token (RFC 6750 §3): all of an all-of list, the
 * first of an any-of list, and of several alternatives those of the first that scopes alone meet. If one alternative
 * needs no scope, returns none.
 *
 * @example
 * demandedScopes({ kind: 'scopes', match: 'any', values: ['book:read', 'book:all'] }); // ['book:read']
 */
export function demandedScopes(requirement: Requirement): readonly string[] {
  const { scopes } = fold<Demand>(requirement, {
    all: parts => ({
      scopes: parts.flatMap(part => part.scopes),
      isEnough: parts.every(({ isEnough }) => isEnough),
    }),
    any: demandOfAny,
    not: () => ({ scopes: [], isEnough: false }),
    leaf: demandOf,
  });
  return [...new Set(scopes)];
}

interface Demand {
  readonly scopes: readonly string[];
  /** Whether a token with these scopes meets the requirement, whatever its other claims are. */
  readonly isEnough: boolean;
}

function demandOf(leaf: Leaf): Demand {
  const scopes = scopesOf(leaf);
  const isAll = isGrant(leaf) && leaf.match === 'all';
  return { scopes: isAll ? scopes : scopes.slice(0, 1), isEnough: judge(leaf, anyTokenWithScopes) === true };
}

// A token of which only one thing is known: it is valid and has all scopes.
const anyTokenWithScopes = withAllScopes({ method: undefined, says: fact => fact === authenticated || undefined });

function demandOfAny(parts: readonly Demand[]): Demand {
  const enough = parts.filter(({ isEnough }) => isEnough);
  const withoutScopes = enough.find(({ scopes }) => scopes.length === 0);
  const withScopes = parts.find(({ scopes }) => scopes.length > 0);
  return withoutScopes ?? enough[0] ?? withScopes ?? { scopes: [], isEnough: false };
}

/** Tells whether the requirement admits no caller without a proof of a DPoP key (RFC 9449). */
export function demandsProof(requirement: Requirement): boolean {
  return fold<boolean>(requirement, {
    all: parts => parts.some(Boolean),
    any: parts => parts.length > 0 && parts.every(Boolean),
    not: () => false,
    leaf: ({ kind }) => kind === 'dpop',
  });
}
