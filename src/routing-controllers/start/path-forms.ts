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
