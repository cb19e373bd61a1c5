/** What the header parameters `typ` and `cty` say (RFC 7515 §4.1.9, §4.1.10). */
import type { TokenHeader } from './compact-jws';

/** A media type without case, and without "application/" where that may be left out: only if there is no other "/". */
export function shortMediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '');
}

/**
 * Does the header say that the payload is a token itself (RFC 7519 §5.2)? Its claims would be those of the inner token, and
 * not these. A `cty` that is no text says something that nobody can read, and counts as well.
 */
export function isNestedToken(header: TokenHeader): boolean {
  if (!Object.hasOwn(header, 'cty')) return false;
  const { cty } = header;
  return typeof cty !== 'string' || shortMediaType(cty) === 'jwt';
}
