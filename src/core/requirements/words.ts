/** Writes a requirement as text, for tables and messages. */
import { fold } from './fold';
import { kindOf, type Requirement } from './requirement';

interface Words {
  readonly text: string;
  /** Whether the text needs parentheses inside another requirement. */
  readonly isJoined: boolean;
  /** The text of the negation, where "not" in front would be ambiguous. */
  readonly negation?: string | undefined;
}

/**
 * Returns the requirement as text.
 *
 * @example
 * inWords({ kind: 'scopes', match: 'any', values: ['book:read', 'book:admin'] }); // 'any of the scopes book:read, book:admin'
 */
export function inWords(requirement: Requirement): string {
  const { text } = fold<Words>(requirement, {
    all: parts => joined(' and ', parts),
    any: parts => joined(' or ', parts),
    not: part => ({ text: part.negation ?? `not ${closed(part)}`, isJoined: false }),
    leaf: leaf => ({
      text: kindOf(leaf).words(leaf),
      isJoined: false,
      negation: kindOf(leaf).wordsOfNegation?.(leaf),
    }),
  });
  return text;
}

function joined(conjunction: string, parts: readonly Words[]): Words {
  return { text: parts.map(closed).join(conjunction), isJoined: parts.length > 1 };
}

function closed({ text, isJoined }: Words): string {
  return isJoined ? `(${text})` : text;
}
