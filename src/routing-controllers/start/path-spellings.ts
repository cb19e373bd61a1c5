/** Refuses requests and routes that spell a path in another way than the paths with which Express compares it. */
import type { Request } from 'express';
import { ImproperlyConfigured, ParseError } from '../../core/http/exceptions';
import { parentOf, routerOf } from './app-router';
import { restBehind, type Layer } from './path-patterns';

// Encoded letters, digits, "-", "." and "_".
const encodedUnreserved = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F)/i;

// Encoded "~", ":", "@" and sub-delimiters: a path may also have them as they are (RFC 3986 §3.3), but
// encodeURIComponent() encodes some of them.
const encodedAllowed = /%(?:2[146-9A-C]|3[ABD]|40|7E)/i;

// Everything printable but "/", "?", "#" and "%", which are different characters once they are decoded. Node also
// accepts characters that should be encoded, such as "|".
const encodedPrintable = /%(?:2[1246-9A-E]|3[0-9A-E]|[4-6][0-9A-F]|7[0-9A-E])/gi;

/**
 * Refuses a path that encodes a character unnecessarily: `/reports/%73alaries` is another spelling of
 * `/reports/salaries` (RFC 3986 §6.2.2.2). Express compares paths as they are spelled, but decodes parameters. So the
 * request would miss the route of that name, with its rules, and reach a route with a parameter. Clients encode some
 * characters that a path may have, such as the `@` of an address. These are refused only if the path misses a route.
 *
 * @param app the app or router on which the route is registered
 * @throws ParseError for such a path.
 */
export function refuseOtherSpelling(request: Request, app: object): void {
  const [original = ''] = request.originalUrl.split('?');
  // Middleware may have written another path into `url`.
  const current = `${request.baseUrl}${request.path}`;
  if (encodedUnreserved.test(original) || encodedUnreserved.test(current) || isMissed(request, app))
    throw new ParseError('The path encodes characters that need no encoding');
}

/**
 * Refuses a route whose path, as text, encodes a character unnecessarily: a request with the character as it is would
 * miss it.
 *
 * @throws ImproperlyConfigured for such a path.
 */
export function refuseEncodedRoute(path: string | RegExp, place: string): void {
  if (path instanceof RegExp) return;
  const [encoded] = encodedUnreserved.exec(path) ?? encodedAllowed.exec(path) ?? [];
  if (encoded === undefined) return;
  const character = decodeURIComponent(encoded);
  throw new ImproperlyConfigured(
    `The path ${path} of ${place} encodes a character that needs no encoding, ${encoded}: requests that send ${character} miss it, and reach another route. Write ${character} instead, with a backslash in front if it has a meaning in paths of Express.`,
  );
}

/** Whether a route or a middleware in front of this route would take the path if those characters were not encoded. */
function isMissed({ app: requestApp, baseUrl, path, route }: Request, app: object): boolean {
  if (plainOf(baseUrl + path) === baseUrl + path) return false;
  const own: Own = { router: routerOf(app), route };
  if (walk(own.router, path, plainOf(path), own) === 'missed') return true;
  const paths = endsOf(baseUrl).map(end => `${end}${path}`);
  return appsAround(app, requestApp).some(
    one => firstOf(paths, full => walk(routerOf(one), full, plainOf(full), own)) === 'missed',
  );
}

function plainOf(path: string): string {
  return path.replace(encodedPrintable, decodeURIComponent);
}

// Express does not keep which part of `baseUrl` belongs to which app, and a dispatched request may have the `baseUrl`
// of another route. So every end of it may be where the path of an app begins.
function endsOf(baseUrl: string): readonly string[] {
  return baseUrl.split('/').map((_, index, parts) => ['', ...parts.slice(index + 1)].join('/'));
}

/** Returns the apps that handle the request before the app or router of the route does. */
function appsAround(app: object, requestApp: object): readonly object[] {
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

/** The route of the request, and the router that has it. */
interface Own {
  readonly router: object;
  readonly route: unknown;
}

type Outcome = 'missed' | 'reached' | undefined;

// Visits the layers as Express does, up to the route. An app in an app hides its layers, so that all layers beside it
// count, also those behind it.
function walk(router: object, path: string, plain: string, own: Own): Outcome {
  const { stack = [] } = routerOf(router) as { readonly stack?: readonly Layer[] };
  for (const layer of stack) {
    const [rest, plainRest] = [restBehind(layer, path), restBehind(layer, plain)];
    if (layer.route === own.route || (rest !== undefined && routerOf(layer.handle) === own.router)) return 'reached';
    if (plainRest !== undefined && rest === undefined) return 'missed';
    const inner = rest === undefined ? undefined : walk(layer.handle, rest, plainRest ?? rest, own);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
