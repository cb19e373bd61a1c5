/**
 * Reads the access token of a request (RFC 6750 §2.1). Reads only the header: RFC 9700 §4.3.2 forbids the query and the
 * form.
 */
import { InvalidRequest } from './exceptions';

/** The parts of a request that are needed. Node's `IncomingMessage` fits. */
export interface HeaderSource {
  readonly headers: { readonly authorization?: string | undefined };
  /** Field names and values as they arrived, alternating. */
  readonly rawHeaders?: readonly string[];
}

// RFC 9110 §5.6.2, §11.1: a scheme is a case-insensitive token. The scheme defines what follows it.
const bearer = /^bearer(?![\w!#$%&'*+\-.^`|~])(.*)$/is;
// RFC 6750 §2.1: "Bearer" 1*SP b64token, and b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
const oneToken = /^bearer +([\w\-.~+/]+=*) *$/i;

/**
 * Returns the token of an `Authorization: Bearer` header, or `null` if there is no such header or it has another
 * scheme.
 *
 * @throws InvalidRequest if the header is repeated, or has no token, more than one, or one with illegal characters.
 */
export function bearerToken(request: HeaderSource): string | null {
  if (isRepeated(request)) throw new InvalidRequest('The Authorization header is repeated');
  const { authorization = '' } = request.headers;
  return oneToken.exec(authorization)?.[1] ?? withoutToken(authorization);
}

/**
 * Tells whether the Authorization field was sent more than once. `request.headers` keeps only the first value, and
 * choosing one would be a guess.
 */
export function isRepeated({ rawHeaders = [] }: HeaderSource): boolean {
  let times = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') times++;
  }
  return times > 1;
}

function withoutToken(authorization: string): null {
  const [, rest] = bearer.exec(authorization) ?? [];
  if (rest === undefined) return null;
  const words = rest.split(/[\s,]+/).filter(word => word !== '');
  if (words.length === 0) throw new InvalidRequest('The Authorization header has no token');
  if (words.length > 1) throw new InvalidRequest('The Authorization header has more than one token');
  throw new InvalidRequest('The access token has illegal characters');
}
