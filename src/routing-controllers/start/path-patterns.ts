/** Finds out which paths a route takes, as Express matches them, without trying every path. */
import { Router } from 'express';

/** How the app reads paths. */
export interface PathOptions {
  readonly isCaseSensitive: boolean;
  readonly isStrict: boolean;
}

/** A path that Express matches segment by segment. */
export interface Segments {
  /** The text of each segment; `undefined` for a parameter. */
  readonly segments: readonly (string | undefined)[];
  /** Whether the path ends in a wildcard, which takes one or more segments of any text. */
  readonly hasRest: boolean;
}

// Characters without a special meaning in Express 4 and Express 5.
const plain = /^[\w\-.~%@&=,;]*$/;
const parameter = /^:[A-Za-z_]\w*$/;
// Express 4 writes a wildcard as *, Express 5 as *name.
const rest = /^\*(?:[A-Za-z_]\w*)?$/;

/**
 * Returns the segments of a path; `undefined` if it is more than that: a regex, or a path with an optional part or with
 * a parameter inside a segment.
 */
export function segmentsOf(path: string | RegExp, options: PathOptions): Segments | undefined {
  if (path instanceof RegExp || !path.startsWith('/') || path.endsWith('//')) return undefined;
  const known = options.isStrict || path === '/' ? path : path.replace(/\/$/, '');
  const parts = known.split('/').slice(1);
  const hasRest = rest.test(parts.at(-1) ?? '');
  const segments = (hasRest ? parts.slice(0, -1) : parts).map(part => segmentOf(part, options));
  return segments.includes(null) ? undefined : { segments: segments as (string | undefined)[], hasRest };
}

// Text and parameters, in any order.
const mixed = /^(?:[\w\-.~%@&=,;]|:[A-Za-z_])*$/;

/**
 * Returns the segments of a path that has parameters inside segments, such as `/report-:id`, with `undefined` for each
 * segment that has one; `undefined` if it is more than that. Routes that take every path with these segments also take
 * every path of the pattern.
 */
export function looseSegmentsOf(path: string | RegExp, options: PathOptions): Segments | undefined {
  if (path instanceof RegExp) return undefined;
  const parts = path.split('/').map(part => (mixed.test(part) && part.includes(':') ? ':loose' : part));
  const found = segmentsOf(parts.join('/'), options);
  return found?.hasRest === true ? undefined : found;
}

function segmentOf(part: string, { isCaseSensitive }: PathOptions): string | undefined | null {
  if (parameter.test(part)) return undefined;
  if (!plain.test(part)) return null;
  return isCaseSensitive ? part : part.toLowerCase();
}

/** Returns whether Express takes this path for the pattern. */
export type Matcher = (path: string) => boolean;

/** A route, a middleware or a router with its path, as Express's router keeps it. */
export interface Layer {
  /** `undefined` for a middleware and a router. */
  readonly route?: unknown;
  /** The name of the function. */
  readonly name?: string;
  /** The middleware, the router, or the function in which Express mounts an app. */
  readonly handle: object;
  /** The regex into which Express 4 makes the path. */
  readonly regexp?: RegExp;
  /** What Express 5 makes of the path, or of each of several paths. */
  readonly matchers?: readonly { readonly name: string }[];
  /** The part of the path that the layer took last. Newer routers of Express return it instead. */
  readonly path?: string | undefined;
  match(path: string): boolean | { readonly path: string };
}

export function matcherOf(path: string | RegExp, options: PathOptions): Matcher {
  const layer = layerOf(path, options);
  return text => matches(layer, text);
}

function layerOf(path: string | RegExp, { isCaseSensitive, isStrict }: PathOptions): Layer | undefined {
  const router = Router({ caseSensitive: isCaseSensitive, strict: isStrict });
  router.get(path, () => undefined);
  return (router.stack as unknown as readonly Layer[])[0];
}

/**
 * Returns whether Express takes this path for the layer. Express decodes the parameters of a matching path. If it
 * cannot, it answers 400 and tries no later route, so this counts as a match.
 */
export function matches(layer: Layer | undefined, text: string): boolean {
  try {
    return Boolean(layer?.match(text));
  } catch {
    return true;
  }
}

/**
 * Returns the path that the layers of a router get which Express keeps in this layer; `undefined` if Express does not
 * take the path for the layer.
 */
export function restBehind(layer: Layer, text: string): string | undefined {
  try {
    const match = layer.match(text);
    if (match === false) return undefined;
    const { path = '' } = match === true ? layer : match;
    if (layer.route === undefined && !isPrefix(path, text, layer)) return undefined;
    return text.slice(path.length).replace(/^(?!\/)/, '/');
  } catch {
    return '/';
  }
}

// A regex may match in the middle of a path or of a segment. Express skips its middleware then, but runs its route.
function isPrefix(part: string, text: string, { regexp }: Layer): boolean {
  if (part === '') return true;
  const next = text.charAt(part.length);
  return text.startsWith(part) && ['', '/', ...(regexp === undefined ? [] : ['.'])].includes(next);
}

// How Express 4 ends the regex that it makes of a path, unless the router is strict.
const anyEnd = /\\\/\?(?:\(\?=\\\/\|\$\)|\$)$/;

