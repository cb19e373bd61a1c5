/** What a requirement comes down to once the method is known. */
import type { Requirement } from '../core/requirement';

/** What is settled before there is a request. */
export interface Circumstances {
  /** In capitals. */
  readonly method: string;
  /** Is the handler about one object, asked with this method? */
  readonly isObjectAction: boolean;
  /** Does the method need nobody? `undefined`: an authentication class decides that per request. */
  readonly isPublicMethod: boolean | undefined;
  /** Is nobody in particular refused, whatever the rules say? */
  readonly needsSomebody: boolean;
}

type Composed = { readonly kind: 'and' | 'or' | 'not' };

/** A rule of one permission class, or something that only a request decides. */
export type Leaf = Exclude<Requirement, Composed> | { readonly kind: 'perRequest' };

/** A tree without `not`: negations are at the leaves. */
export type Asked =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Asked[] }
  | { readonly kind: 'leaf'; readonly leaf: Leaf; readonly isNegated: boolean };

const anyone: Asked = { kind: 'leaf', leaf: { kind: 'anyone' }, isNegated: false };
const nobody: Asked = { kind: 'leaf', leaf: { kind: 'nobody' }, isNegated: false };
const somebody: Asked = { kind: 'leaf', leaf: { kind: 'authenticated' }, isNegated: false };
const perRequest: Asked = { kind: 'leaf', leaf: { kind: 'perRequest' }, isNegated: false };

/** A list of permissions is an `and`; what is not known of it is decided per request. */
export function askedOfList(list: readonly (Requirement | undefined)[] | undefined, known: Circumstances): Asked {
  if (list === undefined) return perRequest;
  const of = list.map(requirement => (requirement === undefined ? perRequest : asked(requirement, known)));
  const all = composed('and', of);
  return known.needsSomebody ? ofSomebody(all) : all;
}

function ofSomebody(all: Asked): Asked {
  if (all.kind === 'leaf') return all.leaf.kind === 'anyone' ? somebody : all;
  return composed(all.kind, all.of.map(ofSomebody));
}

/** The requirement with everything settled that the circumstances settle; De Morgan's laws put `not` at the leaves. */
export function asked(requirement: Requirement, known: Circumstances, isNegated = false): Asked {
  switch (requirement.kind) {
    case 'not':
      return asked(requirement.of, known, !isNegated);
    case 'and':
    case 'or':
      return composed(
        (requirement.kind === 'and') !== isNegated ? 'and' : 'or',
        requirement.of.map(one => asked(one, known, isNegated)),
      );
    default:
      return askedOfLeaf(requirement, known, isNegated);
  }
}

function askedOfLeaf(leaf: Exclude<Requirement, Composed>, known: Circumstances, isNegated: boolean): Asked {
  if (leaf.kind === 'anyone') return isNegated ? nobody : anyone;
  if (leaf.kind === 'nobody') return isNegated ? anyone : nobody;
  if (leaf.kind === 'methods') return leaf.methods.includes(known.method) !== isNegated ? anyone : nobody;
  if (leaf.kind === 'authenticated' && leaf.orPublicMethod === true) return askedWherePublic(known, isNegated);
  // Without an object the rule about it is true, negated or not; it still wants somebody.
  if (leaf.kind === 'owner' && !known.isObjectAction) return somebody;
  return { kind: 'leaf', leaf, isNegated };
}

function askedWherePublic({ isPublicMethod }: Circumstances, isNegated: boolean): Asked {
  if (isPublicMethod === true) return isNegated ? nobody : anyone;
  const leaf: Asked = { kind: 'leaf', leaf: { kind: 'authenticated' }, isNegated };
  return isPublicMethod === false ? leaf : composed(isNegated ? 'and' : 'or', [leaf, perRequest]);
}

// What decides nothing is left out: `and` with anyone, `or` with nobody, and what is said twice.
function composed(kind: 'and' | 'or', of: readonly Asked[]): Asked {
  const [neutral, decisive] = kind === 'and' ? [anyone, nobody] : [nobody, anyone];
  const texts = of.map(one => JSON.stringify(one));
  const left = of.filter((one, index) => one !== neutral && texts.indexOf(texts[index] ?? '') === index);
  if (kind === 'and' && left.includes(decisive)) return decisive;
  if (left.length === 0) return neutral;
  return left.length === 1 && left[0] !== undefined ? left[0] : { kind, of: left };
}

/** The scopes that are asked for, each once, in order. */
export function scopesOf(asked: Asked): readonly string[] {
  if (asked.kind !== 'leaf') return [...new Set(asked.of.flatMap(scopesOf))];
  return asked.leaf.kind === 'scopes' && !asked.isNegated ? asked.leaf.values : [];
}
