/** A token that is bound to a DPoP key (RFC 9449 §6). */
import type { Fact, RequirementKind } from '../kind';

/** The caller has proved the key of its access token. */
export interface DpopRequirement {
  readonly kind: 'dpop';
}

const proof: Fact = {
  key: 'dpop',
  isOfCaller: true,
  isTrueOf: ({ isAuthenticated, isProven }) => (isAuthenticated ? isProven : false),
};

export const dpop: RequirementKind<DpopRequirement> = {
  facts: () => [proof],
  judge: (_, caller) => caller.says(proof),
  words: () => 'a token bound to a DPoP key',
  documented: () => 'a token that is bound to a DPoP key (RFC 9449)',
  isComplete: () => true,
};
