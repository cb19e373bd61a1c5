/** What a rule requires, as data. Enforcement, challenges, documents and audits all read this one description. */
import type { RequirementKind } from './kind';
import { authenticated, type AuthenticatedRequirement } from './kinds/authenticated';
import { context, type ContextRequirement } from './kinds/context';
import { custom, type CustomRequirement } from './kinds/custom';
import { details, type DetailsRequirement } from './kinds/details';
import { dpop, type DpopRequirement } from './kinds/dpop';
import { everybody, type FixedRequirement } from './kinds/everybody';
import { grants, type GrantRequirement } from './kinds/grants';
import { methods, type MethodsRequirement } from './kinds/methods';
import { owner, type OwnerRequirement } from './kinds/owner';

export type { GrantRequirement } from './kinds/grants';

/** A requirement that is not composed of others. */
export type Leaf =
  | GrantRequirement
  | FixedRequirement
  | AuthenticatedRequirement
  | MethodsRequirement
  | OwnerRequirement
  | DpopRequirement
  | ContextRequirement
  | DetailsRequirement
  | CustomRequirement;

/**
 * A tree of what a rule requires. Its leaves (`Leaf`) are, by their `kind`:
 *
 * - `scopes`, `roles`, `permissions`: any or all (`match`) of `values`, as the token grants them
 * - `anyone`, `nobody`, `authenticated` (`orPublicMethod`: or one of the setting `publicMethods`)
 * - `methods`: one of `methods`, in capitals
 * - `owner`: the caller owns the object
 * - `dpop`: the token is bound to a key (RFC 9449)
 * - `context`: how and how recently the user signed in, by `acrValues` and `maxAge` in seconds (RFC 9470)
 * - `details`: authorization details of a `type`, with `actions` and `locations` (RFC 9396)
 * - `custom`: code of the app decides; `name` is its class
 */
export type Requirement =
  | Leaf
  | { readonly kind: 'and' | 'or'; readonly of: readonly Requirement[] }
  | { readonly kind: 'not'; readonly of: Requirement };

/** The table of kinds. Everything that the outputs need to know of a leaf is in the file of its kind. */
const kinds: { readonly [Kind in Leaf['kind']]: RequirementKind<Extract<Leaf, { readonly kind: Kind }>> } = {
  scopes: grants,
  roles: grants,
  permissions: grants,
  anyone: everybody,
  nobody: everybody,
  authenticated,
  methods,
  owner,
  dpop,
  context,
  details,
  custom,
};

/** Returns the kind of a leaf. */
export function kindOf(leaf: Leaf): RequirementKind<Leaf> {
  return kinds[leaf.kind];
}

/** Tells whether a requirement is about scopes, roles or permissions. */
export function isGrant(requirement: Requirement): requirement is GrantRequirement {
  return Object.hasOwn(kinds, requirement.kind) && kinds[(requirement as Leaf).kind] === grants;
}

/** Tells whether a value is a requirement. A snapshot may have been written by another version, or by hand. */
export function isRequirement(value: unknown): value is Requirement {
  const requirement = Object(value) as Readonly<Record<string, unknown>>;
  const { kind, of } = requirement;
  if (kind === 'not') return isRequirement(of);
  if (kind === 'and' || kind === 'or') return Array.isArray(of) && of.every(isRequirement);
  return Object.hasOwn(kinds, String(kind)) && kinds[kind as Leaf['kind']].isComplete(requirement);
}
