/** Finds the alternative scopes that meet a requirement: its disjunctive form. */
import { foldLeafwise } from '../core/requirements/fold';
import { anonymousCaller, judge } from '../core/requirements/judge';
import type { Truth } from '../core/requirements/kind';
import type { Leaf, Requirement } from '../core/requirements/requirement';
import { every, negated, some } from '../core/requirements/truth';

/** One alternative: a token with all of these scopes is admitted, as far as scopes decide. */
export interface Alternative {
  readonly scopes: readonly string[];
  /** Whether an anonymous caller is admitted, too; `undefined` if only code, or a request, can decide. */
  readonly isOpen: Truth;
}

/** Most alternatives in `security`. If there are more, the description says so. */
export const mostAlternatives = 32;

/** Limit of intermediate results: an `and` of requirements with many alternatives may have few in the end. */
const mostOnTheWay = 1024;

class TooMany extends Error {}

/**
 * Returns the disjunctive form of the required scopes: an `or` gives several alternatives, an `and` combines each of
 * one side with each of the other. A leaf that is not a scope (a role, an owner, a negation) requires no scope. An
 * empty list means that nobody is admitted.
 *
 * @returns `undefined` if there are more than {@link mostAlternatives}
 */
export function alternativesOf(requirement: Requirement): readonly Alternative[] | undefined {
  try {
    const all = foldLeafwise<readonly Alternative[]>(requirement, {
      all: parts => parts.reduce(product, [{ scopes: [], isOpen: true }]),
      any: parts => distinct(parts.flat()),
      leaf: ofLeaf,
    });
    return all.length <= mostAlternatives ? all : undefined;
  } catch (error) {
    if (error instanceof TooMany) return undefined;
    throw error;
  }
}

function product(left: readonly Alternative[], right: readonly Alternative[]): readonly Alternative[] {
  if (left.length * right.length > 16 * mostOnTheWay) throw new TooMany();
  return distinct(left.flatMap(one => right.map(other => both(one, other))));
}

function both(one: Alternative, other: Alternative): Alternative {
  return { scopes: [...new Set([...one.scopes, ...other.scopes])], isOpen: every([one.isOpen, other.isOpen]) };
}

function distinct(alternatives: readonly Alternative[]): readonly Alternative[] {
  const byScopes = new Map<string, Alternative>();
  for (const one of alternatives) {
    const key = [...one.scopes].sort().join(' ');
    const known = byScopes.get(key);
    byScopes.set(key, known === undefined ? one : { ...known, isOpen: some([one.isOpen, known.isOpen]) });
  }
  if (byScopes.size > mostOnTheWay) throw new TooMany();
  return [...byScopes.values()];
}

function ofLeaf(leaf: Leaf, isNegated: boolean): readonly Alternative[] {
  if (judge(leaf, unknownCaller) === isNegated) return [];
  const isOpen = isLeafOpen(leaf, isNegated);
  if (leaf.kind !== 'scopes' || isNegated) return [{ scopes: [], isOpen }];
  const values = [...new Set(leaf.values)];
  return leaf.match === 'all' ? [{ scopes: values, isOpen }] : values.map(value => ({ scopes: [value], isOpen }));
}

const unknownCaller = { method: undefined, says: () => undefined };

/** Tells whether the requirement admits an anonymous caller; `undefined` if only code, or a request, can decide. */
export function isOpen(requirement: Requirement): Truth {
  return foldLeafwise<Truth>(requirement, { all: every, any: some, leaf: isLeafOpen });
}

function isLeafOpen(leaf: Leaf, isNegated: boolean): Truth {
  const truth = judge(leaf, anonymousCaller);
  return isNegated ? negated(truth) : truth;
}
