/** The tokens that were accepted already: a repeated one costs no cryptography. */
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

/** A token whose every check held; frozen. */
export interface VerifiedToken {
  readonly header: TokenHeader;
  readonly claims: Claims;
}

/** A verified token, and what it grants by the settings of its issuer. */
export interface AcceptedToken {
  readonly token: VerifiedToken;
  readonly grants: Grants;
  /** Absent only where no rule has looked at the claims. */
  readonly subject: TokenSubject | undefined;
}

/**
 * What is kept of an accepted token. Most tokens come once, or not soon again: until one does, its claims are kept as
 * their text, one piece of memory instead of dozens that the garbage collector would move and mark.
 */
export class KnownToken {
  /** Is it still kept? It is no longer where it was revoked, or had to make room. */
  isKept = false;
  /** They are asked on each hit, where the claims may still be text. */
  readonly times: Times;
  readonly #header: TokenHeader;
  readonly #claimsText: string;
  #accepted: AcceptedToken | undefined;

  constructor(
    { header, claims, claimsText }: Pick<UnverifiedToken, 'header' | 'claims' | 'claimsText'>,
    /** The token is good only while this very key is the issuer's. */
    readonly key: VerificationKey,
    /** The keys of its issuer. */
    readonly issuerKeys: IssuerKeys,
    /** The settings of its issuer: what accepted it. */
    readonly settings: Settings,
  ) {
    this.times = timesOf(claims, settings);
    this.#header = header;
    this.#claimsText = claimsText;
  }

  get accepted(): AcceptedToken {
    return (this.#accepted ??= acceptedToken(this.#header, claimsFrom(this.#claimsText), this.settings));
  }

  /** Keeps what was parsed already. */
  keep(accepted: AcceptedToken): AcceptedToken {
    return (this.#accepted ??= accepted);
  }

  /** About how many bytes it takes: parsed claims take about four times their text, the rest is its own. */
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

/** A bounded memory of accepted tokens: at most `size` of them, and about 32 MiB. */
export class VerifiedTokens {
  readonly #known?: LRUCache<string, KnownToken>;

  constructor(size: number) {
    if (size > 0 && !isPlain) this.#known = new LRUCache({ max: size, maxSize: mostBytes, sizeCalculation, dispose });
  }

  /**
   * Where a token is kept: its hash, so that no token lies about in memory as a key. Two spellings of a token are two
   * tokens.
   */
  placeOf(token: string): string {
    return this.#known === undefined ? '' : hash('sha256', token, 'binary');
  }

  get(place: string): KnownToken | undefined {
    return this.#known?.get(place);
  }

  set(place: string, token: KnownToken): void {
    if (this.#known === undefined) return;
    token.isKept = true;
    this.#known.set(place, token);
  }

  delete(token: string): boolean {
    return this.#known?.delete(this.placeOf(token)) ?? false;
  }

  /** @returns how many there were. */
  deleteWhere(isMeant: (token: VerifiedToken) => boolean): number {
    const meant = [...(this.#known?.entries() ?? [])].filter(([, { accepted }]) => isMeant(accepted.token));
    for (const [place] of meant) this.#known?.delete(place);
    return meant.length;
  }
}
