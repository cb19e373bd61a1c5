/** A rule that only code can decide. */
import type { Fact, RequirementKind } from '../kind';

export interface CustomRequirement {
  readonly kind: 'custom';
  /** The name of the class, or a description of the rule. */
  readonly name: string;
}

/** Replaces a requirement that is not known before a request. */
export const decidedPerRequest: CustomRequirement = Object.freeze({ kind: 'custom', name: 'decided per request' });

function decision({ name }: CustomRequirement): Fact {
  return { key: `custom ${name}`, isOfCaller: false, isCustom: true, isTrueOf: () => undefined };
}

export const custom: RequirementKind<CustomRequirement> = {
  facts: requirement => [decision(requirement)],
  judge: (requirement, caller) => caller.says(decision(requirement)),
  words: ({ name }) => name,
  documented: ({ name }) => (name === decidedPerRequest.name ? `what is ${name}` : `what \`${name}\` decides`),
  isComplete: ({ name }) => typeof name === 'string',
};
