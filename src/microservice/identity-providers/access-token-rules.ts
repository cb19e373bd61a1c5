/** Checks that an access token belongs to the same user and client as the ID token that it comes with. */
import { createHash } from 'node:crypto';
import type { Claims } from '../../core/tokens/claims';
import type { ProviderDefinition } from './provider-options';
import { IdentityRefused } from './refusal';
import { isIssuer } from './id-token-rules';

/** Claims, and the algorithm of their signature. */
export interface SignedClaims {
  readonly claims: Claims;
  readonly alg: string;
}

/**
 * Returns whether the ID token names this access token (OpenID Connect Core §3.1.3.6); `false` if it names none.
 *
 * @throws IdentityRefused if the ID token names another access token
 */
export function isBoundByHash(accessToken: string, { claims, alg }: SignedClaims): boolean {
  if (!Object.hasOwn(claims, 'at_hash')) return false;
  if (claims['at_hash'] !== halfHash(accessToken, alg))
    throw new IdentityRefused('The access token is not the one of the ID token', 'token_hash');
  return true;
}

// The left half of a hash with the hash function of the ID token's algorithm. That of Ed25519 is SHA-512.
function halfHash(text: string, alg: string): string {
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? '512';
  const digest = createHash(`sha${bits}`).update(text, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/**
 * Checks the claims of a verified access token, except its times.
 *
 * @throws IdentityRefused
 */
export function checkAccessToken(
  claims: Claims,
  idToken: Claims,
  provider: ProviderDefinition,
  isBound: boolean,
): void {
  if (!isIssuer(claims.iss, provider))
    throw new IdentityRefused('The access token is from another issuer', 'token_issuer');
  if (isOfAnotherKind(claims, provider)) throw new IdentityRefused('The token is not an access token', 'token_kind');
  if (claims.sub !== idToken.sub) throw new IdentityRefused('The access token is about somebody else', 'token_subject');
  if (!isThisClient(claims, provider, isBound))
    throw new IdentityRefused('The access token was issued to another client', 'token_party');
}

function isOfAnotherKind(claims: Claims, { kind }: ProviderDefinition): boolean {
  const { token_use: use, typ } = claims;
  const isMarked = kind === 'aws' || Object.hasOwn(claims, 'token_use') ? use !== 'access' : false;
  const isTyped = typeof typ === 'string' && ['id', 'refresh', 'offline', 'logout'].includes(typ.toLowerCase());
  return isMarked || isTyped || ['at_hash', 'c_hash', 'nonce', 'events'].some(name => Object.hasOwn(claims, name));
}

// RFC 9068 §2.2 has client_id, other issuers write azp, Okta cid. A token with none of them must be named by the ID
// token.
function isThisClient(claims: Claims, provider: ProviderDefinition, isBound: boolean): boolean {
  const { clientId, authorizedParties = [], kind } = provider;
  const named = ['client_id', 'azp', 'cid'].flatMap(name => (Object.hasOwn(claims, name) ? [claims[name]] : []));
  if (named.length === 0) return isBound && kind !== 'aws';
  return named.every(one => one === clientId || authorizedParties.includes(one as string));
}
