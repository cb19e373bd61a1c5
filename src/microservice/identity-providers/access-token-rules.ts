/** An access token that comes with an ID token: is it the same person's, and this client's? */
import { createHash } from 'node:crypto';
import type { Claims } from '../../core/claims';
import type { ProviderDefinition } from './provider-options';
import { IdentityRefused } from './refusal';
import { isIssuer } from './id-token-rules';

/** Claims, and the algorithm that they are signed with. */
export interface SignedClaims {
  readonly claims: Claims;
  readonly alg: string;
}

/**
 * OpenID Connect Core §3.1.3.6: does the ID token name this access token?
 *
 * @returns whether it does; `false`: it names none.
 * @throws IdentityRefused where it names another one.
 */
export function isBoundByHash(accessToken: string, { claims, alg }: SignedClaims): boolean {
  if (!Object.hasOwn(claims, 'at_hash')) return false;
  if (claims['at_hash'] !== halfHash(accessToken, alg))
    throw new IdentityRefused('The access token is not the one of the ID token', 'token_hash');
  return true;
}

// The left half of the hash that the ID token's own algorithm has; Ed25519's is SHA-512.
function halfHash(text: string, alg: string): string {
  const bits = /(256|384|512)$/.exec(alg)?.[1] ?? '512';
  const digest = createHash(`sha${bits}`).update(text, 'ascii').digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/**
 * What a verified access token must say, beside its times.
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

// RFC 9068 §2.2: client_id; others say azp, Okta cid. A token without any must be the one that the ID token names.
function isThisClient(claims: Claims, provider: ProviderDefinition, isBound: boolean): boolean {
  const { clientId, authorizedParties = [], kind } = provider;
  const named = ['client_id', 'azp', 'cid'].flatMap(name => (Object.hasOwn(claims, name) ? [claims[name]] : []));
  if (named.length === 0) return isBound && kind !== 'aws';
  return named.every(one => one === clientId || authorizedParties.includes(one as string));
}
