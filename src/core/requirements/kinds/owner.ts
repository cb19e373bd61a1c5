/** Only the owner of the object. */
import type { Caller, Fact, RequirementKind } from '../kind';

/**
 * The object's attribute must equal the token's subject. If there is an issuer attribute, it must equal the token's
 * issuer.
 */
export interface OwnerRequirement {
  readonly kind: 'owner';
  readonly attribute: string;
  readonly issuerAttribute?: string;
}

function ownership({ attribute, issuerAttribute }: OwnerRequirement): Fact {
  return {
    key: `owner ${JSON.stringify([attribute, issuerAttribute])}`,
    isOfCaller: true,
    isTrueOf: ({ isAuthenticated }) => (isAuthenticated ? undefined : false),
  };
}

export const owner: RequirementKind<OwnerRequirement> = {
  facts: requirement => [ownership(requirement)],
  judge: (requirement: OwnerRequirement, caller: Caller) => caller.says(ownership(requirement)),
  words: ({ attribute, issuerAttribute }) => `the owner (${[attribute, issuerAttribute].filter(Boolean).join(', ')})`,
  documented({ attribute, issuerAttribute }) {
    const issuer = issuerAttribute === undefined ? '' : `, and its \`${issuerAttribute}\` the issuer`;
    return `the owner of the object (its \`${attribute}\` is the subject of the token${issuer})`;
  },
  isComplete: ({ attribute }) => typeof attribute === 'string',
  isAboutObject: true,
};
