/** Anyone, or nobody: rules that are the same for every caller. */
import type { RequirementKind } from '../kind';

export interface FixedRequirement {
  readonly kind: 'anyone' | 'nobody';
}

export const everybody: RequirementKind<FixedRequirement> = {
  facts: () => [],
  judge: ({ kind }) => kind === 'anyone',
  words: ({ kind }) => kind,
  documented: ({ kind }) => kind,
  isComplete: () => true,
};
