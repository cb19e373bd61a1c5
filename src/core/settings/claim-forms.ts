/** Parses the entries of `rolesClaims` and `permissionsClaims`: which claims have the names, and in which form. */
import { claimName, type Kind } from './kinds';

/**
 * An entry of `rolesClaims` or `permissionsClaims`:
 *
 * - `NAME`, or a JSON Pointer that starts with `/`: a list of names, or a string that is one name.
 * - `keys:NAME`: the names of an object's members whose value is neither `false` nor null.
 * - `split:NAME`: a string, split at spaces.
 * - `union:A|B`, or `['union', A, B]`: the names of several claims.
 *
 * The prefix is the text before the first colon. A claim that is really named `keys:x` is written as `/keys:x`.
 */
export type ClaimForm = string | readonly ['union', string, ...string[]];

/** One claim, and how its names are read. */
export interface ClaimSource {
  /** The name of the claim, in the form that `claimValue` accepts. */
  readonly claim: string;
  readonly form: 'names' | 'keys' | 'split';
}

/**
 * Returns the claims that an entry names: one, or the members of a union. Returns `undefined` if the entry is wrong.
 */
export function claimSources(entry: unknown): readonly ClaimSource[] | undefined {
  const sources = membersOf(entry).map(claimSource);
  return sources.length > 0 && sources.every(source => source !== undefined) ? sources : undefined;
}

function membersOf(entry: unknown): readonly unknown[] {
  // A copy has no holes, which map() and every() would pass over.
  if (Array.isArray(entry)) return entry[0] === 'union' ? Array.from(entry as unknown[]).slice(1) : [];
  const isUnion = typeof entry === 'string' && entry.startsWith('union:');
  return isUnion ? entry.slice('union:'.length).split('|') : [entry];
}

const prefixed = /^(keys|split|union):(.*)$/s;

function claimSource(text: unknown): ClaimSource | undefined {
  const [, form, name = ''] = typeof text === 'string' ? (prefixed.exec(text) ?? []) : [];
  if (form === undefined) return withForm('names', text);
  // Forms combine only inside a union: `keys:split:x` could mean two things.
  return form === 'union' || prefixed.test(name) ? undefined : withForm(form as 'keys' | 'split', name);
}

function withForm(form: ClaimSource['form'], name: unknown): ClaimSource | undefined {
  const claim = claimName.check(name);
  return claim === undefined ? undefined : { claim, form };
}

/** The kind of the settings `rolesClaims` and `permissionsClaims`. */
export const claimForms: Kind<ClaimForm | readonly ClaimForm[], readonly ClaimForm[]> = {
  accepts:
    'a non-empty list, each element a claim name, a JSON Pointer that starts with "/", keys:NAME, split:NAME, or union:NAME|NAME (a string)',
  read: variable => (variable.trim() === '' ? [] : variable.split(',').map(element => element.trim())),
  check(input) {
    const entries: readonly unknown[] =
      isUnion(input) || !Array.isArray(input) ? [input] : Array.from(input as unknown[]);
    const isRight = entries.length > 0 && entries.every(entry => claimSources(entry) !== undefined);
    return isRight ? Object.freeze(entries.map(frozenEntry)) : undefined;
  },
};

// The whole setting may be one union. A claim that is really named `union` is written as `/union`.
function isUnion(input: unknown): boolean {
  return Array.isArray(input) && input.length > 1 && input[0] === 'union';
}

function frozenEntry(entry: unknown): ClaimForm {
  return (Array.isArray(entry) ? Object.freeze(Array.from(entry as unknown[])) : entry) as ClaimForm;
}
