/** RFC 7515 §7.1: the three parts of a token, where it has exactly one spelling; nothing here is verified. */
import { isUtf8 } from 'node:buffer';
import { InvalidToken } from '../http/exceptions';

/** A JSON value that cannot be changed any more. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The claims of a token: frozen, plain data. */
export type Claims = Readonly<Record<string, JsonValue>>;

/** The header of a token: frozen, plain data. */
export type TokenHeader = Readonly<Record<string, JsonValue>>;

export interface UnverifiedToken {
  readonly header: TokenHeader;
  /** The header as the token spells it. */
  readonly headerPart: string;
  /** Was it parsed before? */
  readonly isHeaderKnown: boolean;
  readonly claims: Claims;
  /** The JSON text of the claims. */
  readonly claimsText: string;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** Headers that were parsed before, by their spelling. */
interface KnownHeaders {
  get(part: string): TokenHeader | undefined;
}

/**
 * Takes a token apart.
 *
 * @param headers by their spelling: those that were parsed before
 * @throws InvalidToken for a token that is longer than `maxSize` bytes, opaque, encrypted, or is not three parts of
 * canonical base64url with JSON objects, no member twice, in the first two.
 */
export function parseCompactJws(token: string, maxSize: number, headers?: KnownHeaders): UnverifiedToken {
  if (token.length > maxSize) throw new InvalidToken('The access token is too long', { reason: 'token_too_long' });
  try {
    return partsOf(token, headers);
  } catch (error) {
    throw error instanceof InvalidToken ? unreadable(token) : error;
  }
}

function partsOf(token: string, headers?: KnownHeaders): UnverifiedToken {
  if (!compactJws.test(token)) throw malformed();
  const headerEnd = token.indexOf('.');
  const claimsEnd = token.indexOf('.', headerEnd + 1);
  const headerPart = token.slice(0, headerEnd);
  const known = headers?.get(headerPart);
  const claimsText = textOf(token.slice(headerEnd + 1, claimsEnd));
  return {
    header: known ?? jsonObject(textOf(headerPart)),
    headerPart,
    isHeaderKnown: known !== undefined,
    claims: jsonObject(claimsText),
    claimsText,
    signingInput: token.slice(0, claimsEnd),
    signature: canonicalBytes(token.slice(claimsEnd + 1)),
  };
}

/**
 * Is this meant to be a JWT: three parts, the first of them a JSON object (RFC 7515 §7.1)? Whoever could take it for one
 * has it, so the decoding is lenient.
 */
export function isJwtShaped(token: string): boolean {
  return formOf(token) === 'signed' && token.split('.', 4).length === 3;
}

/** What a token is meant to be: something that only its issuer can read, a JWE, or a JWS, well made or not. */
export type TokenForm = 'opaque' | 'encrypted' | 'signed';

/** The form by the first part, a JSON object in JWTs alone, and by the number of parts (RFC 7516 §9). */
export function formOf(token: string): TokenForm {
  const parts = token.split('.', 6);
  if (!isJsonObject(parts[0] ?? '')) return 'opaque';
  return parts.length === 5 ? 'encrypted' : 'signed';
}

function isJsonObject(part: string): boolean {
  const value = parseJson(Buffer.from(part, 'base64url').toString());
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The claims of a text that was good before. */
export function claimsFrom(text: string): Claims {
  const claims = JSON.parse(text) as Record<string, JsonValue>;
  freezeAndCountMembers(claims);
  return claims;
}

// Without a cause: the parsers' own messages quote the token, and causes are logged.
function malformed(): InvalidToken {
  return new InvalidToken('The access token is malformed', { reason: 'token_malformed' });
}

function unreadable(token: string): InvalidToken {
  const form = formOf(token);
  if (form === 'opaque') return new InvalidToken('The access token is opaque, not a JWT', { reason: 'token_opaque' });
  if (form === 'encrypted') return new InvalidToken('The access token is encrypted', { reason: 'token_encrypted' });
  return malformed();
}

// RFC 7515 §2: base64url without padding, white space or line breaks, and without stray bits (RFC 4648 §3.5): with them one
// token could be spelled in several ways, and a revoked or cached one be told apart from itself.
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** What the last character may be, by length modulo 4: after whole groups of four any, and one alone never is. */
const lastCharacters = [alphabet, '', 'AQgw', 'AEIMQUYcgkosw048'];

/** Of a part whose characters are those of the alphabet: the whole token was looked at. */
function canonicalBytes(part: string): Buffer {
  if (lastCharacters[part.length % 4]?.includes(part.slice(-1)) !== true) throw malformed();
  // Node reads both alphabets by this name, and faster than by the other.
  return Buffer.from(part, 'base64');
}

function textOf(part: string): string {
  const bytes = canonicalBytes(part);
  // RFC 7515 §4, RFC 7519 §3: UTF-8, and nothing that only resembles it.
  if (!isUtf8(bytes)) throw malformed();
  return bytes.toString();
}

function jsonObject(text: string): Readonly<Record<string, JsonValue>> {
  const value = readJsonObject(text);
  if (value === undefined) throw malformed();
  return value;
}

/** The JSON object of a text, frozen; `undefined` where it is something else, or has a member twice at any depth. */
export function readJsonObject(text: string): Readonly<Record<string, JsonValue>> | undefined {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (freezeAndCountMembers(value) !== countColons(text)) return undefined;
  return value as Readonly<Record<string, JsonValue>>;
}

/** `undefined` where it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// RFC 7519 §4, RFC 8725 §2.4: a member that stands twice means two things to two readers. JSON.parse keeps one of them, after
// unescaping; so the text then has more colons between its strings than the result has members.
function countColons(json: string): number {
  let colons = 0;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (code === quote) index = endOfString(json, index);
    else if (code === colon) colons++;
  }
  return colons;
}

const [quote, colon, backslash] = [0x22, 0x3a, 0x5c];

// The text is JSON by now: every string has an end.
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, index: number): boolean {
  let first = index;
  while (json.charCodeAt(first - 1) === backslash) first--;
  return (index - first) % 2 === 1;
}

/** JSON as it was parsed, at every depth unchangeable from here on. */
export function frozen<T extends object>(json: T): T {
  freezeAndCountMembers(json);
  return json;
}

function freezeAndCountMembers(root: object): number {
  let members = 0;
  // A loop, not a recursion: nesting is the sender's choice.
  const found = [root];
  for (let value = found.pop(); value !== undefined; value = found.pop()) {
    const values: unknown[] = Object.values(Object.freeze(value));
    if (!Array.isArray(value)) members += values.length;
    for (const inner of values) if (typeof inner === 'object' && inner !== null) found.push(inner);
  }
  return members;
}
