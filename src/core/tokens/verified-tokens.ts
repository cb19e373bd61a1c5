/** Caches accepted tokens, so that a repeated token costs no cryptography. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { timesOf, type Times } from './claim-rules';
import { grantsOf, type Grants } from './claims';
import { claimsFrom, type Claims, type TokenHeader, type UnverifiedToken } from '../jws/compact-jws';
import type { IssuerKeys } from '../issuers/issuer-keys';
import type { VerificationKey } from '../issuers/key-set';
import { isPlain } from '../process/plain';
import type { Settings } from '../settings/settings';
import { subjectOf, type TokenSubject } from './token-subject';

/** A token that passed every check; frozen. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly claims: Claims;
}

/** A verified token, and what it grants according to the settings of its issuer. */
export interface AcceptedToken {
  readonly token: VerifiedToken;
  readonly grants: Grants;
  /** Absent only if no rule has checked the claims. */
  readonly subject: TokenSubject | undefined;
}

/**
 * The cache entry of an accepted token. Most tokens come once, or are not repeated soon. Until one is, its claims are
 * stored as text: one piece of memory instead of dozens that the garbage collector would move and mark.
 */
export class KnownToken {
  /** Whether the token is still cached; `false` after it was revoked or evicted. */
  isKept = false;
  /** Stored separately, because every hit checks them while the claims may still be text. */
  readonly times: Times;
  readonly #header: TokenHeader;
  readonly #claimsText: string;
  #accepted: AcceptedToken | undefined;

  constructor(
    { header, claims, claimsText }: Pick<UnverifiedToken, 'header' | 'claims' | 'claimsText'>,
    /** The token is accepted only while this key is the issuer's. */
    readonly key: VerificationKey,
    /** The keys of its issuer. */
    readonly issuerKeys: IssuerKeys,
    /** The settings of its issuer, by which it was accepted. */
    readonly settings: Settings,
  ) {
    this.times = timesOf(claims, settings);
    this.#header = header;
    this.#claimsText = claimsText;
  }

  get accepted(): AcceptedToken {
    return (this.#accepted ??= acceptedToken(this.#header, claimsFrom(this.#claimsText), this.settings));
  }

  /** Stores the parsed form of the token, unless there is one already. */
  keep(accepted: AcceptedToken): AcceptedToken {
    return (this.#accepted ??= accepted);
  }

  /** The approximate size in bytes: the text, parsed claims of about four times its size, and the rest of the entry. */
  get size(): number {
    return 6 * this.#claimsText.length + 1024;
  }
}

export function acceptedToken(header: TokenHeader, claims: Claims, settings: Settings): AcceptedToken {
  const token = Object.freeze({ header, claims });
  return { token, grants: grantsOf(claims, settings), subject: subjectOf(claims, settings.subjectClaims) };
}

const mostBytes = 32 * 1024 * 1024;

const sizeCalculation = ({ size }: KnownToken): number => size;
const dispose = (token: KnownToken): void => {
  token.isKept = false;
};

/**
 * Returns the hash of a token, as a DPoP proof for it has it in `ath` (RFC 9449 §4.2). It is the key in the cache too, so that
 * no token is in memory as a key. Two spellings of a token have two hashes.
 */
export function tokenHashOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** A bounded cache of accepted tokens: at most `size` of them, and about 32 MiB. */
export class VerifiedTokens {
  readonly #known?: LRUCache<string, KnownToken>;

  constructor(size: number) {
    if (size > 0 && !isPlain) this.#known = new LRUCache({ max: size, maxSize: mostBytes, sizeCalculation, dispose });
  }

  get(tokenHash: string): KnownToken | undefined {
    return this.#known?.get(tokenHash);
  }

  set(tokenHash: string, token: KnownToken): void {
    if (this.#known === undefined) return;
    token.isKept = true;
    this.#known.set(tokenHash, token);
  }

  delete(token: string): boolean {
    return this.#known?.delete(tokenHashOf(token)) ?? false;
  }

  /**
   * Deletes the tokens that `isMeant` selects.
   *
   * @returns the number of deleted tokens
   */
  deleteWhere(isMeant: (token: VerifiedToken) => boolean): number {
    const meant = [...(this.#known?.entries() ?? [])].filter(([, { accepted }]) => isMeant(accepted.token));
    for (const [tokenHash] of meant) this.#known?.delete(tokenHash);
    return meant.length;
  }
}
