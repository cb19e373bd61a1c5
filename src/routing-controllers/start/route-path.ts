/** Builds the path of a route for Express, prefixes included. */
import type { ActionMetadata } from 'routing-controllers';

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

/** Whether the handler's own path is that of its controller. */
export function isRootPath(route: string | RegExp | undefined): boolean {
  return route === undefined || route === '' || route === '/';
}

/** Whether the handler's own path goes on with a fixed part after its last parameter, such as `/:id/notes`. */
export function namesAfterParameter(route: string | RegExp | undefined): boolean {
  return typeof route === 'string' && /[:*)]/.test(route) && /\/[^/:*(){}]+\/?$/.test(route);
}
