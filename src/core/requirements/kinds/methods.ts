/** Only some HTTP methods. */
import type { RequirementKind } from '../kind';

export interface MethodsRequirement {
  readonly kind: 'methods';
  /** In capitals. */
  readonly methods: readonly string[];
}

export const methods: RequirementKind<MethodsRequirement> = {
  facts: () => [],
  judge: (requirement, { method }) => (method === undefined ? undefined : requirement.methods.includes(method)),
  words: requirement => `only ${requirement.methods.join(', ')}`,
  wordsOfNegation: requirement => `any method but ${requirement.methods.join(', ')}`,
  documented: requirement => `the methods ${requirement.methods.join(', ')}`,
  isComplete: value => Array.isArray(value.methods),
};
