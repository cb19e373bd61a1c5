/** How, and how long ago, the user signed in (RFC 9470). */
import type { Fact, RequirementKind } from '../kind';
import { every, some } from '../truth';

/** The authentication that a token must come from. */
export interface ContextRequirement {
  readonly kind: 'context';
  /** The authentication context class must be one of these; any, if the list is empty. */
  readonly acrValues: readonly string[];
  /** Most seconds since the user signed in: a whole number. */
  readonly maxAge?: number;
}

/** RFC 9470 §4: `max_age` is a non-negative integer. */
export function isMaxAge(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

interface ClassFact extends Fact {
  readonly acr: string;
}

interface AgeFact extends Fact {
  readonly maxAge: number;
}

// A request is judged by the class itself, which has the claims and the time.
function factOf(key: string): Fact {
  return { key, isOfCaller: true, isTrueOf: ({ isAuthenticated }) => (isAuthenticated ? undefined : false) };
}

/** A sign-in has one class. */
function classFact(acr: string): ClassFact {
  const excludes = (other: Fact): boolean => 'acr' in other && other.acr !== acr;
  return { ...factOf(`acr ${acr}`), acr, excludes };
}

/** A sign-in that is five minutes ago at most is an hour ago at most, too. */
function ageFact(maxAge: number): AgeFact {
  const implies = (other: Fact): boolean => 'maxAge' in other && maxAge <= (other as AgeFact).maxAge;
  return { ...factOf(`signed in ${maxAge} seconds ago at most`), maxAge, implies };
}

function classes({ acrValues }: ContextRequirement): readonly Fact[] {
  return acrValues.map(classFact);
}

function ages({ maxAge }: ContextRequirement): readonly Fact[] {
  return maxAge === undefined ? [] : [ageFact(maxAge)];
}

function listed({ acrValues, maxAge }: ContextRequirement, show: (value: string) => string): string {
  const context = acrValues.length === 0 ? [] : [`by ${acrValues.map(show).join(' or ')}`];
  return ['a sign-in', ...context, ...(maxAge === undefined ? [] : [`at most ${maxAge} seconds ago`])].join(' ');
}

export const context: RequirementKind<ContextRequirement> = {
  facts: requirement => [...classes(requirement), ...ages(requirement)],
  judge(requirement, caller) {
    const ofClass = classes(requirement).map(fact => caller.says(fact));
    const ofAge = ages(requirement).map(fact => caller.says(fact));
    return every([...(ofClass.length === 0 ? [] : [some(ofClass)]), ...ofAge]);
  },
  words: requirement => listed(requirement, value => value),
  documented: requirement => `${listed(requirement, value => `\`${value}\``)} (RFC 9470)`,
  isComplete: ({ acrValues, maxAge }) => Array.isArray(acrValues) && (maxAge === undefined || isMaxAge(maxAge)),
};
