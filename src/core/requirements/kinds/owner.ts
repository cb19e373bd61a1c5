/** Only the owner of the object. */
import type { Caller, Fact, RequirementKind } from '../kind';

/**
 * The object's attribute must equal the token's subject, or what the controller's `ownerOf()` returns. If there is an
 * issuer attribute, it must equal the token's issuer.
 */
export interface OwnerRequirement {
  readonly kind: 'owner';
  readonly attribute: string;
  readonly issuerAttribute?: string;
  /** Whether the controller's code decides which owner the caller is. No output can show what it decides. */
  readonly byOwnerOf?: true;
}

function ownership({ attribute, issuerAttribute, byOwnerOf }: OwnerRequirement): Fact {
  return {
    key: `owner ${JSON.stringify([attribute, issuerAttribute, byOwnerOf])}`,
    isOfCaller: true,
    isTrueOf: ({ isAuthenticated }) => (isAuthenticated ? undefined : false),
  };
}

export const owner: RequirementKind<OwnerRequirement> = {
  facts: requirement => [ownership(requirement)],
  judge: (requirement: OwnerRequirement, caller: Caller) => caller.says(ownership(requirement)),
  words({ attribute, issuerAttribute, byOwnerOf }) {
    const parts = [attribute, issuerAttribute, byOwnerOf && 'by ownerOf()'];
    return `the owner (${parts.filter(Boolean).join(', ')})`;
  },
  documented({ attribute, issuerAttribute, byOwnerOf }) {
    const owner = byOwnerOf ? "what the controller's `ownerOf()` returns for the caller" : 'the subject of the token';
    const issuer = issuerAttribute === undefined ? '' : `, and its \`${issuerAttribute}\` the issuer of the token`;
    return `the owner of the object (its \`${attribute}\` is ${owner}${issuer})`;
  },
  isComplete: ({ attribute }) => typeof attribute === 'string',
  isAboutObject: true,
};
