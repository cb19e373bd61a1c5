/** Checks where a browser goes after a login. An attacker's link must not be able to choose the place. */
import { InvalidFields } from '../invalid-fields';

/**
 * Returns a place at `origin` as a path, or at one of the allowed origins as a URL.
 *
 * @param wanted the untrusted value of the query
 * @throws InvalidFields for any other place, and for a text that browsers and servers could read differently
 */
export function returnPlace(wanted: unknown, origin: string, allowedOrigins: readonly string[]): string {
  if (wanted === undefined) return '/';
  const url = typeof wanted === 'string' && isPlain(wanted) ? new URL(wanted, origin) : undefined;
  // The URL parser has removed dot segments: `/.//evil` is now `//evil`, which a browser would read as a host.
  const isPath = url?.origin === origin && wanted !== url.href;
  if (isPath && !url.pathname.startsWith('//')) return url.pathname + url.search + url.hash;
  if (!isPath && url !== undefined && [origin, ...allowedOrigins].includes(url.origin)) return url.href;
  throw new InvalidFields({ returnTo: ['Not a place of this application.'] });
}

// A single slash at the beginning, no backslash, no control characters: browsers read `//evil`, `/\evil` and `/\t/evil`
// as other hosts. The rest are paths, and URLs with a scheme.
function isPlain(wanted: string): boolean {
  const isShort = wanted.length <= 1024 && /^[\x21-\x5B\x5D-\x7E]*$/.test(wanted);
  return isShort && /^(?:\/(?!\/)|https?:\/\/[^/])/.test(wanted) && URL.canParse(wanted, 'http://localhost');
}
