/** Which requests a route takes, as Express matches paths: what can be told of patterns without asking for every path. */
import { Router } from 'express';

/** How the app reads paths. */
export interface PathOptions {
  readonly isCaseSensitive: boolean;
  readonly isStrict: boolean;
}

/** A path that Express takes segment by segment. */
export interface Segments {
  /** Text, or nothing for a parameter. */
  readonly segments: readonly (string | undefined)[];
  /** The last thing is a wildcard: one segment or more of any text. */
  readonly hasRest: boolean;
}

// What means itself to Express 4 as well as to Express 5.
const plain = /^[\w\-.~%@&=,;]*$/;
const parameter = /^:[A-Za-z_]\w*$/;
// Express 4 calls it *, Express 5 *name.
const rest = /^\*(?:[A-Za-z_]\w*)?$/;

/** The path's segments; `undefined` where there is more to it: a regex, an optional part, a parameter inside of a segment. */
export function segmentsOf(path: string | RegExp, options: PathOptions): Segments | undefined {
  if (path instanceof RegExp || !path.startsWith('/') || path.endsWith('//')) return undefined;
  const known = options.isStrict || path === '/' ? path : path.replace(/\/$/, '');
  const parts = known.split('/').slice(1);
  const hasRest = rest.test(parts.at(-1) ?? '');
  const segments = (hasRest ? parts.slice(0, -1) : parts).map(part => segmentOf(part, options));
  return segments.includes(null) ? undefined : { segments: segments as (string | undefined)[], hasRest };
}

function segmentOf(part: string, { isCaseSensitive }: PathOptions): string | undefined | null {
  if (parameter.test(part)) return undefined;
  if (!plain.test(part)) return null;
  return isCaseSensitive ? part : part.toLowerCase();
}

/** Does Express take this path for the pattern? */
export type Matcher = (path: string) => boolean;

interface Layer {
  match(path: string): unknown;
}

export function matcherOf(path: string | RegExp, { isCaseSensitive, isStrict }: PathOptions): Matcher {
  const router = Router({ caseSensitive: isCaseSensitive, strict: isStrict });
  router.get(path, () => undefined);
  const [layer] = router.stack as unknown as readonly Layer[];
  return text => matches(layer, text);
}

// Express decodes the parameters of a path that the pattern takes. If it cannot, it answers 400 instead of going on.
function matches(layer: Layer | undefined, text: string): boolean {
  try {
    return Boolean(layer?.match(text));
  } catch {
    return true;
  }
}

/** Paths that the segments take, of several kinds; where there are no parameters it is the one that is written. */
export function examplesOf({ segments, hasRest }: Segments): readonly string[] {
  const isOne = !hasRest && !segments.includes(undefined);
  const fillings = isOne ? [''] : ['1', 'a', 'a-1', '7b0a3c1e-0000-4000-8000-000000000000'];
  return fillings.map(filling => {
    const parts = segments.map(segment => segment ?? filling);
    return `/${[...parts, ...(hasRest ? [filling] : [])].join('/')}`;
  });
}

/** A path that the regex takes; `undefined` where its source is beyond this reading. */
export function exampleOf(pattern: RegExp, options: PathOptions): string | undefined {
  if (pattern.flags.includes('v')) return undefined;
  const [alternative = ''] = withoutGroups(pattern.source).split('|');
  const example = alternative
    .replace(/^\^|\$$/g, '')
    .replace(/(\\.|\[(?:\\.|[^\]])*\]|[^])([*?]|\{0.*?\}|\+|\{(\d+).*?\})?\??/g, textOf);
  return matcherOf(pattern, options)(example) ? example : undefined;
}

// From the inside, the first alternative of each.
function withoutGroups(source: string): string {
  const left = source.replace(
    /\((?:\?:|\?<\w+>)?([^()|]*)[^()]*\)([*?]|\{0.*?\})?/,
    (_, first: string, isOptional?: string) => (isOptional === undefined ? first : ''),
  );
  return left === source ? source : withoutGroups(left);
}

function textOf(_: string, atom: string, quantifier = '', times = '1'): string {
  if (/^(?:[*?]|\{0)/.test(quantifier)) return '';
  return characterOf(atom).repeat(Math.min(Number(times), 100));
}

// A class, an escape, a dot, or a character that means itself.
function characterOf(atom: string): string {
  if (atom.length === 1) return atom === '.' ? 'a' : atom;
  const one = new RegExp(`^${atom}$`);
  return ['1', 'a', '-', atom.slice(1, 2)].find(character => one.test(character)) ?? '';
}

/** The text that every path of the pattern begins with, as far as it can be told. */
export function beginningOf(path: string | RegExp): string {
  if (!(path instanceof RegExp)) return /^[^:*(){}[\]?+!\\]*/.exec(path)?.[0] ?? '';
  const literal = /^\^((?:\\[/.-]|[\w/-](?![*?{|]))*)/.exec(path.source)?.[1] ?? '';
  return path.source.includes('|') ? '' : literal.replace(/\\/g, '');
}

const everything = new Set([
  '',
  '^',
  '\\/',
  '^\\/',
  '.*',
  '^.*',
  '.*$',
  '^.*$',
  '\\/.*',
  '^\\/.*',
  '\\/.*$',
  '^\\/.*$',
]);

/** Does the regex take every path? */
export function isEverything(path: string | RegExp): boolean {
  return path instanceof RegExp && everything.has(path.source.replace(/[()]|\?:/g, ''));
}
