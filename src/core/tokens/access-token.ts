/** Verifies access tokens as a resource server: RFC 7519, RFC 9068 and RFC 8725. */
import { LRUCache } from 'lru-cache';
import { acceptedToken, tokenHashOf, VerifiedTokens, KnownToken } from './verified-tokens';
import type { AcceptedToken, VerifiedToken } from './verified-tokens';
import { isBound, requirePossession, requireUnbound, type Possession } from './binding';
import { checkClaims, checkTimes, isTimely } from './claim-rules';
import { copyOfPart, parseCompactJws, type Claims, type TokenHeader, type UnverifiedToken } from '../jws/compact-jws';
import { RevocationCheck } from './revocation';
import { InvalidToken, ServiceUnavailable } from '../http/exceptions';
import type { JwksManager } from '../issuers/jwks-manager';
import { isNestedToken, shortMediaType } from '../jws/media-type';
import { isPlain } from '../process/plain';
import { ProofVerifier } from '../proofs/proof-verifier';
import type { Settings } from '../settings/settings';
import { keyThatSigned } from './signed-by';
import { after, attempt, type Soon } from '../time/soon';
import { systemClock } from '../time/steady-clock';
import type { TokenSubject } from './token-subject';
import { settingsFor } from '../settings/trusted-issuers';

export type { AcceptedToken, KnownToken, VerifiedToken } from './verified-tokens';

/** An accepted token, and its entry in the cache. */
export interface Acceptance {
  readonly accepted: AcceptedToken;
  readonly known: KnownToken;
  /** Whether the token was verified just now; `false` for a token from the cache. */
  readonly isNew: boolean;
}

/**
 * Selects tokens: one, or those of an issuer with these claims. `sub`, `jti`, `sid` and `client_id` are unique only
 * within an issuer, so they need `iss`.
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
 * Verifies access tokens. Checks that need no key come first: a token that is malformed, expired, from another issuer
 * or of another kind causes no fetch and no cryptography.
 *
 * @example
 * const { claims } = await Container.get(AccessTokenVerifier).verify(token);
 */
export class AccessTokenVerifier {
  /** Milliseconds since 1970; read at the moment of use. */
  clock: () => number = systemClock;
  readonly #verified: VerifiedTokens;
  readonly #revocations: RevocationCheck | undefined;
  readonly #proofs: ProofVerifier;
  /** Headers of accepted tokens. The tokens of one issuer have only a few different headers. */
  readonly #headers = new LRUCache<string, TokenHeader>({ max: 100 });

  constructor(
    private readonly settings: Settings,
    private readonly keys: JwksManager,
  ) {
    this.#verified = new VerifiedTokens(settings.tokenCacheSize);
    this.#revocations = RevocationCheck.of(settings);
    this.#proofs = new ProofVerifier(settings, () => this.clock);
  }

  /**
   * Verifies a token. Refuses a token that is bound to a key (`cnf`): only a request can show that its sender has the key.
   *
   * @throws InvalidToken with a reason that the client can act on.
   * @throws ServiceUnavailable if the issuer's keys or the denylist are needed and unavailable.
   */
  async verify(token: string): Promise<VerifiedToken> {
    const { accepted, known } = await this.#acceptUnproven(token, tokenHashOf(token));
    requireUnbound(accepted.token.claims);
    return known.keep(accepted).token;
  }

