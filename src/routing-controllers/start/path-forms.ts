/** The forms in which a path can be spelled: the normal one, the decoded one, and the one in which a route is written. */
import { matcherOf } from './path-patterns';

// The characters of segments (RFC 3986 §3.3), and the slash between them. Without the flag i, which would add letters
// that are not ASCII.
const usual = String.raw`\w\-.~!$&'()*+,;=:@/`;
const isUsual = new RegExp(`^[${usual}]*$`);
const encodedOrUnusual = new RegExp(`%[\\dA-Fa-f]{2}|[^${usual}]`, 'gu');

/** Whether the path encodes nothing, and has no character that should be encoded: then all of its forms are the same. */
export function hasOneForm(path: string): boolean {
  return isUsual.test(path);
}

/**
 * Returns the normal form of a path (RFC 3986 §6.2.2): it encodes only the characters that a segment cannot have as they
 * are, with capital hex digits.
 */
export function normalForm(path: string): string {
  return path.replace(encodedOrUnusual, found => {
    if (found.length !== 3) return encodeURIComponent(found);
    const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    return character !== '/' && isUsual.test(character) ? character : found.toUpperCase();
  });
}

/**
 * Returns the path with every character decoded but control characters, "/", "?", "#" and "%", which are different
 * characters once they are decoded. A regex may be written so.
 */
export function decodedForm(path: string): string {
  return path.replace(/%(?!2[35F]|3F|7F)[2-7][\dA-F]|(?:%[89A-F][\dA-F])+/gi, found => {
    try {
      return decodeURIComponent(found);
    } catch {
      return found;
    }
  });
}

// An empty segment, a dot segment, an encoded slash, and a backslash, which browsers and Windows take for a slash.
const oddSegment = /\/\/|\/\.\.?(?:\/|$)|%2F|%5C|\\/i;

/** Whether code behind the router may take the path for another one, with other segments. */
export function hasOddSegments(path: string): boolean {
  return oddSegment.test(path);
}

/**
 * Returns the paths for which code may take a path that has empty segments, dot segments (RFC 3986 §5.2.4), encoded
 * slashes or backslashes. Which of these is replaced first makes a difference.
 */
export function segmentForms(path: string): readonly string[] {
  return [path, withSlashes(path)].flatMap(one => {
    const [full, plain] = [withoutEmptySegments(one), withoutDotSegments(one)];
    return [one, full, plain, withoutDotSegments(full), withoutEmptySegments(plain)];
  });
}

function withoutEmptySegments(path: string): string {
  return path.replace(/\/{2,}/g, '/');
}

function withSlashes(path: string): string {
  return path.replace(/%2F|%5C|\\/gi, '/');
}

function withoutDotSegments(path: string): string {
  const segments = path.split('/').slice(1);
  const kept: string[] = [];
  for (const segment of segments)
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  const isFolder = segments.at(-1) === '.' || segments.at(-1) === '..';
  return `/${[...kept, ...(isFolder ? [''] : [])].join('/')}`;
}

/** Returns the path with the letters of the fixed segments as the route is written. */
export function asWritten(path: string, route: unknown): string {
  const written = typeof route === 'string' ? route.split('/') : [];
  const inCase = (segment: string, index: number): string => {
    const other = written[index];
    return other?.toLowerCase() === segment.toLowerCase() ? other : segment;
  };
  return path.split('/').map(inCase).join('/');
}

/** Returns the path with a final slash if it has none, and without it if it has one. */
export function withOtherEnd(path: string): string {
  if (!path.endsWith('/')) return `${path}/`;
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end) || '/';
}

// An escape, a parameter or a wildcard, and a group or a character class of Express 4. Then what may be spelled in
// another way. Leaves out the characters that have a meaning in paths of Express.
const pieces =
  /\\([^])|[:*](?:"(?:\\.|[^"\\])*"|[\w$\p{ID_Continue}]+)|\((?:\\.|\([^()]*\)|[^()])*\)|\[(?:\\.|[^\]])*\]|(%[\dA-Fa-f]{2}|[^\w\-.~!$&'()*+,;=:@/?[\]{}\\])/gu;

const isExpress4 = matcherOf('/a|', { isCaseSensitive: false, isStrict: false })('/a');

/** Returns the path of a route, as text, with its fixed parts in their normal form. */
export function normalRoute(path: string): string {
  return path.replace(pieces, (found, escaped?: string, text?: string) => {
    if (text !== undefined) return isExpress4 && text === '|' ? text : normalForm(text);
    return escaped === undefined || hasOneForm(escaped) ? found : normalForm(escaped);
  });
}
