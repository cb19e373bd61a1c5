/** The ways to satisfy a requirement by scopes: its disjunctive form. */
import type { Asked, Leaf } from './asked';

/** Does it take somebody who is authenticated? `maybe`: only code, or a request, can tell. */
export type Anonymous = 'no' | 'maybe' | 'yes';

/** All of these scopes together open the door, as far as scopes do. */
export interface Alternative {
  readonly scopes: readonly string[];
  /** May nobody in particular come this way? */
  readonly anonymous: Anonymous;
}

/** More of them are told in words. */
export const mostAlternatives = 32;

/** An `and` of what has many alternatives may have few; how far that is followed is bounded. */
const mostOnTheWay = 1024;

class TooMany extends Error {}

/**
 * The disjunctive form of the scopes that are asked for: an `or` is several alternatives, an `and` is each of one side
 * with each of the other. What is no scope (a role, an owner, a negation) asks for none. No alternative at all: nobody
 * comes in.
 *
 * @returns `undefined` where there are more than {@link mostAlternatives}.
 */
export function alternativesOf(asked: Asked): readonly Alternative[] | undefined {
  try {
    const all = disjunction(asked);
    return all.length <= mostAlternatives ? all : undefined;
  } catch (error) {
    if (error instanceof TooMany) return undefined;
    throw error;
  }
}

function disjunction(asked: Asked): readonly Alternative[] {
  if (asked.kind === 'leaf') return ofLeaf(asked.leaf, asked.isNegated);
  if (asked.kind === 'or') return distinct(asked.of.flatMap(disjunction));
  return asked.of.map(disjunction).reduce(product, [{ scopes: [], anonymous: 'yes' }]);
}

function product(left: readonly Alternative[], right: readonly Alternative[]): readonly Alternative[] {
  if (left.length * right.length > 16 * mostOnTheWay) throw new TooMany();
  return distinct(left.flatMap(one => right.map(other => both(one, other))));
}

function both(one: Alternative, other: Alternative): Alternative {
  return {
    scopes: [...new Set([...one.scopes, ...other.scopes])],
    anonymous: least(one.anonymous, other.anonymous),
  };
}

function distinct(alternatives: readonly Alternative[]): readonly Alternative[] {
  const byScopes = new Map<string, Alternative>();
  for (const one of alternatives) {
    const key = [...one.scopes].sort().join(' ');
    const known = byScopes.get(key);
    byScopes.set(key, { ...(known ?? one), anonymous: most(one.anonymous, known?.anonymous ?? 'no') });
  }
  if (byScopes.size > mostOnTheWay) throw new TooMany();
  return [...byScopes.values()];
}

function ofLeaf(leaf: Leaf, isNegated: boolean): readonly Alternative[] {
  const anonymous = anonymousAtLeaf(leaf, isNegated);
  if (leaf.kind === 'nobody') return [];
  if (leaf.kind !== 'scopes' || isNegated) return [{ scopes: [], anonymous }];
  const values = [...new Set(leaf.values)];
  return leaf.match === 'all' ? [{ scopes: values, anonymous }] : values.map(value => ({ scopes: [value], anonymous }));
}

/** May nobody in particular come in, some way or other? */
export function anonymousAt(asked: Asked): Anonymous {
  if (asked.kind === 'leaf') return anonymousAtLeaf(asked.leaf, asked.isNegated);
  const found = asked.of.map(anonymousAt);
  return asked.kind === 'and' ? found.reduce(least, 'yes') : found.reduce(most, 'no');
}

// Claim and ownership rules want somebody, negated or not.
function anonymousAtLeaf({ kind }: Leaf, isNegated: boolean): Anonymous {
  if (kind === 'anyone') return 'yes';
  if (kind === 'authenticated') return isNegated ? 'yes' : 'no';
  return kind === 'custom' || kind === 'perRequest' ? 'maybe' : 'no';
}

const order: readonly Anonymous[] = ['no', 'maybe', 'yes'];

function least(one: Anonymous, other: Anonymous): Anonymous {
  return order.indexOf(one) <= order.indexOf(other) ? one : other;
}

function most(one: Anonymous, other: Anonymous): Anonymous {
  return least(one, other) === one ? other : one;
}
