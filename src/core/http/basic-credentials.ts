/** Reads the user-id and password of a request (RFC 7617). */
import { isRepeated, type HeaderSource } from './sent-token';
import { InvalidRequest } from './exceptions';

export interface BasicCredentials {
  readonly userid: string;
  readonly password: string;
}

const basic = /^basic(?![\w!#$%&'*+\-.^`|~])(.*)$/is;
const oneCredential = /^ +([A-Za-z\d+/]+=*) *$/;
// RFC 7617 §2: "the user-id and password MUST NOT contain any control characters".
const control = /[\x00-\x1F\x7F]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Returns the credentials of an `Authorization: Basic` header, or `null` if there is no such header or it has another
 * scheme.
 *
 * @throws InvalidRequest if the header is repeated, or if its credentials are ambiguous or malformed: not canonical
 * base64, not UTF-8, without a colon, or with control characters.
 */
export function basicCredentials(request: HeaderSource): BasicCredentials | null {
  if (isRepeated(request)) throw new InvalidRequest('The Authorization header is repeated');
  const [, rest] = basic.exec(request.headers.authorization ?? '') ?? [];
  return rest === undefined ? null : read(rest);
}

function read(rest: string): BasicCredentials {
  const [, encoded] = oneCredential.exec(rest) ?? [];
  const text = encoded === undefined ? undefined : decoded(encoded);
  // A user-id has no colon, but a password may have some.
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0 || control.test(text))
    throw new InvalidRequest('The Basic credentials are malformed');
  return { userid: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decoded(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
