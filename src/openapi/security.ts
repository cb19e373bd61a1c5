/** The `security` of an operation: what its rules ask for, in each way of sending credentials. */
import { alternativesOf, anonymousAt, type Alternative } from './alternatives';
import type { Asked } from './asked';
import { bearer, type Callers } from './callers';
import type { SecurityRequirement } from './open-api';

/** What is asked at one operation, and of whom. */
export interface Question {
  readonly asked: Asked;
  readonly callers: Callers;
  /** Is nobody in particular refused, whatever the rules say? */
  readonly needsSomebody: boolean;
}

/**
 * One entry for each alternative and each way of sending credentials. Where there are too many, or none, an entry says
 * that credentials are needed, and the description the rest.
 *
 * @param signIns names of the schemes for signing in at an issuer, which give what `bearer` sends
 */
export function securityOf(
  { asked, callers, needsSomebody }: Question,
  signIns: readonly string[],
): readonly SecurityRequirement[] {
  const inWords: Alternative = { scopes: [], anonymous: anonymousAt(asked) };
  const found = alternativesOf(asked) ?? [inWords];
  const alternatives = found.length > 0 ? found : [{ ...inWords, anonymous: 'no' as const }];
  const names = callers.schemes.flatMap(({ name }) => (name === bearer.name ? [...signIns, name] : [name]));
  const entries = alternatives.flatMap(one => entriesFor(needsSomebody ? { ...one, anonymous: 'no' } : one, names));
  return entries.length === 1 && isOpen(entries[0]) ? [] : distinct(entries);
}

function entriesFor({ scopes, anonymous }: Alternative, names: readonly string[]): readonly SecurityRequirement[] {
  const entries = anonymous === 'yes' ? [] : names.map(name => ({ [name]: scopes }));
  return anonymous === 'no' ? entries : [...entries, {}];
}

function isOpen(entry: SecurityRequirement | undefined): boolean {
  return entry !== undefined && Object.keys(entry).length === 0;
}

function distinct(entries: readonly SecurityRequirement[]): readonly SecurityRequirement[] {
  const texts = entries.map(entry => JSON.stringify(entry));
  return entries.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}
