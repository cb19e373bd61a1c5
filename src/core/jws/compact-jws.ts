/** Parses a token in the compact form (RFC 7515 §7.1), and accepts exactly one spelling of it. Verifies nothing. */
import { isUtf8 } from 'node:buffer';
import { InvalidToken } from '../http/exceptions';

/** A frozen JSON value. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** The claims of a token: frozen, plain data. */
export type Claims = Readonly<Record<string, JsonValue>>;

/** The header of a token: frozen, plain data. */
export type TokenHeader = Readonly<Record<string, JsonValue>>;

export interface UnverifiedToken {
  readonly header: TokenHeader;
  /** The first part of the token, as it is written there. */
  readonly headerPart: string;
  /** Whether `header` came from the known headers. */
  readonly isHeaderKnown: boolean;
  readonly claims: Claims;
  /** The JSON text of the claims. */
  readonly claimsText: string;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** Parsed headers by their spelling in a token. */
interface KnownHeaders {
  get(part: string): TokenHeader | undefined;
}

/**
 * Parses a token.
 *
 * @param headers headers that were parsed before, by their spelling in a token
 * @throws InvalidToken for a token that is longer than `maxSize` bytes, opaque or encrypted, and for one that is not
 * three parts of canonical base64url, of which the first two are JSON objects without duplicate members.
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
 * Returns a copy of a part of a token, for keys of caches: V8 makes slices of strings, and a slice keeps the whole string in
 * memory, with the signature.
 */
export function copyOfPart(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1');
}

/**
 * Tells whether a token is meant to be a JWT: three parts, the first of which is a JSON object (RFC 7515 §7.1). Decodes
 * leniently, because another reader might still accept such a token as a JWT.
 */
export function isJwtShaped(token: string): boolean {
  return threeParts.some(parts => parts.test(token)) && hasJsonHeader(token);
}

// With empty parts, and without them: some readers leave them out.
const threeParts = [/^[^.]*\.[^.]*\.[^.]*$/, /^\.*[^.]+\.+[^.]+\.+[^.]+\.*$/];

/**
 * What a token is meant to be: text that only its issuer can read, a JWE, or a JWS, whether or not it is well-formed.
 */
export type TokenForm = 'opaque' | 'encrypted' | 'signed';

/**
 * Returns the form of a token. It depends on the first part that is not empty, which is a JSON object only in a JWT, and on the
 * number of parts (RFC 7516 §9).
 */
export function formOf(token: string): TokenForm {
  if (!hasJsonHeader(token)) return 'opaque';
  return fiveParts.test(token) ? 'encrypted' : 'signed';
}

function hasJsonHeader(token: string): boolean {
  const [first = ''] = /[^.]+/.exec(token) ?? [];
  return objectIn(textIn(first)) !== undefined;
}

// RFC 7516 §5.1: the encrypted key may be empty.
const fiveParts = /^[^.]+\.[^.]*(?:\.[^.]+){3}$/;

/**
 * Returns the JSON objects in the parts of a token, as a lenient reader may read them. Of a part that is a JWT itself (RFC
 * 7519 §5.2), those in its parts.
 */
export function objectsIn(token: string): readonly Claims[] {
  const parts = token.match(/[^.]+/g) ?? [];
  return parts.flatMap(part => {
    const text = textIn(part);
    const object = objectIn(text);
    // The text is shorter than the part, so that this ends.
    return object === undefined ? objectsIn(text) : [object];
  });
}

// `trimStart` also removes a byte order mark, which some readers skip.
function textIn(part: string): string {
  return Buffer.from(part, 'base64url').toString().trimStart();
}

function objectIn(text: string): Claims | undefined {
  return text.startsWith('{') ? (parseJson(text) as Claims | undefined) : undefined;
}

/** Parses the text of claims that was accepted before. */
export function claimsFrom(text: string): Claims {
  const claims = JSON.parse(text) as Record<string, JsonValue>;
  freezeAndCountMembers(claims);
  return claims;
}

// Has no cause: the parsers' own messages quote the token, and causes are logged.
function malformed(): InvalidToken {
  return new InvalidToken('The access token is malformed', { reason: 'token_malformed' });
}

function unreadable(token: string): InvalidToken {
  const form = formOf(token);
  if (form === 'opaque') return new InvalidToken('The access token is opaque, not a JWT', { reason: 'token_opaque' });
  if (form === 'encrypted') return new InvalidToken('The access token is encrypted', { reason: 'token_encrypted' });
  return malformed();
}

// RFC 7515 §2, RFC 4648 §3.5: base64url without padding, white space, line breaks or stray bits. They would give a
// token several spellings, and a revoked token could be replayed in another one.
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/**
 * The characters that may come last, by length modulo 4. After whole groups of four any may; a single one more is never
 * valid.
 */
const lastCharacters = [alphabet, '', 'AQgw', 'AEIMQUYcgkosw048'];

/** Decodes a part. `compactJws` has checked its characters. */
function canonicalBytes(part: string): Buffer {
  if (lastCharacters[part.length % 4]?.includes(part.slice(-1)) !== true) throw malformed();
  // Node decodes both alphabets under this name, and faster than under `base64url`.
  return Buffer.from(part, 'base64');
}

function textOf(part: string): string {
  const bytes = canonicalBytes(part);
  // RFC 7515 §4, RFC 7519 §3: only valid UTF-8.
  if (!isUtf8(bytes)) throw malformed();
  return bytes.toString();
}

function jsonObject(text: string): Readonly<Record<string, JsonValue>> {
  const value = readJsonObject(text);
  if (value === undefined) throw malformed();
  return value;
}

/**
 * Parses a JSON object and freezes it. Returns `undefined` for any other text, and for an object with a duplicate
 * member at any depth.
 */
export function readJsonObject(text: string): Readonly<Record<string, JsonValue>> | undefined {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (freezeAndCountMembers(value) !== countColons(text)) return undefined;
  return value as Readonly<Record<string, JsonValue>>;
}

/** Returns `undefined` for text that is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// RFC 7519 §4, RFC 8725 §2.4: two readers may understand a duplicate member differently. JSON.parse keeps one of the
// two, after unescaping, so the text then has more colons between its strings than the result has members.
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

// The text is valid JSON here, so every string has an end.
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

/** Freezes a parsed JSON value at every depth. */
export function frozen<T extends object>(json: T): T {
  freezeAndCountMembers(json);
  return json;
}

function freezeAndCountMembers(root: object): number {
  let members = 0;
  // A loop instead of a recursion, because the sender chooses how deeply a token is nested.
  const found = [root];
  for (let value = found.pop(); value !== undefined; value = found.pop()) {
    const values: unknown[] = Object.values(Object.freeze(value));
    if (!Array.isArray(value)) members += values.length;
    for (const inner of values) if (typeof inner === 'object' && inner !== null) found.push(inner);
  }
  return members;
}
