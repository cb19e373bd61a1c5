/** Where a browser goes after a login: never to a place that a link of somebody else's could choose. */
import { InvalidFields } from '../invalid-fields';

/**
 * A place within `origin`, as a path, or at one of the allowed origins, as a URL.
 *
 * @param wanted from the query; anything
 * @throws InvalidFields for every other place, and for what browsers and servers could read differently.
 */
export function returnPlace(wanted: unknown, origin: string, allowedOrigins: readonly string[]): string {
  if (wanted === undefined) return '/';
  const url = typeof wanted === 'string' && isPlain(wanted) ? new URL(wanted, origin) : undefined;
  // Dots are taken out of a path by now: `/.//evil` has become `//evil`, which is a host once it stands alone.
  const isPath = url?.origin === origin && wanted !== url.href;
  if (isPath && !url.pathname.startsWith('//')) return url.pathname + url.search + url.hash;
  if (!isPath && url !== undefined && [origin, ...allowedOrigins].includes(url.origin)) return url.href;
  throw new InvalidFields({ returnTo: ['Not a place of this application.'] });
}

// One slash in front and not two, no backslash, no control characters: `//evil`, `/\evil` and `/\t/evil` are other hosts
// to a browser. What is left is a path, or says its scheme.
function isPlain(wanted: string): boolean {
  const isShort = wanted.length <= 1024 && /^[\x21-\x5B\x5D-\x7E]*$/.test(wanted);
  return isShort && /^(?:\/(?!\/)|https?:\/\/[^/])/.test(wanted) && URL.canParse(wanted, 'http://localhost');
}
