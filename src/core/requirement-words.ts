/** A requirement in words, for tables and messages. */
import { isGrant, type GrantRequirement, type Requirement } from './requirement';

/**
 * What is asked for, as a person would say it.
 *
 * @example
 * inWords({ kind: 'scopes', match: 'any', values: ['book:read', 'book:admin'] }); // 'any of the scopes book:read, book:admin'
 */
export function inWords(requirement: Requirement): string {
  if (isGrant(requirement)) return grantWords(requirement);
  switch (requirement.kind) {
    case 'and':
    case 'or':
      return requirement.of
        .map(one => (isJoined(one) ? `(${inWords(one)})` : inWords(one)))
        .join(` ${requirement.kind} `);
    case 'not':
      return isJoined(requirement.of) ? `not (${inWords(requirement.of)})` : `not ${inWords(requirement.of)}`;
    case 'methods':
      return `only ${requirement.methods.join(', ')}`;
    case 'owner':
      return `the owner (${[requirement.attribute, requirement.issuerAttribute].filter(Boolean).join(', ')})`;
    case 'custom':
      return requirement.name;
    default:
      return requirement.kind;
  }
}

function isJoined(requirement: Requirement): boolean {
  return (requirement.kind === 'and' || requirement.kind === 'or') && requirement.of.length > 1;
}

function grantWords({ kind, match, values }: GrantRequirement): string {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return `the ${kind.slice(0, -1)} ${first}`;
  return `${match} of the ${kind} ${values.join(', ')}`;
}
