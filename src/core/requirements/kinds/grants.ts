/** Scopes, roles and permissions: what the issuer granted the caller. */
import { isNamed, type GrantKind, type Grants } from '../../tokens/claims';
import type { Caller, Fact, Identity, RequirementKind, Truth } from '../kind';
import { every, some } from '../truth';

/** Any of, or all of, some scopes, roles or permissions. */
export interface GrantRequirement {
  readonly kind: GrantKind;
  readonly match: 'any' | 'all';
  readonly values: readonly string[];
}

class Granted implements Fact {
  readonly isOfCaller = true;

  constructor(
    private readonly kind: GrantKind,
    private readonly name: string,
  ) {}

  get key(): string {
    return `${this.kind} ${this.name}`;
  }

  get isScope(): boolean {
    return this.kind === 'scopes';
  }

  isTrueOf({ grants }: Identity): boolean {
    return isNamed(this.name, grants[this.kind]);
  }
}

/** Tells whether the grants have any of, or all of, the names of the list. */
export function hasGrants(grants: Grants, { kind, match, values }: GrantRequirement): boolean {
  const granted = grants[kind];
  return match === 'all' ? values.every(name => isNamed(name, granted)) : values.some(name => isNamed(name, granted));
}

function facts({ kind, values }: GrantRequirement): readonly Fact[] {
  return values.map(name => new Granted(kind, name));
}

const singular = { scopes: 'scope', roles: 'role', permissions: 'permission' };

function listed({ kind, match, values }: GrantRequirement, show: (name: string) => string): string {
  const names = values.map(show).join(', ');
  return values.length === 1 ? `the ${singular[kind]} ${names}` : `${match} of the ${kind} ${names}`;
}

export const grants: RequirementKind<GrantRequirement> = {
  facts,
  judge(requirement: GrantRequirement, caller: Caller): Truth {
    if (caller.identity !== undefined) return hasGrants(caller.identity.grants, requirement);
    const truths = facts(requirement).map(fact => caller.says(fact));
    return requirement.match === 'all' ? every(truths) : some(truths);
  },
  words: requirement => listed(requirement, name => name),
  documented: requirement => listed(requirement, name => `\`${name}\``),
  isComplete: ({ values }) => Array.isArray(values),
};
