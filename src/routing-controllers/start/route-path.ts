/** The path of a route as Express takes it, prefixes included. */
import type { Request } from 'express';
import type { ActionMetadata } from 'routing-controllers';
import { ParseError } from '../../core/http/exceptions';

/** Upstream's own joining of a prefix with a regex matches nothing. */
export function routePath(routePrefix: string, action: ActionMetadata): string | RegExp {
  const own = action.route as string | RegExp | undefined;
  const prefix = pathPrefix(routePrefix, action);
  if (!(own instanceof RegExp)) return `${prefix}${own ?? ''}` || '/';
  // A regex that remembers where it was matches every other time.
  const flags = own.flags.replace(/[gy]/g, '');
  return new RegExp(prefix === '' ? own.source : `^${patternOf(prefix)}(?:${unanchored(own.source)})/?$`, flags);
}

// Letters, digits, "-", "." and "_".
const encodedUnreserved = /%(?:2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F)/i;

/**
 * Refuses a path that encodes a character without need: `/reports/%73alaries` is another spelling of `/reports/salaries`
 * (RFC 3986 §6.2.2.2). Express compares paths as they are spelled, but decodes parameters: the request would miss the route
 * of that name, with its rules, and reach one with a parameter.
 *
 * @throws ParseError
 */
export function refuseOtherSpelling({ originalUrl }: Request): void {
  if (!originalUrl.includes('%')) return;
  const [path = ''] = originalUrl.split('?');
  if (encodedUnreserved.test(path)) throw new ParseError('The path encodes characters that need no encoding');
}

/** What stands before the handler's own path. */
export function pathPrefix(routePrefix: string, { controllerMetadata }: ActionMetadata): string {
  return `${withSlash(routePrefix)}${(controllerMetadata.route as string | undefined) ?? ''}`;
}

/** Has the handler's own path a parameter, or is it a regex? */
export function isParametrized(route: string | RegExp | undefined): boolean {
  // Express 4 takes a group for an unnamed parameter.
  return route instanceof RegExp || /[:*(]/.test(route ?? '');
}

function withSlash(prefix: string): string {
  return prefix === '' || prefix.startsWith('/') ? prefix : `/${prefix}`;
}

// Express gives a named group as a parameter, as it gives :name of a path that is text.
function patternOf(prefix: string): string {
  return escaped(prefix).replace(/:([A-Za-z_]\w*)/g, '(?<$1>[^/]+?)');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function unanchored(source: string): string {
  return source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
}
