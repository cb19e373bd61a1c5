/** Builds the `security` of an operation: what its rules require, for each way to send credentials. */
import type { Requirement } from '../core/requirements/requirement';
import { alternativesOf, isOpen, type Alternative } from './alternatives';
import { bearer, type Callers } from './callers';
import type { SecurityRequirement } from './open-api';

/** What one operation requires, and which credentials its classes read. */
export interface Guard {
  readonly requirement: Requirement;
  readonly callers: Callers;
}

/**
 * Returns one entry for each alternative and each scheme of credentials. If there are too many alternatives, or none,
 * an entry only says that credentials are required, and the description has the details.
 *
 * @param signIns names of the schemes for signing in at an issuer, which give tokens for `bearer`
 */
export function securityOf(
  { requirement, callers }: Guard,
  signIns: readonly string[],
): readonly SecurityRequirement[] {
  const withoutScopes: Alternative = { scopes: [], isOpen: isOpen(requirement) };
  const found = alternativesOf(requirement) ?? [withoutScopes];
  const alternatives = found.length > 0 ? found : [{ ...withoutScopes, isOpen: false }];
  const names = callers.schemes.flatMap(({ name }) => (name === bearer.name ? [...signIns, name] : [name]));
  const entries = alternatives.flatMap(one => entriesFor(one, names));
  return entries.length === 1 && isEmpty(entries[0]) ? [] : distinct(entries);
}

function entriesFor(one: Alternative, names: readonly string[]): readonly SecurityRequirement[] {
  const entries = one.isOpen === true ? [] : names.map(name => ({ [name]: one.scopes }));
  return one.isOpen === false ? entries : [...entries, {}];
}

function isEmpty(entry: SecurityRequirement | undefined): boolean {
  return entry !== undefined && Object.keys(entry).length === 0;
}

function distinct(entries: readonly SecurityRequirement[]): readonly SecurityRequirement[] {
  const texts = entries.map(entry => JSON.stringify(entry));
  return entries.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}
