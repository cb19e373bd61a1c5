/** Refuses requests and routes that spell a path in another way than the paths with which Express compares it. */
import type { Request } from 'express';
import { ImproperlyConfigured, ParseError } from '../../core/http/exceptions';
import { parentOf, routerOf } from './app-router';
import { decodedForm, hasOneForm, normalForm, normalRoute } from './path-forms';
import { exampleOf, restBehind, type Layer } from './path-patterns';

// Encoded letters, digits, "-", "." and "_".
const encodedUnreserved = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F)/i;

// Encoded "~", ":", "@" and sub-delimiters: a path may also have them as they are (RFC 3986 §3.3), but
// encodeURIComponent() encodes some of them.
const encodedAllowed = /%(?:2[146-9A-C]|3[ABD]|40|7E)/i;

/** What has received a request: a route of this app or router, or this guard of plain routes. */
export interface Receiver {
  readonly app?: object;
  readonly guard?: object;
}

/**
 * Refuses a path that encodes a character unnecessarily: `/reports/%73alaries` is another spelling of
 * `/reports/salaries` (RFC 3986 §6.2.2.2). Express compares paths as they are spelled, but decodes parameters. So the
 * request would miss the route of that name, with its rules, and reach a route with a parameter. Clients encode some
 * characters that a path may have, such as the `@` of an address, and leave some as they are that they should encode,
 * such as `|`. These, and hex digits in lower case, are refused only if the path misses a route.
 *
 * @param receiver what has received the request
 * @throws ParseError for such a path.
 */
export function refuseOtherSpelling(request: Request, receiver: Receiver): void {
  const [original = ''] = request.originalUrl.split('?');
  // Middleware may have written another path into `url`.
  const current = `${request.baseUrl}${request.path}`;
  if (encodedUnreserved.test(original) || encodedUnreserved.test(current) || isMissed(decodedForm, request, receiver))
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
function isMissed(
  form: (path: string) => string,
  { app: requestApp, baseUrl, path, route }: Request,
  { app, guard }: Receiver,
): boolean {
  if (hasOneForm(baseUrl + path)) return false;
  const own: Own = { router: app && routerOf(app), route, guard };
  if (own.router !== undefined && walk(own.router, path, form(path), own) === 'missed') return true;
  const paths = endsOf(baseUrl).map(end => `${end}${path}`);
  return appsAround(app, requestApp).some(
    one => firstOf(paths, full => walk(routerOf(one), full, form(full), own)) === 'missed',
  );
}

// Express does not keep which part of `baseUrl` belongs to which app, and a dispatched request may have the `baseUrl`
// of another route. So every end of it may be where the path of an app begins.
function endsOf(baseUrl: string): readonly string[] {
  return baseUrl.split('/').map((_, index, parts) => ['', ...parts.slice(index + 1)].join('/'));
}

/** Returns the apps that handle the request before the app or router of the route does. */
function appsAround(app: object | undefined, requestApp: object): readonly object[] {
  const found: object[] = [];
  for (let one: object | undefined = requestApp; one !== undefined; one = parentOf(one))
    if (one !== app) found.push(one);
  return found;
}

function firstOf(paths: readonly string[], outcomeOf: (path: string) => Outcome): Outcome {
  for (const path of paths) {
    const outcome = outcomeOf(path);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** The route of the request, the router that has it, and the guard that has received the request. */
interface Own {
  readonly router: object | undefined;
  readonly route: unknown;
  readonly guard: object | undefined;
}

type Outcome = 'missed' | 'reached' | undefined;

// Visits the layers as Express does, up to the route. An app in an app hides its layers, so that all layers beside it
// count, also those behind it.
function walk(router: object, path: string, other: string, own: Own): Outcome {
  const { stack = [] } = routerOf(router) as { readonly stack?: readonly Layer[] };
  for (const layer of stack) {
    const [rest, otherRest] = [restBehind(layer, path), restBehind(layer, other)];
    if (isOwn(layer, own) || (rest !== undefined && routerOf(layer.handle) === own.router)) return 'reached';
    if (otherRest !== undefined && rest === undefined) return 'missed';
    const inner = rest === undefined ? undefined : walk(layer.handle, rest, otherRest ?? rest, own);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function isOwn(layer: Layer, { route, guard }: Own): boolean {
  return layer.route === undefined ? layer.handle === guard : layer.route === route;
}
