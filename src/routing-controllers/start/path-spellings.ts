/** Refuses requests and routes that spell a path in another way than the paths with which Express compares it. */
import type { Request } from 'express';
import { ImproperlyConfigured, ParseError } from '../../core/http/exceptions';
import { missesLayer, type Receiver } from './layers-in-front';
import { missesGuard } from './missed-guards';
import { decodedForm, hasOneForm, normalForm, normalRoute } from './path-forms';
import { exampleOf } from './path-patterns';

// Encoded letters, digits, "-", "." and "_".
const encodedUnreserved = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F)/i;

// Encoded "~", ":", "@" and sub-delimiters: a path may also have them as they are (RFC 3986 §3.3), but
// encodeURIComponent() encodes some of them.
const encodedAllowed = /%(?:2[146-9A-C]|3[ABD]|40|7E)/i;

// A request may name its host in the request line (RFC 9112 §3.2.2).
const authority = /^[a-z][a-z\d+.-]*:\/\/[^/]*/i;

/**
 * Refuses a path that encodes a character unnecessarily: `/reports/%73alaries` is another spelling of
 * `/reports/salaries` (RFC 3986 §6.2.2.2). Express compares paths as they are spelled, but decodes parameters. So the
 * request would miss the route of that name, with its rules, and reach a route with a parameter. Clients encode some
 * characters that a path may have, such as the `@` of an address, and leave some as they are that they should encode,
 * such as `|`. These, and hex digits in lower case, are refused only if the path misses a route. Empty segments, dot
 * segments, encoded slashes, another case of letters and another final slash are refused only if the path misses a guard
 * or a stricter route (RFC 3986 §6.2.2 and §6.2.3).
 *
 * @param receiver what has received the request
 * @throws ParseError for such a path.
 */
export function refuseOtherSpelling(request: Request, receiver: Receiver): void {
  // Express leaves a fragment out, which a request line cannot have (RFC 9112 §3.2), but which Node takes.
  const [original = ''] = request.originalUrl.split(/[?#]/, 1);
  // Middleware may have written another path into `url`.
  const current = `${request.baseUrl}${request.path}`;
  if (!hasOneForm(current) || (original !== current && !hasOneForm(original)))
    refuseOtherEncoding(request, receiver, [original, current]);
  if (missesGuard(request, receiver, original.replace(authority, '')))
    throw new ParseError(
      'The path must be spelled as its route is: no empty segments, dot segments, encoded slashes or backslashes, the same case of letters, and the same final slash',
    );
}

function refuseOtherEncoding(request: Request, receiver: Receiver, paths: readonly string[]): void {
  if (paths.some(path => encodedUnreserved.test(path)) || isMissed(decodedForm, request, receiver))
    throw new ParseError('The path encodes characters that need no encoding');
  if (isMissed(normalForm, request, receiver))
    throw new ParseError('The path must encode the characters that need it, and no others, with capital hex digits');
}

/**
 * Refuses a route whose path is not in its normal form: a request in that form would miss it. Of a regex only one path is
 * examined, and only how it encodes: it may also take other spellings.
 *
 * @throws ImproperlyConfigured for such a path.
 */
export function refuseOtherForm(path: string | RegExp, place: string): void {
  if (path instanceof RegExp) refuseOtherEncodings(path, place);
  else refuseOtherText(path, place);
}

function refuseOtherText(path: string, place: string): void {
  const [encoded] = encodedUnreserved.exec(path) ?? encodedAllowed.exec(path) ?? [];
  if (encoded !== undefined) {
    const character = decodeURIComponent(encoded);
    throw new ImproperlyConfigured(
      `The path ${path} of ${place} encodes a character that needs no encoding, ${encoded}: requests that send ${character} miss it, and reach another route. Write ${character} instead, with a backslash in front if it has a meaning in paths of Express.`,
    );
  }
  const normal = normalRoute(path);
  if (normal !== path)
    throw new ImproperlyConfigured(
      `The path ${path} of ${place} has a character that clients encode, or hex digits in lower case: requests that send it as ${normal} miss it, and reach another route. Write ${normal} instead.`,
    );
}

function refuseOtherEncodings(regex: RegExp, place: string): void {
  const example = exampleOf(regex, { isCaseSensitive: true, isStrict: true });
  const normal = example?.replace(/%[\da-f]{2}/gi, normalForm);
  if (normal !== undefined && !regex.test(normal))
    throw new ImproperlyConfigured(
      `The regex ${String(regex)} of ${place} takes ${String(example)}, but not ${normal}: requests that send that miss it, and reach another route. Write the path in this form.`,
    );
}

/** Whether a route or a middleware in front of this route would take the path in this form. */
function isMissed(form: (path: string) => string, request: Request, receiver: Receiver): boolean {
  if (hasOneForm(request.baseUrl + request.path)) return false;
  return missesLayer(request, receiver, { formsOf: path => [form(path)], mostForms: 1 });
}
