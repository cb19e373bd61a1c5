/** Combines requirements, in the simplest form. */
import { fold } from './fold';
import { kindOf, type Leaf, type Requirement } from './requirement';

export const anyone: Requirement = Object.freeze({ kind: 'anyone' });
export const nobody: Requirement = Object.freeze({ kind: 'nobody' });

/** Returns the requirement with each leaf replaced. */
export function rewritten(requirement: Requirement, leaf: (one: Leaf) => Requirement): Requirement {
  return fold<Requirement>(requirement, { all: allOf, any: anyOf, not: notThat, leaf });
}

export function allOf(requirements: readonly Requirement[]): Requirement {
  const told = distinct('and', requirements).filter(({ kind }) => kind !== 'anyone');
  if (told.some(({ kind }) => kind === 'nobody')) return nobody;
  const rest = told.some(impliesAuthenticated) ? told.filter(({ kind }) => kind !== 'authenticated') : told;
  return joined('and', rest, anyone);
}

export function anyOf(requirements: readonly Requirement[]): Requirement {
  const told = distinct('or', requirements).filter(({ kind }) => kind !== 'nobody');
  if (told.some(({ kind }) => kind === 'anyone')) return anyone;
  const isAuthenticatedEnough = told.some(({ kind }) => kind === 'authenticated');
  return joined('or', isAuthenticatedEnough ? told.filter(one => !impliesAuthenticated(one)) : told, nobody);
}

export function notThat(requirement: Requirement): Requirement {
  if (requirement.kind === 'anyone') return nobody;
  if (requirement.kind === 'nobody') return anyone;
  return requirement.kind === 'not' ? requirement.of : { kind: 'not', of: requirement };
}

/**
 * Tells whether the requirement refuses every anonymous caller, and is not just "authenticated". A caller with a grant
 * is authenticated, and so is an owner.
 */
export function impliesAuthenticated(requirement: Requirement): boolean {
  if ('of' in requirement || requirement.kind === 'authenticated') return false;
  const facts = kindOf(requirement).facts(requirement);
  return facts.length > 0 && facts.every(({ isOfCaller }) => isOfCaller);
}

function distinct(kind: 'and' | 'or', requirements: readonly Requirement[]): readonly Requirement[] {
  const flat = requirements.flatMap(one => (one.kind === kind ? one.of : [one]));
  return [...new Map(flat.map(one => [JSON.stringify(one), one])).values()];
}

function joined(kind: 'and' | 'or', of: readonly Requirement[], empty: Requirement): Requirement {
  const [first, ...others] = of;
  if (first === undefined) return empty;
  return others.length === 0 ? first : { kind, of };
}
