/** What a rule asks for, as data: enforcement, challenges, documents and audits all read this one description. */
import type { GrantKind, Grants } from './claims';

/** Any of, or all of, some scopes, roles or permissions. */
export interface GrantRequirement {
  readonly kind: GrantKind;
  readonly match: 'any' | 'all';
  readonly values: readonly string[];
}

/** A tree of what is asked for. */
export type Requirement =
  | GrantRequirement
  /** Anyone, or nobody. */
  | { readonly kind: 'anyone' | 'nobody' }
  /** Anyone who is authenticated; or else anyone at all, where the setting `publicMethods` or an authentication class says that the method is public. */
  | { readonly kind: 'authenticated'; readonly orPublicMethod?: true }
  /** Only these HTTP methods. */
  | { readonly kind: 'methods'; readonly methods: readonly string[] }
  /** Only who owns the object: the attributes' values are the token's subject and, where that is asked, its issuer. */
  | { readonly kind: 'owner'; readonly attribute: string; readonly issuerAttribute?: string }
  /** Something that only code can say. */
  | { readonly kind: 'custom'; readonly name: string }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Requirement[] }
  | { readonly kind: 'not'; readonly of: Requirement };

/** Is this about scopes, roles or permissions? */
export function isGrant(requirement: Requirement): requirement is GrantRequirement {
  return requirement.kind === 'scopes' || requirement.kind === 'roles' || requirement.kind === 'permissions';
}

/** Does what was granted meet this list? Exact and case-sensitive, never a part of a name. */
export function meets({ scopes, roles, permissions }: Grants, { kind, match, values }: GrantRequirement): boolean {
  const granted = { scopes, roles, permissions }[kind];
  return match === 'all'
    ? values.every(value => granted.includes(value))
    : values.some(value => granted.includes(value));
}

/** Does it ask, anywhere, who owns the object? */
export function asksForOwner(requirement: Requirement): boolean {
  if (requirement.kind === 'not') return asksForOwner(requirement.of);
  return requirement.kind === 'and' || requirement.kind === 'or'
    ? requirement.of.some(asksForOwner)
    : requirement.kind === 'owner';
}

/** The lists of the requirement that are asked for, not their negations, in order. */
export function grantsAskedFor(requirement: Requirement): readonly GrantRequirement[] {
  if (isGrant(requirement)) return [requirement];
  return requirement.kind === 'and' || requirement.kind === 'or' ? requirement.of.flatMap(grantsAskedFor) : [];
}

/**
 * The scopes that the requirement asks for, each once, in order: those of every list that an even number of `not` stands
 * over, because two of them turn a rule around twice.
 *
 * @example
 * scopesAskedFor({ kind: 'scopes', match: 'any', values: ['book:read', 'book:all'] }); // ['book:read', 'book:all']
 */
export function scopesAskedFor(requirement: Requirement): readonly string[] {
  return [...new Set(scopeLists(requirement, false))];
}

function scopeLists(requirement: Requirement, isNegated: boolean): readonly string[] {
  if (requirement.kind === 'not') return scopeLists(requirement.of, !isNegated);
  if (requirement.kind === 'and' || requirement.kind === 'or')
    return requirement.of.flatMap(one => scopeLists(one, isNegated));
  return requirement.kind === 'scopes' && !isNegated ? requirement.values : [];
}
