/** Simplifies a requirement for a given method. */
import { fold, foldLeafwise } from '../core/requirements/fold';
import { isAboutObject, judge } from '../core/requirements/judge';
import { decidedPerRequest } from '../core/requirements/kinds/custom';
import type { Leaf, Requirement } from '../core/requirements/requirement';
import { anyone, nobody } from '../core/requirements/simplified';

const authenticated: Requirement = { kind: 'authenticated' };

/** What is known before a request. */
export interface Circumstances {
  /** In capitals. */
  readonly method: string;
  /** Whether the handler, with this method, is about one object. */
  readonly isObjectAction: boolean;
  /** Whether the method is public; `undefined` if an authentication class decides that per request. */
  readonly isPublicMethod: boolean | undefined;
  /** Whether anonymous callers are refused, whatever the permissions say. */
  readonly needsSomebody: boolean;
}

/** Returns the requirement of a list of permissions, all of which must allow. Unknown parts are decided per request. */
export function askedOfList(list: readonly (Requirement | undefined)[] | undefined, known: Circumstances): Requirement {
  if (list === undefined) return decidedPerRequest;
  const all = joined(
    'and',
    list.map(requirement => (requirement === undefined ? decidedPerRequest : asked(requirement, known))),
  );
  return known.needsSomebody ? withoutAnyone(all) : all;
}

function withoutAnyone(requirement: Requirement): Requirement {
  return fold<Requirement>(requirement, {
    all: of => joined('and', of),
    any: of => joined('or', of),
    not: of => ({ kind: 'not', of }),
    leaf: leaf => (leaf.kind === 'anyone' ? authenticated : leaf),
  });
}

/**
 * Returns the requirement with everything resolved that the circumstances decide, and with its negations at the leaves.
 */
export function asked(requirement: Requirement, known: Circumstances): Requirement {
  return foldLeafwise<Requirement>(requirement, {
    all: of => joined('and', of),
    any: of => joined('or', of),
    leaf: (leaf, isNegated) => askedOfLeaf(leaf, known, isNegated),
  });
}

function askedOfLeaf(leaf: Leaf, known: Circumstances, isNegated: boolean): Requirement {
  const truth = judge(leaf, { method: known.method, says: () => undefined });
  if (truth !== undefined) return truth === isNegated ? nobody : anyone;
  if (leaf.kind === 'authenticated' && leaf.orPublicMethod === true) return askedWherePublic(known, isNegated);
  // Without an object, a rule about it is true, negated or not. The caller must still be authenticated.
  if (isAboutObject(leaf) && !known.isObjectAction) return authenticated;
  return isNegated ? { kind: 'not', of: leaf } : leaf;
}

function askedWherePublic({ isPublicMethod }: Circumstances, isNegated: boolean): Requirement {
  if (isPublicMethod === true) return isNegated ? nobody : anyone;
  const leaf: Requirement = isNegated ? { kind: 'not', of: authenticated } : authenticated;
  return isPublicMethod === false ? leaf : joined(isNegated ? 'and' : 'or', [leaf, decidedPerRequest]);
}

// Omits parts that change nothing: anyone in an `and`, nobody in an `or`, and duplicates. An `or` with anyone keeps its
// other parts, because the document names the scopes that a token may have there.
function joined(kind: 'and' | 'or', of: readonly Requirement[]): Requirement {
  const neutral = kind === 'and' ? anyone : nobody;
  const left = [...new Map(of.map(one => [JSON.stringify(one), one])).values()].filter(
    one => one.kind !== neutral.kind,
  );
  if (kind === 'and' && left.some(one => one.kind === 'nobody')) return nobody;
  const [first = neutral, ...others] = left;
  return others.length === 0 ? first : { kind, of: left };
}
