/** When is an access token good: RFC 7519, RFC 9068 and RFC 8725, for a resource server. */
import { checkClaims, checkTimes } from './claim-rules';
import { parseCompactJws, type Claims, type TokenHeader, type UnverifiedToken } from './compact-jws';
import { RevocationCheck } from './denylist';
import { InvalidToken, ServiceUnavailable } from './exceptions';
import type { JwksManager } from './jwks-manager';
import type { Settings } from './settings';
import { verifySignature } from './signature';
import { settingsFor } from './trusted-issuers';
import { VerifiedTokens } from './verified-tokens';

/** A token whose every check held; frozen. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly claims: Claims;
}

/**
 * Which tokens are meant: one, or those of an issuer with these claims. `sub`, `jti`, `sid` and `client_id` mean
 * nothing without `iss`.
 */
export type Revocation =
  | { readonly token: string }
  | {
      readonly token?: never;
      readonly iss: string;
      readonly jti?: string;
      readonly sub?: string;
      readonly sid?: string;
      readonly client_id?: string;
    };

/**
 * Verifies access tokens. Checks that need no key come first: a token that is malformed, expired, foreign or of the
 * wrong kind causes no fetch and no cryptography.
 *
 * @example
 * const { claims } = await Container.get(AccessTokenVerifier).verify(token);
 */
export class AccessTokenVerifier {
  /** The time, in milliseconds; read at the moment of use. */
  clock: () => number = () => Date.now();
  readonly #verified: VerifiedTokens;
  readonly #revocations: RevocationCheck | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly keys: JwksManager,
  ) {
    this.#verified = new VerifiedTokens(settings.tokenCacheSize);
    this.#revocations = RevocationCheck.of(settings);
  }

  /**
   * @throws InvalidToken naming a reason that the client can act on.
   * @throws ServiceUnavailable when the issuer's keys, or the denylist, are needed and cannot be had.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const verified = this.verifiedBefore(token) ?? (await this.verifyAnew(token));
    if (this.#revocations !== undefined) await this.refuseRevoked(verified.claims);
    return verified;
  }

  /**
   * Asks the setting `denylist` about verified claims, for tokens that are verified elsewhere; `verify` does it by itself.
   *
   * @throws InvalidToken for a revoked token.
   * @throws ServiceUnavailable where the denylist cannot be reached.
   */
  async refuseRevoked(claims: Claims): Promise<void> {
    try {
      await this.#revocations?.refuseRevoked(claims);
    } catch (error) {
      throw attributed(error, claims, settingsFor(claims, this.settings) ?? this.settings);
    }
  }

  /**
   * Forgets verified tokens, so that the next request with one of them is checked in full. It denies nothing by itself:
   * a token that is still good is accepted again.
   *
   * @param which one token, or those of an issuer that agree with every claim that is named
   * @returns how many were forgotten
   * @example
   * verifier.revoke({ token });
   * verifier.revoke({ iss: 'https://auth.example.com', sid: 'session-7' });
   */
  revoke(which: Revocation): number {
    if (which.token !== undefined) return this.#verified.delete(which.token) ? 1 : 0;
    const named = namedClaims(which);
    return this.#verified.deleteWhere(({ claims }) => named.every(([name, value]) => claims[name] === value));
  }

  private verifiedBefore(token: string): VerifiedToken | undefined {
    if (token.length > this.settings.maxTokenSize) return undefined;
    const known = this.#verified.get(token);
    if (known === undefined || !this.keys.isCurrent(known.key, known.settings.issuerUrl)) return undefined;
    try {
      checkTimes(known.token.claims, known.settings, this.clock());
    } catch (error) {
      throw attributed(error, known.token.claims, known.settings);
    }
    return known.token;
  }

  private async verifyAnew(token: string): Promise<VerifiedToken> {
    const unverified = parseCompactJws(token, this.settings.maxTokenSize);
    const { claims } = unverified;
    const trusted = settingsFor(claims, this.settings);
    if (trusted === undefined)
      throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
    try {
      return await this.judge(token, unverified, trusted);
    } catch (error) {
      throw attributed(error, claims, trusted);
    }
  }

  private async judge(token: string, unverified: UnverifiedToken, settings: Settings): Promise<VerifiedToken> {
    const { header, claims, signingInput, signature } = unverified;
    const named = checkHeader(header, settings);
    checkTimes(claims, settings, this.clock());
    checkClaims(claims, settings);
    const key = await this.keys.getKey(named, settings.issuerUrl);
    if (!verifySignature(named.alg, key.keyObject, signingInput, signature))
      throw new InvalidToken('The signature of the access token is wrong', { reason: 'token_signature' });
    const verified = Object.freeze({ header, claims });
    this.#verified.set(token, { token: verified, key, settings });
    return verified;
  }
}

const revocationClaims = ['iss', 'jti', 'sub', 'sid', 'client_id'];

// A misspelled or missing name must not forget more, or less, than was meant.
function namedClaims(which: object): [name: string, value: unknown][] {
  const named = Object.entries(which).filter(([, value]) => value !== undefined);
  const isRight = named.every(([name, value]) => revocationClaims.includes(name) && typeof value === 'string');
  if (isRight && named.length > 1 && named.some(([name]) => name === 'iss')) return named;
  throw new TypeError(
    "revoke() takes { token }, or 'iss' and at least one of jti, sub, sid and client_id, each a string.",
  );
}

// jwk, jku, x5u and x5c are never looked at: keys come from the issuer alone (RFC 8725 §3.10).
function checkHeader(header: TokenHeader, settings: Settings): { alg: string; kid: string } {
  const { alg, kid } = header;
  // RFC 8725 §3.1, §3.2: only the algorithms of the list.
  if (typeof alg !== 'string' || !settings.algorithms.includes(alg))
    throw new InvalidToken('The algorithm of the access token is not accepted', { reason: 'token_algorithm' });
  if (typeof kid !== 'string' || kid === '')
    throw new InvalidToken('The access token names no key', { reason: 'token_key' });
  // RFC 7515 §4.1.11: an extension that is not understood makes the token invalid, and none is. RFC 7797 §6: b64 is one.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
    throw new InvalidToken('The access token uses an extension that is not supported', { reason: 'token_extension' });
  if (!acceptsType(header, settings))
    throw new InvalidToken('The token is not of an accepted type', { reason: 'token_type' });
  return { alg, kid };
}

// RFC 8725 §3.11: explicit typing. RFC 7515 §4.1.9: without case, and "application/" may be left out.
function acceptsType(header: TokenHeader, { tokenTypes, profile }: Settings): boolean {
  if (!Object.hasOwn(header, 'typ')) return tokenTypes === undefined && profile === undefined;
  const accepted = profile === undefined ? (tokenTypes ?? ['at+jwt', 'jwt']) : ['at+jwt'];
  return typeof header.typ === 'string' && accepted.some(type => shortType(type) === shortType(header.typ as string));
}

/** The refusal, with the issuer that it is about; only what the settings say: these claims may be anybody's. */
function attributed(error: unknown, { iss }: Claims, { issuerUrl }: Settings): unknown {
  const isOurs = error instanceof InvalidToken || error instanceof ServiceUnavailable;
  if (isOurs && issuerUrl !== undefined && iss === issuerUrl) error.issuer = issuerUrl;
  return error;
}

function shortType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}
