/** Describes in Markdown the callers that a requirement admits. */
import { foldLeafwise } from '../core/requirements/fold';
import { kindOf, type Leaf, type Requirement } from '../core/requirements/requirement';
import { isOpen } from './alternatives';

/**
 * Returns the requirement as Markdown text.
 *
 * @example
 * inMarkdown(requirement); // any of the scopes `book:read`, `book:all`, and the role `editor`
 */
export function inMarkdown(requirement: Requirement): string {
  const { text } = foldLeafwise<Words>(requirement, {
    all: parts => joined('and', parts),
    any: parts => joined('or', withoutImplied(parts)),
    leaf: (leaf, isNegated) => ({
      text: leafText(leaf, isNegated),
      requirement: isNegated ? { kind: 'not', of: leaf } : leaf,
    }),
  });
  return text;
}

interface Words {
  readonly text: string;
  readonly requirement: Requirement;
}

function joined(kind: 'and' | 'or', parts: readonly Words[]): Words {
  const texts = parts.map(({ text, requirement }) => (isJoined(requirement) ? `(${text})` : text));
  return { text: texts.join(`, ${kind} `), requirement: { kind, of: parts.map(({ requirement }) => requirement) } };
}

function isJoined({ kind }: Requirement): boolean {
  return kind === 'and' || kind === 'or';
}

// A rule that admits anyone, or every authenticated caller, makes narrower alternatives superfluous.
function withoutImplied(parts: readonly Words[]): readonly Words[] {
  const anyone = parts.find(({ requirement }) => requirement.kind === 'anyone');
  if (anyone !== undefined) return [anyone];
  const authenticated = parts.find(({ requirement }) => requirement.kind === 'authenticated');
  if (authenticated === undefined) return parts;
  return parts.filter(one => one === authenticated || isOpen(one.requirement) !== false);
}

function leafText(leaf: Leaf, isNegated: boolean): string {
  const text = kindOf(leaf).documented(leaf);
  if (!isNegated) return text;
  if (leaf.kind === 'authenticated') return 'any anonymous caller';
  return `not: ${text}`;
}
