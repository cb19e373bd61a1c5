/** Decides whether a caller meets a requirement. */
import type { Grants } from '../tokens/claims';
import { fold, leavesOf } from './fold';
import type { Caller, Identity, Truth } from './kind';
import { hasGrants } from './kinds/grants';
import { kindOf, type GrantRequirement, type Requirement } from './requirement';
import { every, negated, some } from './truth';

/**
 * Tells whether the caller meets the requirement.
 *
 * @returns `undefined` if too little is known of the caller to decide
 */
export function judge(requirement: Requirement, caller: Caller): Truth {
  return fold<Truth>(requirement, {
    all: every,
    any: some,
    not: negated,
    leaf: leaf => kindOf(leaf).judge(leaf, caller),
  });
}

/** Tells whether the requirement depends on the object of a request. */
export function isAboutObject(requirement: Requirement): boolean {
  return leavesOf(requirement).some(({ leaf }) => kindOf(leaf).isAboutObject === true);
}

/** Tells whether the grants meet this list. */
export function meets(grants: Grants, list: GrantRequirement): boolean {
  return hasGrants(grants, list);
}

/** Returns the caller of a request. */
export function callerOf(identity: Identity, method?: string): Caller {
  return { method, identity, says: fact => fact.isTrueOf(identity) };
}

/** A caller without any credentials, whose method is not known. */
export const anonymousCaller: Caller = {
  method: undefined,
  says: ({ isOfCaller }) => (isOfCaller ? false : undefined),
};

/** Returns the same caller, but with a token that has every scope. */
export function withAllScopes({ method, says }: Caller): Caller {
  return { method, says: fact => fact.isScope === true || says(fact) };
}
