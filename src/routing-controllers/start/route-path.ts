/** Builds the path of a route for Express, prefixes included. */
import type { Request } from 'express';
import type { ActionMetadata } from 'routing-controllers';
import { ParseError } from '../../core/http/exceptions';
import { routerOf } from './app-router';
import { matches, type Layer } from './path-patterns';

/**
 * Joins the prefixes and the path of a route. routing-controllers' own way to join a prefix with a regex matches
 * nothing.
 */
export function routePath(routePrefix: string, action: ActionMetadata): string | RegExp {
  const own = action.route as string | RegExp | undefined;
  const prefix = pathPrefix(routePrefix, action);
  if (!(own instanceof RegExp)) return `${prefix}${own ?? ''}` || '/';
  // Removes the flags g and y: with them a regex stores a position, and matches only every other request.
  const flags = own.flags.replace(/[gy]/g, '');
  return new RegExp(prefix === '' ? own.source : `^${patternOf(prefix)}(?:${unanchored(own.source)})/?$`, flags);
}

// Encoded letters, digits, "-", "." and "_".
const encodedUnreserved = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F)/i;

// Encoded "~", ":", "@" and sub-delimiters: a path may also have them as they are (RFC 3986 §3.3), but
// encodeURIComponent() encodes some of them.
const encodedAllowed = /%(?:2[146-9A-C]|3[ABD]|40|7E)/gi;

/**
 * Refuses a path that encodes a character unnecessarily: `/reports/%73alaries` is another spelling of
 * `/reports/salaries` (RFC 3986 §6.2.2.2). Express compares paths as they are spelled, but decodes parameters. So the
 * request would miss the route of that name, with its rules, and reach a route with a parameter. Clients encode some
 * characters that a path may have, such as the `@` of an address. These are refused only if the path misses a route.
 *
 * @throws ParseError for such a path.
 */
export function refuseOtherSpelling(request: Request): void {
  const { originalUrl } = request;
  if (!originalUrl.includes('%')) return;
  const [path = ''] = originalUrl.split('?');
  if (encodedUnreserved.test(path) || missesLayer(request))
    throw new ParseError('The path encodes characters that need no encoding');
}

/**
 * Whether a route or a middleware in front of this route would take the path if those characters were not encoded.
 */
function missesLayer({ app, path, route }: Request): boolean {
  const plain = path.replace(encodedAllowed, decodeURIComponent);
  if (plain === path) return false;
  const { stack } = routerOf(app) as { readonly stack: readonly Layer[] };
  const own = stack.findIndex(layer => layer.route === route);
  // A route that is not in the app's own router is in one of its layers, so all of them count.
  const before = own === -1 ? stack : stack.slice(0, own);
  return before.some(layer => matches(layer, plain) && !matches(layer, path));
}

/** Returns the part of the path before the handler's own. */
export function pathPrefix(routePrefix: string, { controllerMetadata }: ActionMetadata): string {
  return `${withSlash(routePrefix)}${(controllerMetadata.route as string | undefined) ?? ''}`;
}

/** Whether the handler's own path has a parameter, or is a regex. */
export function isParametrized(route: string | RegExp | undefined): boolean {
  // In Express 4 a group is an unnamed parameter.
  return route instanceof RegExp || /[:*(]/.test(route ?? '') || isPattern(route ?? '');
}

// Express 4 makes a regex of a path, and these characters keep their meaning in it. Express 5 refuses most of them.
function isPattern(path: string): boolean {
  const unescaped = path.replace(/\\\W/g, '');
  return /[[\]?+|]|\{\d|\\\w/.test(unescaped);
}

function withSlash(prefix: string): string {
  return prefix === '' || prefix.startsWith('/') ? prefix : `/${prefix}`;
}

// Uses a named group: Express passes it as a parameter, like :name in a path that is text.
function patternOf(prefix: string): string {
  return escaped(prefix).replace(/:([A-Za-z_]\w*)/g, '(?<$1>[^/]+?)');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function unanchored(source: string): string {
  return source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
}
