/** When is an access token good: RFC 7519, RFC 9068 and RFC 8725, for a resource server. */
import { LRUCache } from 'lru-cache';
import { acceptedToken, VerifiedTokens, KnownToken, type AcceptedToken, type VerifiedToken } from './verified-tokens';
import { checkClaims, checkTimes, isTimely } from './claim-rules';
import { parseCompactJws, type Claims, type TokenHeader, type UnverifiedToken } from '../jws/compact-jws';
import { RevocationCheck } from './revocation';
import { InvalidToken, ServiceUnavailable } from '../http/exceptions';
import type { JwksManager } from '../issuers/jwks-manager';
import { isNestedToken, shortMediaType } from '../jws/media-type';
import { isPlain } from '../process/plain';
import type { Settings } from '../settings/settings';
import { keyThatSigned } from './signed-by';
import { after, attempt, type Soon } from '../time/soon';
import type { TokenSubject } from './token-subject';
import { settingsFor } from '../settings/trusted-issuers';

export type { AcceptedToken, KnownToken, VerifiedToken } from './verified-tokens';

/** An accepted token, and what is kept of it. */
export interface Acceptance {
  readonly accepted: AcceptedToken;
  readonly known: KnownToken;
  /** Was it verified just now? */
  readonly isNew: boolean;
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
  /** Of tokens that were accepted: those of one issuer have one of a few. */
  readonly #headers = new LRUCache<string, TokenHeader>({ max: 100 });

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
    const { accepted, known } = await this.accept(token);
    return known.keep(accepted).token;
  }

  /** `verify`, at once where nothing needs to be fetched, and with what the token grants. */
  accept(token: string): Soon<Acceptance> {
    const place = this.#verified.placeOf(token);
    const acceptance = this.acceptedBefore(place) ?? this.acceptAnew(token, place);
    if (this.#revocations === undefined) return acceptance;
    return after(acceptance, found =>
      after(this.refuseRevoked(found.accepted.token.claims, found.accepted.subject), () => found),
    );
  }

  /** Would a token that was accepted before be accepted at once now? A denylist must be asked first. */
  stillAccepts(known: KnownToken): boolean {
    return this.#revocations === undefined && this.isStillGood(known);
  }

  /**
   * Asks the setting `denylist` about verified claims, for tokens that are verified elsewhere; `verify` does it by itself.
   *
   * @param subject of the token, if another claim than `sub` holds it
   * @throws InvalidToken for a revoked token.
   * @throws ServiceUnavailable where the denylist cannot be reached.
   */
  async refuseRevoked(claims: Claims, subject?: TokenSubject): Promise<void> {
    try {
      await this.#revocations?.refuseRevoked(claims, subject);
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

  private isStillGood(known: KnownToken): boolean {
    return known.isKept && known.issuerKeys.isCurrent(known.key) && isTimely(known.times, this.clock());
  }

  private acceptedBefore(place: string): Acceptance | undefined {
    const known = this.#verified.get(place);
    return known !== undefined && this.isStillGood(known)
      ? { known, accepted: known.accepted, isNew: false }
      : undefined;
  }

  private acceptAnew(token: string, place: string): Soon<Acceptance> {
    const unverified = parseCompactJws(token, this.settings.maxTokenSize, this.#headers);
    const { claims } = unverified;
    const trusted = settingsFor(claims, this.settings);
    if (trusted === undefined)
      throw new InvalidToken('The access token is from another issuer', { reason: 'token_issuer' });
    return attempt(
      () => this.judge(unverified, trusted, place),
      error => {
        throw attributed(error, claims, trusted);
      },
    );
  }

  private judge(unverified: UnverifiedToken, settings: Settings, place: string): Soon<Acceptance> {
    const { header, claims } = unverified;
    const named = checkHeader(header, settings);
    checkTimes(claims, settings, this.clock());
    checkClaims(claims, settings, header);
    return after(keyThatSigned(unverified, named, this.keys, settings.issuerUrl), key => {
      if (key === undefined)
        throw new InvalidToken('The signature of the access token is wrong', { reason: 'token_signature' });
      const known = new KnownToken(unverified, key, this.keys.keysOf(settings.issuerUrl), settings);
      this.#verified.set(place, known);
      if (!unverified.isHeaderKnown && !isPlain) this.#headers.set(unverified.headerPart, header);
      return { known, accepted: acceptedToken(header, claims, settings), isNew: true };
    });
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

/** The refusal, with the issuer that it is about; only what the settings say: these claims may be anybody's. */
function attributed(error: unknown, { iss }: Claims, { issuerUrl }: Settings): unknown {
  const isOurs = error instanceof InvalidToken || error instanceof ServiceUnavailable;
  if (isOurs && issuerUrl !== undefined && iss === issuerUrl) error.issuer = issuerUrl;
  return error;
}
