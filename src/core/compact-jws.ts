/** RFC 7515 §7.1: the three parts of a token, where it has exactly one spelling; nothing here is verified. */
import { InvalidToken } from './exceptions';

/** A JSON value that cannot be changed any more. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The claims of a token: frozen, plain data. */
export type Claims = Readonly<Record<string, JsonValue>>;

/** The header of a token: frozen, plain data. */
export type TokenHeader = Readonly<Record<string, JsonValue>>;

export interface UnverifiedToken {
  readonly header: TokenHeader;
  readonly claims: Claims;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Takes a token apart.
 *
 * @throws InvalidToken for a token that is longer than `maxSize` bytes, or is not three parts of canonical base64url
 * with JSON objects, no member twice, in the first two.
 */
export function parseCompactJws(token: string, maxSize: number): UnverifiedToken {
  if (token.length > maxSize) throw new InvalidToken('The access token is too long', { reason: 'token_too_long' });
  const parts = token.split('.', 4);
  const [header, claims, signature] = parts;
  if (parts.length !== 3 || header === undefined || claims === undefined || signature === undefined) throw malformed();
  return {
    header: jsonObject(header),
    claims: jsonObject(claims),
    signingInput: token.slice(0, header.length + 1 + claims.length),
    signature: canonicalBytes(signature),
  };
}

/**
 * Is this meant to be a JWT: three parts, the first of them a JSON object (RFC 7515 §7.1)? Whoever could take it for one
 * has it, so the decoding is lenient.
 */
export function isJwtShaped(token: string): boolean {
  const [header = '', ...others] = token.split('.', 4);
  if (others.length !== 2) return false;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

// Without a cause: the parsers' own messages quote the token, and causes are logged.
function malformed(): InvalidToken {
  return new InvalidToken('The access token is malformed', { reason: 'token_malformed' });
}

// RFC 7515 §2: base64url without padding, white space or line breaks. Encoding it again finds stray bits (RFC 4648 §3.5):
// with them one token could be spelled in several ways, and a revoked or cached one be told apart from itself.
function canonicalBytes(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.length === 0 || bytes.toString('base64url') !== part) throw malformed();
  return bytes;
}

function jsonObject(part: string): Readonly<Record<string, JsonValue>> {
  const text = decodeUtf8(canonicalBytes(part));
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  if (freezeAndCountMembers(value) !== countMembers(text)) throw malformed();
  return value as Readonly<Record<string, JsonValue>>;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed();
  }
}

// RFC 7519 §4, RFC 8725 §2.4: a member that stands twice means two things to two readers. JSON.parse keeps one of them, after
// unescaping; so the text then has more colons between its strings than the result has members.
function countMembers(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
}

/** JSON as it was parsed, at every depth unchangeable from here on. */
export function frozen<T extends object>(json: T): T {
  freezeAndCountMembers(json);
  return json;
}

// A loop, not a recursion: nesting is the sender's choice.
function freezeAndCountMembers(root: object): number {
  let members = 0;
  const found: unknown[] = [root];
  for (let value = found.pop(); value !== undefined; value = found.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const values: unknown[] = Object.values(Object.freeze(value));
    if (!Array.isArray(value)) members += values.length;
    for (const inner of values) if (typeof inner === 'object' && inner !== null) found.push(inner);
  }
  return members;
}
