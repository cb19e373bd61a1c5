/**
 * Reads the access token of a request (RFC 6750 §2.1, RFC 9449 §7.1). Reads only the header: RFC 9700 §4.3.2 forbids the query and the
 * form.
 */
import { InvalidRequest } from './exceptions';

/** The parts of a request that are needed. Node's `IncomingMessage` fits. */
export interface HeaderSource {
  readonly headers: { readonly authorization?: string | undefined };
  /** Field names and values as they arrived, alternating. */
  readonly rawHeaders?: readonly string[];
}

/** A scheme of the Authorization header that carries an access token (RFC 6750 §2.1, RFC 9449 §7.1). */
export type TokenScheme = 'Bearer' | 'DPoP';

/** An access token, and the scheme with which it was sent. */
export interface SentToken {
  readonly scheme: TokenScheme;
  readonly token: string;
}

interface Form {
  readonly scheme: TokenScheme;
  readonly any: RegExp;
  readonly oneToken: RegExp;
}

function formOf(scheme: TokenScheme): Form {
  return {
    scheme,
    // RFC 9110 §5.6.2, §11.1: a scheme is a case-insensitive token. The scheme defines what follows it.
    any: new RegExp(`^${scheme}(?![\\w!#$%&'*+\\-.^\`|~])(.*)$`, 'is'),
    // RFC 6750 §2.1, RFC 9110 §11.2: 1*SP, and then 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
    oneToken: new RegExp(`^${scheme} +([\\w\\-.~+/]+=*) *$`, 'i'),
  };
}

const bearer = [formOf('Bearer')];
const bearerOrDpop = [...bearer, formOf('DPoP')];

/**
 * Returns the token of an `Authorization` header, or `null` if there is no such header or it has another scheme.
 *
 * @param readsDpop whether the scheme DPoP is read, besides Bearer
 * @throws InvalidRequest if the header is repeated, or has no token, more than one, or one with illegal characters.
 */
export function sentToken(request: HeaderSource, readsDpop: boolean): SentToken | null {
  if (isRepeated(request)) throw new InvalidRequest('The Authorization header is repeated');
  const { authorization = '' } = request.headers;
  for (const { scheme, any, oneToken } of readsDpop ? bearerOrDpop : bearer) {
    const token = oneToken.exec(authorization)?.[1];
    if (token !== undefined) return { scheme, token };
    refuseMalformed(any.exec(authorization)?.[1]);
  }
  return null;
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

function refuseMalformed(rest: string | undefined): void {
  if (rest === undefined) return;
  const words = rest.split(/[\s,]+/).filter(word => word !== '');
  if (words.length === 0) throw new InvalidRequest('The Authorization header has no token');
  if (words.length > 1) throw new InvalidRequest('The Authorization header has more than one token');
  throw new InvalidRequest('The access token has illegal characters');
}

/** Returns the scheme of an Authorization header, in lower case (RFC 9110 §11.1). */
export function schemeOf(field: string | undefined): string | undefined {
  return /^[\w!#$%&'*+\-.^`|~]+/.exec(field ?? '')?.[0].toLowerCase();
}
