/** Builds the path of a route for Express, prefixes included. */
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { looseSegmentsOf, type PathOptions } from './path-patterns';

/**
 * Joins the prefixes and the path of a route. routing-controllers' own way to join a prefix with a regex matches
 * nothing.
 *
 * @throws ImproperlyConfigured if the path is a regex that cannot be joined with its prefix.
 */
export function routePath(
  routePrefix: string,
  action: ActionMetadata,
  { isCaseSensitive }: Pick<PathOptions, 'isCaseSensitive'>,
): string | RegExp {
  const own = action.route as string | RegExp | undefined;
  const prefix = pathPrefix(routePrefix, action);
  if (!(own instanceof RegExp)) return `${prefix}${own ?? ''}` || '/';
  // Removes the flags g and y: with them a regex stores a position, and matches only every other request.
  const flags = own.flags.replace(/[gy]/g, '');
  if (prefix === '') return new RegExp(own.source, flags);
  refuseToJoin(prefix, own, `${action.target.name}.${action.method}`);
  const pattern = patternOf(prefix, isCaseSensitive || flags.includes('i'));
  return new RegExp(`^${pattern}(?:${unanchored(own.source)})/?$`, flags);
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

function refuseToJoin(prefix: string, { source }: RegExp, place: string): void {
  const hint = hintAgainstJoining(prefix, atomsOf(unanchored(source)));
  if (hint !== undefined)
    throw new ImproperlyConfigured(
      `The regex /${source}/ of ${place} cannot be joined with the path ${prefix}. ${hint}`,
    );
}

function hintAgainstJoining(prefix: string, atoms: readonly string[]): string | undefined {
  if (looseSegmentsOf(prefix, { isCaseSensitive: true, isStrict: true }) === undefined)
    return 'A regex is joined only with text and with parameters, such as /notes/:id. Make the path of the class and routePrefix such a path, or give the handler a path that is text.';
  if (atoms.includes('^'))
    return 'Below a path, ^ matches only at the beginning of the regex. Write it once, in front of all alternatives: ^(?:…|…)$.';
  if (prefix.includes(':') && atoms.some(atom => /^\\[1-9]/.test(atom)))
    return 'The parameters of the path count as groups. Give the group a name, and refer to it by that name: (?<name>…)\\k<name>.';
  return undefined;
}

// Uses a named group: Express passes it as a parameter, like :name in a path that is text.
function patternOf(prefix: string, isCaseSensitive: boolean): string {
  const parts = prefix.split(/:([A-Za-z_]\w*)/);
  return parts
    .map((part, index) => (index % 2 === 1 ? `(?<${part}>[^/]+?)` : textPattern(part, isCaseSensitive)))
    .join('');
}

// Takes each letter in both cases, as Express takes a path that is text. The flag i would also apply to the handler's
// own regex.
function textPattern(text: string, isCaseSensitive: boolean): string {
  const escaped = text.replace(/[./]/g, '\\$&');
  if (isCaseSensitive) return escaped;
  return escaped.replace(/[a-z]/gi, letter => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

// Removes the outermost anchors. Any other $ must also match in front of the last slash, which the joined regex accepts.
function unanchored(source: string): string {
  const atoms = atomsOf(source);
  const inner = atoms.slice(atoms[0] === '^' ? 1 : 0, atoms.at(-1) === '$' ? -1 : undefined);
  return inner.map(atom => (atom === '$' ? '(?=/?$)' : atom)).join('');
}

// Splits a regex into escapes, character classes and single characters.
function atomsOf(source: string): readonly string[] {
  return source.match(/\\.|\[(?:\\.|[^\]])*\]|[^]/g) ?? [];
}

/** Whether the handler's own path is that of its controller. */
export function isRootPath(route: string | RegExp | undefined): boolean {
  return route === undefined || route === '' || route === '/';
}

/** Whether the handler's own path goes on with a fixed part after its last parameter, such as `/:id/notes`. */
export function namesAfterParameter(route: string | RegExp | undefined): boolean {
  return typeof route === 'string' && /[:*)]/.test(route) && /\/[^/:*(){}]+\/?$/.test(route);
}
