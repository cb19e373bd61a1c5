/** The path of a route as Express takes it, prefixes included. */
import type { ActionMetadata } from 'routing-controllers';

/** Upstream's own joining of a prefix with a regex matches nothing. */
export function routePath(routePrefix: string, action: ActionMetadata): string | RegExp {
  const own = action.route as string | RegExp | undefined;
  const prefix = pathPrefix(routePrefix, action);
  if (!(own instanceof RegExp)) return `${prefix}${own ?? ''}` || '/';
  // A regex that remembers where it was matches every other time.
  const flags = own.flags.replace(/[gy]/g, '');
  return new RegExp(prefix === '' ? own.source : `^${escaped(prefix)}(?:${unanchored(own.source)})/?$`, flags);
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

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function unanchored(source: string): string {
  return source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
}