/** Whether a regex decides how the layer reads paths, and not the options of its router. In doubt, it is one. */
export function hasRegex({ regexp, matchers = [] }: Layer): boolean {
  if (regexp !== undefined) return !regexp.ignoreCase || !anyEnd.test(regexp.source);
  return matchers.some(({ name }) => name === 'regexpMatcher');
}

// Values of parameters and wildcards.
const fillings = ['1', 'a', 'a-1', '7b0a3c1e-0000-4000-8000-000000000000'];

/**
 * Returns paths of several kinds that the segments take. Without parameters and a wildcard, that is the path itself.
 */
export function examplesOf({ segments, hasRest }: Segments): readonly string[] {
  const isOne = !hasRest && !segments.includes(undefined);
  return (isOne ? [''] : fillings).map(filling => {
    const parts = segments.map(segment => segment ?? filling);
    return `/${[...parts, ...(hasRest ? [filling] : [])].join('/')}`;
  });
}

/** Returns paths that a pattern takes which is more than segments; none if it is too complex for this function. */
export function examplesOfOdd(path: string | RegExp, options: PathOptions): readonly string[] {
  const { regexp } = layerOf(path, options) ?? {};
  const pattern = path instanceof RegExp ? path : regexp;
  const example = pattern === undefined ? undefined : exampleOf(pattern, options);
  const texts = path instanceof RegExp ? [] : textsOf(path);
  return [...requestsFor(example), ...texts].filter(matcherOf(path, options));
}

// A regex without ^ need not begin with a slash, but every path does.
function requestsFor(example: string | undefined): readonly string[] {
  if (example === undefined) return [];
  return example.startsWith('/') ? [example] : [example, `/${example}`];
}

// With the optional parts in braces and without them. Leaves out the characters that have a meaning in paths.
function textsOf(path: string): readonly string[] {
  const filled = (text: string, filling: string): string =>
    text.replace(/\\(.)|[:*]\w+(?:\([^)]*\))?|[*{}()?+]/g, (found: string, escaped?: string) => {
      return escaped ?? (/^[:*]/.test(found) ? filling : '');
    });
  return fillings.flatMap(filling => [path, withoutBraces(path)].map(text => filled(text, filling)));
}

// From the inside out.
function withoutBraces(path: string): string {
  const left = path.replace(/\{[^{}]*\}/g, '');
  return left === path ? path : withoutBraces(left);
}

/** Returns a path that the regex takes; `undefined` if its source is too complex for this function. */
export function exampleOf(pattern: RegExp, options: PathOptions): string | undefined {
  if (pattern.flags.includes('v')) return undefined;
  const [alternative = ''] = withoutGroups(pattern.source).split('|');
  const example = alternative
    .replace(/^\^|\$$/g, '')
    .replace(/(\\.|\[(?:\\.|[^\]])*\]|[^])([*?]|\{0.*?\}|\+|\{(\d+).*?\})?\??/g, textOf);
  return matcherOf(pattern, options)(example) ? example : undefined;
}

// Replaces each group with its first alternative, from the inside out. A lookaround takes no text.
function withoutGroups(source: string): string {
  const left = source.replace(
    /\((?:\?:|\?<\w+>|(\?<?[=!]))?([^()|]*)[^()]*\)([*?]|\{0.*?\})?/,
    (_, lookaround: string | undefined, first: string, isOptional?: string) =>
      lookaround === undefined && isOptional === undefined ? first : '',
  );
  return left === source ? source : withoutGroups(left);
}

function textOf(_: string, atom: string, quantifier = '', times = '1'): string {
  if (/^(?:[*?]|\{0)/.test(quantifier)) return '';
  return characterOf(atom).repeat(Math.min(Number(times), 100));
}

// Returns a character that the atom takes: a character class, an escape, a dot, or a literal character.
function characterOf(atom: string): string {
  if (atom.length === 1) return atom === '.' ? 'a' : atom;
  const one = new RegExp(`^${atom}$`);
  return ['1', 'a', '-', atom.slice(1, 2)].find(character => one.test(character)) ?? '';
}

/**
 * Returns the text with which every path of the pattern begins, as far as it is known: in lower case, unless the app
 * distinguishes the cases.
 */
export function beginningOf(path: string | RegExp, { isCaseSensitive }: PathOptions): string {
  const text = path instanceof RegExp ? regexBeginning(path) : textBeginning(path);
  return isCaseSensitive ? text : text.toLowerCase();
}

// In Express 4, ? makes the character in front of it optional, and | separates alternatives.
function textBeginning(path: string): string {
  return path.includes('|') ? '' : (/^(?:[^:*(){}[\]?+!\\](?!\?))*/.exec(path)?.[0] ?? '');
}

// Reads [rR] as well: a prefix in front of a regex is written so.
function regexBeginning({ source }: RegExp): string {
  const literal = /^\^((?:\\[/.-]|\[[a-z][A-Z]\]|[\w/-](?![*?{|]))*)/.exec(source)?.[1] ?? '';
  return source.includes('|') ? '' : literal.replace(/\\|\[|[A-Z]\]/g, '');
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

/** Whether the pattern is a regex that takes every path. */
export function isEverything(path: string | RegExp): boolean {
  return path instanceof RegExp && everything.has(path.source.replace(/[()]|\?:/g, ''));
}
