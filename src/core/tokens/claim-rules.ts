/**
 * The rules for the claims of an access token. They need no key, and are the same for JWTs and for introspected tokens.
 */
import { checkBinding } from './binding';
import { claimValue, firstClaim, type Claims } from './claims';
import type { TokenHeader } from '../jws/compact-jws';
import { InvalidToken } from '../http/exceptions';
import { shortMediaType } from '../jws/media-type';
import { idTokenMarkers } from '../settings/kinds';
import type { Settings } from '../settings/settings';
import { subjectOf } from './token-subject';

type Rule = (claims: Claims, settings: Settings, header: TokenHeader) => void;

/**
 * Checks the claims of a token against every rule. {@link checkTimes} checks the times.
 *
 * @param header the header of the token; default: an empty one, for an opaque token
 * @throws InvalidToken for the first rule that the claims break.
 */
export function checkClaims(claims: Claims, settings: Settings, header: TokenHeader = {}): void {
  for (const rule of rules) rule(claims, settings, header);
}

const rules: readonly Rule[] = [
  fromTheIssuer,
  forThisAudience,
  aboutSomebody,
  notOfAnotherKind,
  checkBinding,
  withRequiredValues,
  asTheProfileSays,
];

// RFC 7519 §4.1.1, RFC 9068 §4: "MUST exactly match".
function fromTheIssuer({ iss }: Claims, { issuerUrl }: Settings): void {
  if (issuerUrl !== undefined && iss !== issuerUrl)
    throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
}

// RFC 7519 §4.1.3: the setting `audience` must have one of the token's audiences, compared as a whole.
function forThisAudience(claims: Claims, settings: Settings): void {
  const value = firstClaim(claims, settings.audienceClaims);
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isOurs = audiences.some(audience => typeof audience === 'string' && settings.audience.includes(audience));
  if (!isOurs) throw new InvalidToken('The access token is for another audience', { reason: 'token_audience' });
}

function aboutSomebody(claims: Claims, { subjectClaims }: Settings): void {
  if (subjectOf(claims, subjectClaims) === undefined)
    throw new InvalidToken('The access token has no subject', { reason: 'token_subject' });
}

// RFC 8725 §3.12: a token of another kind must not serve as an access token. Cognito marks the kind with token_use, and
// Keycloak with a claim typ. Back-Channel Logout §2.4 puts events into logout tokens.
function notOfAnotherKind(claims: Claims, settings: Settings, header: TokenHeader): void {
  const { token_use: use, typ } = claims;
  const isMarked = Object.hasOwn(claims, 'token_use') && use !== 'access';
  const isTyped = typeof typ === 'string' && ['id', 'refresh', 'offline', 'logout'].includes(typ.toLowerCase());
  if (isMarked || isTyped || Object.hasOwn(claims, 'events') || looksLikeIdToken(claims, settings, header))
    throw new InvalidToken('The token is not an access token', { reason: 'token_type' });
}

// Some issuers write the markers of ID tokens into access tokens, too: older Keycloaks the nonce, Dex at_hash.
function looksLikeIdToken(claims: Claims, { ignoredTokenMarkers }: Settings, header: TokenHeader): boolean {
  const isMarked = idTokenMarkers.some(name => Object.hasOwn(claims, name) && !ignoredTokenMarkers.includes(name));
  return isMarked && !saysAccessToken(claims, header);
}

// The header by RFC 9068 §2.1, the claims as Cognito and Keycloak write them.
function saysAccessToken({ token_use: use, typ }: Claims, header: TokenHeader): boolean {
  const isOfTheProfile = typeof header.typ === 'string' && shortMediaType(header.typ) === 'at+jwt';
  return isOfTheProfile || use === 'access' || typ === 'Bearer';
}

function withRequiredValues(claims: Claims, { requiredClaims }: Settings): void {
  const isMet = Object.entries(requiredClaims).every(([name, value]) => claimValue(claims, name) === value);
  if (!isMet) throw new InvalidToken('The access token lacks a required claim', { reason: 'token_claim' });
}

// RFC 9068 §2.2 requires iss, exp, aud, sub, client_id, iat and jti. `checkTimes` always requires exp.
function asTheProfileSays(claims: Claims, { profile }: Settings): void {
  if (profile !== 'rfc9068') return;
  const isComplete = ['iss', 'sub', 'client_id', 'jti'].every(
    name => typeof claims[name] === 'string' && claims[name] !== '',
  );
  if (!isComplete || claimValue(claims, 'aud') === undefined || claims.iat === undefined)
    throw new InvalidToken('The access token lacks a claim of its profile', { reason: 'token_claim' });
}

/**
 * Checks that the token is valid at this time, with a tolerance of `clockTolerance` seconds.
 *
 * @param now milliseconds since 1970
 * @throws InvalidToken for a token that is expired, too old, not yet valid or issued in the future.
 */
export function checkTimes(claims: Claims, { clockTolerance, maxTokenAge }: Settings, now: number): void {
  const seconds = now / 1000;
  const exp = numericDate(claims, 'exp');
  const nbf = numericDate(claims, 'nbf');
  const iat = numericDate(claims, 'iat');
  // RFC 7519 §4.1.4: "on or after which the JWT MUST NOT be accepted".
  if (exp === undefined) throw new InvalidToken('The access token never expires', { reason: 'token_claim' });
  if (seconds >= exp + clockTolerance) throw new InvalidToken('The access token expired', { reason: 'token_expired' });
  if (nbf !== undefined && nbf > seconds + clockTolerance)
    throw new InvalidToken('The access token is not valid yet', { reason: 'token_not_yet_valid' });
  if (iat !== undefined && iat > seconds + clockTolerance)
    throw new InvalidToken('The access token was issued in the future', { reason: 'token_not_yet_valid' });
  if (maxTokenAge !== undefined && (iat === undefined || seconds > iat + maxTokenAge + clockTolerance))
    throw new InvalidToken('The access token is too old', { reason: 'token_too_old' });
}

/** The times of a token in seconds since 1970, tolerance included: the cache checks them on every hit. */
export interface Times {
  /** The token is valid from this time on. */
  readonly start: number;
  /** The token is valid before this time (`exp`). */
  readonly end: number;
  /** The token is valid up to and including this time (`maxTokenAge`). */
  readonly last: number;
}

/**
 * Returns the times of claims.
 *
 * @param claims claims that `checkTimes` has accepted once
 */
export function timesOf(claims: Claims, { clockTolerance, maxTokenAge }: Settings): Times {
  const [exp, nbf, iat] = [numericDate(claims, 'exp') ?? 0, numericDate(claims, 'nbf'), numericDate(claims, 'iat')];
  const end = exp + clockTolerance;
  const last = maxTokenAge === undefined ? end : (iat ?? 0) + maxTokenAge + clockTolerance;
  return { start: Math.max(nbf ?? 0, iat ?? 0) - clockTolerance, end, last };
}

/**
 * Tells whether `checkTimes` would accept the claims at this time.
 *
 * @param now milliseconds since 1970
 */
export function isTimely({ start, end, last }: Times, now: number): boolean {
  const seconds = now / 1000;
  return seconds < end && seconds <= last && start <= seconds;
}

// RFC 7519 §2: a NumericDate is a JSON number, never a string.
function numericDate(claims: Claims, name: 'exp' | 'nbf' | 'iat'): number | undefined {
  if (!Object.hasOwn(claims, name)) return undefined;
  const value = claims[name];
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new InvalidToken(`The access token has no numeric ${name}`, { reason: 'token_claim' });
  return value;
}
