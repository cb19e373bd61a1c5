/** Tells the paths of a snapshot that are regexes from those that are text. */
import { matcherOf, type PathOptions } from '../routing-controllers/start/path-patterns';
import type { KnownRoute } from './known-route';

// A snapshot does not tell how the app reads paths. Without the case of letters and final slashes, more are the same.
export const pathOptions: PathOptions = { isCaseSensitive: false, isStrict: false };

/** Returns the path as Express reads it; `undefined` if this version of Express cannot. */
export function patternOf({ path, regex }: Pick<KnownRoute, 'path' | 'regex'>): string | RegExp | undefined {
  try {
    const pattern = regex === undefined ? path : new RegExp(regex.source, regex.flags);
    matcherOf(pattern, pathOptions);
    return pattern;
  } catch {
    return undefined;
  }
}

// The source of a regex has no slash, except escaped or in a character class.
const regexForm = /^\/((?:[^\\/[]|\\.|\[(?:\\.|[^\]\\])*\])+)\/([a-z]*)$/s;

// The characters of text and of parameters, in Express 4 and Express 5.
const textForm = /^[\w\-.~%@&=,;:{}*/]*$/;

/**
 * Adds what a snapshot of version 1 does not say: whether the path is a regex. A path such as `/open/` may be either, so
 * that the regex is added as `maybeRegex`.
 */
export function withGuessedRegex(route: KnownRoute): KnownRoute {
  const [, source, flags = ''] = regexForm.exec(route.path) ?? [];
  if (source === undefined) return route;
  const regex = { source, flags };
  if (patternOf({ ...route, regex }) === undefined) return route;
  const mayBeText = textForm.test(route.path) && patternOf(route) !== undefined;
  return mayBeText ? { ...route, maybeRegex: regex } : { ...route, regex };
}