  /**
   * Accepts the token of a request. Does what `verify` does, but returns without a promise if nothing has to be fetched,
   * and includes what the token grants.
   *
   * @param shown how the caller shows that it has the key of a bound token; checked for cached tokens, too
   * @throws InvalidProof if the token is bound to a key, and its proof is missing, wrong or was used before
   */
  accept(token: string, shown: Possession): Soon<Acceptance> {
    const tokenHash = tokenHashOf(token);
    return after(this.#acceptUnproven(token, tokenHash), found =>
      after(this.#requirePossession(tokenHash, found.accepted.token.claims, shown), () => found),
    );
  }

  /**
   * Checks that the caller has every key that a token is bound to, for tokens that other code verifies; `accept` includes
   * this check.
   */
  requirePossession(token: string, claims: Claims, shown: Possession): Soon<void> {
    return this.#requirePossession(tokenHashOf(token), claims, shown);
  }

  #requirePossession(tokenHash: string, claims: Claims, shown: Possession): Soon<void> {
    return attempt(
      () => requirePossession(tokenHash, claims, shown, this.#proofs),
      error => {
        throw attributed(error, claims, settingsFor(claims, this.settings) ?? this.settings);
      },
    );
  }

  #acceptUnproven(token: string, tokenHash: string): Soon<Acceptance> {
    const acceptance = this.acceptedBefore(tokenHash) ?? this.acceptAnew(token, tokenHash);
    if (this.#revocations === undefined) return acceptance;
    return after(acceptance, found =>
      after(this.refuseRevoked(found.accepted.token.claims, found.accepted.subject), () => found),
    );
  }

  /**
   * Tells whether a token that was accepted before would be accepted now, if `refuseRevoked()` does not refuse it. Always
   * false for a token that is bound to a key: each request must show the key.
   */
  stillAccepts(known: KnownToken, { scheme }: Pick<Possession, 'scheme'>): boolean {
    return this.isStillGood(known) && scheme === 'Bearer' && !isBound(known.accepted.token.claims);
  }

  /**
   * Checks verified claims against the setting `denylist`, for tokens that other code verifies; `verify` includes this
   * check. Returns without a promise if the denylist answers at once.
   *
   * @param subject the subject of the token, if another claim than `sub` holds it
   * @throws InvalidToken for a revoked token.
   * @throws ServiceUnavailable if the denylist cannot be reached.
   */
  refuseRevoked(claims: Claims, subject?: TokenSubject): Soon<void> {
    return attempt(
      () => this.#revocations?.refuseRevoked(claims, subject),
      error => {
        throw attributed(error, claims, settingsFor(claims, this.settings) ?? this.settings);
      },
    );
  }

  /**
   * Deletes verified tokens from the cache, so that the next request with one of them is checked in full. This revokes
   * nothing by itself: a token that is still valid is accepted again.
   *
   * @param which one token, or the tokens of an issuer with all of the given claims
   * @returns the number of deleted tokens
   * @example
   * verifier.revoke({ token });
   * verifier.revoke({ iss: 'https://auth.example.com', sid: 'session-7' });
   */
  revoke(which: Revocation): number {
    if (which.token !== undefined) return this.#verified.delete(which.token) ? 1 : 0;
    const named = namedClaims(which);
    return this.#verified.deleteWhere(({ claims }) => named.every(([name, value]) => claims[name] === value));
  }

  private isStillGood(known: KnownToken): boolean {
    return known.isKept && known.issuerKeys.isCurrent(known.key) && isTimely(known.times, this.clock());
  }

  private acceptedBefore(tokenHash: string): Acceptance | undefined {
    const known = this.#verified.get(tokenHash);
    return known !== undefined && this.isStillGood(known)
      ? { known, accepted: known.accepted, isNew: false }
      : undefined;
  }

  private acceptAnew(token: string, tokenHash: string): Soon<Acceptance> {
    const unverified = parseCompactJws(token, this.settings.maxTokenSize, this.#headers);
    const { claims } = unverified;
    const trusted = settingsFor(claims, this.settings);
    if (trusted === undefined)
      throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
    return attempt(
      () => this.judge(unverified, trusted, tokenHash),
      error => {
        throw attributed(error, claims, trusted);
      },
    );
  }

  private judge(unverified: UnverifiedToken, settings: Settings, tokenHash: string): Soon<Acceptance> {
    const { header, claims } = unverified;
    const named = checkHeader(header, settings);
    checkTimes(claims, settings, this.clock());
    checkClaims(claims, settings, header);
    return after(keyThatSigned(unverified, named, this.keys, settings.issuerUrl), key => {
      if (key === undefined)
        throw new InvalidToken('The signature of the access token is wrong', { reason: 'token_signature' });
      const known = new KnownToken(unverified, key, this.keys.keysOf(settings.issuerUrl), settings);
      this.#verified.set(tokenHash, known);
      if (!unverified.isHeaderKnown && !isPlain) this.#headers.set(copyOfPart(unverified.headerPart), header);
      return { known, accepted: acceptedToken(header, claims, settings), isNew: true };
    });
  }
}

const revocationClaims = ['iss', 'jti', 'sub', 'sid', 'client_id'];

// A misspelled or missing name must not delete more tokens, or fewer, than the app means.
function namedClaims(which: object): [name: string, value: unknown][] {
  const named = Object.entries(which).filter(([, value]) => value !== undefined);
  const isRight = named.every(([name, value]) => revocationClaims.includes(name) && typeof value === 'string');
  if (isRight && named.length > 1 && named.some(([name]) => name === 'iss')) return named;
  throw new TypeError(
    "revoke() takes { token }, or 'iss' and at least one of jti, sub, sid and client_id, each a string.",
  );
}

// RFC 8725 §3.10: jwk, jku, x5u and x5c are ignored, because keys come only from the issuer.
function checkHeader(header: TokenHeader, settings: Settings): { alg: string; kid: string } {
  const { alg, kid } = header;
  // RFC 8725 §3.1, §3.2: only the algorithms of the setting are accepted.
  if (typeof alg !== 'string' || !settings.algorithms.includes(alg))
    throw new InvalidToken('The algorithm of the access token is not accepted', { reason: 'token_algorithm' });
  if (typeof kid !== 'string' || kid === '')
    throw new InvalidToken('The access token names no key', { reason: 'token_key' });
  // RFC 7515 §4.1.11: an extension that is not understood makes the token invalid, and this library understands none.
  // b64 is one, too (RFC 7797 §6).
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
    throw new InvalidToken('The access token uses an extension that is not supported', { reason: 'token_extension' });
  if (isNestedToken(header)) throw new InvalidToken('The access token holds another token', { reason: 'token_type' });
  if (!acceptsType(header, settings))
    throw new InvalidToken('The token is not of an accepted type', { reason: 'token_type' });
  return { alg, kid };
}

// RFC 8725 §3.11: explicit typing.
function acceptsType(header: TokenHeader, { tokenTypes, profile }: Settings): boolean {
  if (!Object.hasOwn(header, 'typ')) return tokenTypes === undefined && profile === undefined;
  const accepted = profile === undefined ? (tokenTypes ?? ['at+jwt', 'jwt']) : ['at+jwt'];
  const { typ } = header;
  if (typeof typ !== 'string') return false;
  return accepted.includes(typ) || accepted.some(type => shortMediaType(type) === shortMediaType(typ));
}

/**
 * Adds the issuer to a refusal. Uses only the issuer of the settings, because anyone can write any `iss` into
 * unverified claims.
 */
function attributed(error: unknown, { iss }: Claims, { issuerUrl }: Settings): unknown {
  const isOurs = error instanceof InvalidToken || error instanceof ServiceUnavailable;
  if (isOurs && issuerUrl !== undefined && iss === issuerUrl) error.issuer = issuerUrl;
  return error;
}
