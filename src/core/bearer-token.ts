/** RFC 6750 §2.1: the access token out of a request. Only from the header: RFC 9700 §4.3.2 rules out the query and the form. */
import { InvalidRequest } from './exceptions';

/** What is needed of a request: Node's `IncomingMessage` fits. */
export interface HeaderSource {
  readonly headers: { readonly authorization?: string | undefined };
  /** Field names and values, as they arrived, one after the other. */
  readonly rawHeaders?: readonly string[];
}

// RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The token of an `Authorization: Bearer` header, or `null` where there is no such header or it is of another scheme.
 *
 * @throws InvalidRequest when the header is repeated, has no token, more than one, or one with illegal characters.
 */
export function bearerToken(request: HeaderSource): string | null {
  if (isRepeated(request)) throw new InvalidRequest('The Authorization header is repeated');
  // RFC 9110 §11.1: the scheme is case-insensitive.
  const [, rest] = /^\s*bearer(?=[\s,]|$)(.*)$/is.exec(request.headers.authorization ?? '') ?? [];
  return rest === undefined ? null : checked(rest.trim());
}

// `request.headers` keeps the first of repeated Authorization fields only: which token was meant must not be guessed.
function isRepeated({ rawHeaders = [] }: HeaderSource): boolean {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length > 1;
}

function checked(token: string): string {
  if (token === '') throw new InvalidRequest('The Authorization header has no token');
  if (/[\s,]/.test(token)) throw new InvalidRequest('The Authorization header has more than one token');
  if (!b64token.test(token)) throw new InvalidRequest('The access token has illegal characters');
  return token;
}
