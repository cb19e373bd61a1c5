/** Makes and checks the nonces of DPoP proofs (RFC 9449 §8, §9). They are computed, so that no server stores them. */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Seconds after which a key gets another nonce. Its previous nonce is accepted for as long again. */
export const noncePeriod = 150;

/** A nonce that is accepted is `current`, or `aging`: then the client should get the current one. */
export type NonceAge = 'current' | 'aging';

/**
 * The nonces of all keys. The nonce of a key is an HMAC over the key's thumbprint and the number of the period, so that
 * servers with the same secret accept each other's nonces, and that a nonce is of no use for another key.
 *
 * Only the present time counts, and nothing is remembered of earlier readings. A clock that is set back or ahead makes
 * clients fetch a new nonce, and once it is right again it is right for every client.
 */
export class Nonces {
  readonly #keys: readonly Buffer[];

  /** @param secrets the secret of new nonces, followed by others whose nonces are accepted as well */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map(secret =>
      Buffer.from(hkdfSync('sha256', secret, '', 'axioms: nonces of DPoP proofs', 32)),
    );
  }

  /**
   * Returns the nonce with which a key makes its next proofs.
   *
   * @param now milliseconds since 1970
   */
  nonceOf(thumbprint: string, now: number): string {
    return nonceBy(this.#keys[0] as Buffer, periodAt(now), thumbprint);
  }

  /**
   * Tells how old the nonce of a proof is, or returns `undefined` if it is not accepted.
   *
   * @param now milliseconds since 1970
   */
  ageOf(nonce: string | undefined, thumbprint: string, now: number): NonceAge | undefined {
    if (nonce === undefined) return undefined;
    const isOf = (key: Buffer, period: number): boolean => isSame(nonce, nonceBy(key, period, thumbprint));
    const [period, newest] = [periodAt(now), this.#keys[0] as Buffer];
    // The clock of the server that made it may be ahead.
    if (isOf(newest, period) || isOf(newest, period + 1)) return 'current';
    const isKnown = this.#keys.some(key => [-1, 0, 1].some(distance => isOf(key, period + distance)));
    return isKnown ? 'aging' : undefined;
  }
}

function periodAt(now: number): number {
  return Math.floor(now / 1000 / noncePeriod);
}

function nonceBy(key: Buffer, period: number, thumbprint: string): string {
  return createHmac('sha256', key).update(`${period} ${thumbprint}`).digest('base64url');
}

// A nonce in a proof may have any length, up to that of the proof.
function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
