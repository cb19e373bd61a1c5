/** The members of a controller that the classes of its list read. Startup refuses a controller with others. */
import { IsSafeOnly, IsSubOwner, IsSubOwnerOrSafeOnly, type PermissionRule } from 'axioms-routing-controllers';

/** Returns those of these members that a class of the list reads, or a class inside of a composition. */
export function readMembers<T extends object>(rules: readonly object[] | undefined, members: T): Partial<T> {
  const read = classesIn(rules ?? []).flatMap(wordsOf);
  return Object.fromEntries(Object.entries(members).filter(([name]) => read.includes(name))) as Partial<T>;
}

type Listed = new () => { members?(): readonly string[] };

function classesIn(rules: readonly object[]): readonly Listed[] {
  return rules.flatMap(rule => ('operands' in rule ? classesIn(rule.operands as PermissionRule[]) : [rule as Listed]));
}

function wordsOf(one: Listed): readonly string[] {
  const is = (base: object): boolean => one === base || Object.prototype.isPrototypeOf.call(base, one);
  const ofOwner = is(IsSubOwner) ? ['ownerAttribute', 'ownerIssuerAttribute', 'ownerOf'] : [];
  const ofMethods = is(IsSafeOnly) || is(IsSubOwnerOrSafeOnly) ? ['safeMethods'] : [];
  return [...(new one().members?.() ?? []), ...ofOwner, ...ofMethods];
}
