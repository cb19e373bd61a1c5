/** Reads the header parameters `typ` and `cty` (RFC 7515 §4.1.9, §4.1.10). */
import type { TokenHeader } from './compact-jws';

/**
 * Returns a media type in lower case, and without "application/" if that may be left out: only if there is no other
 * "/".
 */
export function shortMediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

/**
 * Tells whether the header says that the payload is a token itself (RFC 7519 §5.2). The claims would then be in the
 * inner token. A `cty` that is not a string counts as well, because its meaning is unknown.
 */
export function isNestedToken(header: TokenHeader): boolean {
  if (!Object.hasOwn(header, 'cty')) return false;
  const { cty } = header;
  return typeof cty !== 'string' || shortMediaType(cty) === 'jwt';
}
