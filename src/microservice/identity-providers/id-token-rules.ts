/** The rules for the claims of an ID token (OpenID Connect Core §2, §3.1.3.7): small checks that need no key. */
import { claimValue, type Claims } from '../../core/tokens/claims';
import type { TokenHeader } from '../../core/jws/compact-jws';
import type { KeyName } from '../../core/issuers/key-set';
import { isNestedToken, shortMediaType } from '../../core/jws/media-type';
import type { ProviderDefinition } from './provider-options';
import { IdentityRefused } from './refusal';

type Rule = (claims: Claims, provider: ProviderDefinition) => void;

/**
 * Checks the claims of an ID token, except times and nonce.
 *
 * @throws IdentityRefused for the first rule that the claims break
 */
export function checkIdToken(claims: Claims, provider: ProviderDefinition): void {
  for (const rule of rules) rule(claims, provider);
}

const rules: readonly Rule[] = [
  fromTheProvider,
  ofTheRightKind,
  forThisClient,
  issuedToThisClient,
  aboutSomebody,
  withIssueTime,
  withRequiredValues,
];

// §3.1.3.7, 2: "MUST exactly match". The other spelling that Google uses is listed.
function fromTheProvider({ iss }: Claims, provider: ProviderDefinition): void {
  if (!isIssuer(iss, provider)) throw new IdentityRefused('The ID token is from another issuer', 'token_issuer');
}

export function isIssuer(iss: unknown, { issuer, issuerAliases }: ProviderDefinition): boolean {
  return typeof iss === 'string' && [issuer, ...issuerAliases].includes(iss);
}

// RFC 8725 §3.12: Cognito marks its tokens with token_use, Keycloak with a claim typ. Access tokens for the client
// itself, which Entra issues, have scopes, and logout tokens have events. ID tokens have neither.
function ofTheRightKind(claims: Claims, { kind }: ProviderDefinition): void {
  const { token_use: use, typ } = claims;
  const isMarked = kind === 'aws' || Object.hasOwn(claims, 'token_use') ? use !== 'id' : false;
  const isTyped = Object.hasOwn(claims, 'typ') && (typeof typ !== 'string' || typ.toLowerCase() !== 'id');
  const hasOthersClaims = ['events', 'scp', 'scope'].some(name => Object.hasOwn(claims, name));
  if (isMarked || isTyped || hasOthersClaims) throw new IdentityRefused('The token is not an ID token', 'token_kind');
}

// §3.1.3.7, 3: the client must be an audience, and it must trust all other audiences.
function forThisClient({ aud }: Claims, { clientId, trustedAudiences = [] }: ProviderDefinition): void {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const areTrusted = audiences.every(one => one === clientId || trustedAudiences.includes(one as string));
  if (!audiences.includes(clientId) || !areTrusted)
    throw new IdentityRefused('The ID token is for another client', 'token_audience');
}

// §3.1.3.7, 4 and 5.
function issuedToThisClient({ aud, azp }: Claims, { clientId, authorizedParties = [] }: ProviderDefinition): void {
  if (azp === undefined && !(Array.isArray(aud) && aud.length > 1)) return;
  if (azp !== clientId && !authorizedParties.includes(azp as string))
    throw new IdentityRefused('The ID token was issued to another client', 'token_party');
}

// §2: ASCII, 255 characters at most.
function aboutSomebody({ sub }: Claims): void {
  if (typeof sub !== 'string' || !/^[\x20-\x7E]{1,255}$/.test(sub))
    throw new IdentityRefused('The ID token has no subject', 'token_subject');
}

function withIssueTime({ iat }: Claims): void {
  if (iat === undefined) throw new IdentityRefused('The ID token has no time of issue', 'token_claim');
}

function withRequiredValues(claims: Claims, { requiredClaims = {} }: ProviderDefinition): void {
  const isMet = Object.entries(requiredClaims).every(([name, value]) => claimValue(claims, name) === value);
  if (!isMet) throw new IdentityRefused('The ID token lacks a required claim', 'token_claim');
}

/**
 * Checks the header before any key is looked up.
 *
 * @returns the key that it names
 * @throws IdentityRefused if the token must not be verified at all
 */
export function checkHeader(header: TokenHeader, algorithms: readonly string[], types: readonly string[]): KeyName {
  const { alg, kid, typ } = header;
  // RFC 8725 §3.1: only configured algorithms are accepted, whatever the token says.
  if (typeof alg !== 'string' || !algorithms.includes(alg))
    throw new IdentityRefused('The algorithm of the token is not accepted', 'token_algorithm');
  if (typeof kid !== 'string' || kid === '') throw new IdentityRefused('The token names no key', 'token_key');
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
    throw new IdentityRefused('The token uses an extension that is not supported', 'token_extension');
  const isTyped = Object.hasOwn(header, 'typ');
  const isRight = !isTyped || (typeof typ === 'string' && types.includes(shortMediaType(typ)));
  if (!isRight || isNestedToken(header))
    throw new IdentityRefused('The token is not of an accepted type', 'token_type');
  return { alg, kid };
}
