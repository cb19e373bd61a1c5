/** Reads the cookies of a request. */
import type { Request } from 'express';

export interface CookiePair {
  readonly name: string;
  readonly value: string;
}

/**
 * Returns the pairs of the field `Cookie`, as they were sent.
 *
 * Removes only spaces and tabs around a pair (RFC 6265 §5.2). `trim()` also removes U+00A0, so that another host of the site
 * could plant a cookie with that byte before `__Host-`: browsers take it for a name without the prefix.
 */
export function cookiesIn({ headers }: Request): readonly CookiePair[] {
  return (headers.cookie ?? '').split(';').flatMap(text => {
    const pair = withoutSpaces(text);
    const end = pair.indexOf('=');
    return end < 0 ? [] : [{ name: pair.slice(0, end), value: pair.slice(end + 1) }];
  });
}

// No pattern: one for the end of a text takes a time that is quadratic in the number of spaces.
function withoutSpaces(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start])) start += 1;
  while (end > start && isSpace(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
