/** The one recursion over a requirement: every output is a fold. */
import type { Leaf, Requirement } from './requirement';

/** How an output combines the parts of a requirement. */
export interface Folding<T> {
  readonly all: (parts: readonly T[]) => T;
  readonly any: (parts: readonly T[]) => T;
  readonly not: (part: T) => T;
  readonly leaf: (leaf: Leaf) => T;
}

/**
 * Computes one value from a requirement, from its leaves up.
 *
 * @example
 * const depth = fold<number>(requirement, {
 *   all: parts => 1 + Math.max(...parts),
 *   any: parts => 1 + Math.max(...parts),
 *   not: part => 1 + part,
 *   leaf: () => 0,
 * });
 */
export function fold<T>(requirement: Requirement, folding: Folding<T>): T {
  switch (requirement.kind) {
    case 'and':
      return folding.all(requirement.of.map(one => fold(one, folding)));
    case 'or':
      return folding.any(requirement.of.map(one => fold(one, folding)));
    case 'not':
      return folding.not(fold(requirement.of, folding));
    default:
      return folding.leaf(requirement);
  }
}

/** Like {@link Folding}, but a negation is applied to the leaves below it (De Morgan), and two negations cancel out. */
export interface LeafwiseFolding<T> extends Pick<Folding<T>, 'all' | 'any'> {
  readonly leaf: (leaf: Leaf, isNegated: boolean) => T;
}

export function foldLeafwise<T>(requirement: Requirement, { all, any, leaf }: LeafwiseFolding<T>): T {
  type Part = (isNegated: boolean) => T;
  const parts = (of: readonly Part[], isNegated: boolean): readonly T[] => of.map(part => part(isNegated));
  return fold<Part>(requirement, {
    all: of => isNegated => (isNegated ? any : all)(parts(of, isNegated)),
    any: of => isNegated => (isNegated ? all : any)(parts(of, isNegated)),
    not: part => isNegated => part(!isNegated),
    leaf: one => isNegated => leaf(one, isNegated),
  })(false);
}

/** Returns the leaves in order, each with whether it is under an odd number of `not`. */
export function leavesOf(requirement: Requirement): readonly { readonly leaf: Leaf; readonly isNegated: boolean }[] {
  type Found = ReturnType<typeof leavesOf>;
  const flat = (parts: readonly Found[]): Found => parts.flat();
  return foldLeafwise<Found>(requirement, { all: flat, any: flat, leaf: (leaf, isNegated) => [{ leaf, isNegated }] });
}
