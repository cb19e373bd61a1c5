/**
 * Verifies proofs of a client's key (RFC 9449): at sign-in a proof binds the session to the key, later the session
 * requires it.
 */
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { isSoundPoint } from '../../core/jws/edwards-point';
import { AuthenticationFailed } from '../../core/http/exceptions';
import { hashOf } from '../secrets';
import type { OnceStore } from '../stores/store';
import { timeOf } from '../stores/store-time';

/** The algorithms for the metadata (RFC 9449 §5.1). */
export const dpopAlgorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

/** Seconds before and after now within which a proof must be issued. */
const window = 60;
const longestProof = 4096;

/** The parts of a request that a proof covers. */
export interface ProvenRequest {
  /** The values of the header field `DPoP`. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URLs of the endpoint, without query and fragment. The proof must name one of them. */
  readonly urls: readonly string[];
}

export class DpopProofs {
  constructor(
    private readonly store: OnceStore,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  /**
   * Returns the thumbprint of the key that the proof shows (RFC 7638); `null` without a proof.
   *
   * @throws AuthenticationFailed `invalid_dpop_proof` for a proof that is invalid or was used before
   */
  async thumbprint({ proofs, method, urls }: ProvenRequest): Promise<string | null> {
    const [proof, second] = proofs;
    if (proof === undefined) return null;
    // RFC 9449 §4.3: "There is not more than one DPoP HTTP request header field."
    if (second !== undefined || proof.length > longestProof) throw refusal();
    const { jwk, claims } = await verify(proof, this.clock());
    if (claims['htm'] !== method || !urls.some(url => url === claims['htu'])) throw refusal();
    const thumbprint = await calculateJwkThumbprint(jwk);
    await this.refuseReplay(thumbprint, claims);
    return thumbprint;
  }

  private async refuseReplay(thumbprint: string, { jti, iat = 0 }: JWTPayload): Promise<void> {
    const key = `dpop:${hashOf(JSON.stringify([thumbprint, jti]))}`;
    // The proof is as old as this process says, and is remembered by the store's clock, which all processes share.
    const rest = (iat + 2 * window) * 1000 - this.clock();
    const now = await timeOf(this.store, this.clock);
    // RFC 7519 §2: `iat` may have a fraction. Stores keep whole milliseconds.
    if (!(await this.store.useOnce(key, Math.ceil(now + rest), Math.floor(now)))) throw refusal();
  }
}

interface Proof {
  readonly jwk: JWK;
  readonly claims: JWTPayload;
}

async function verify(proof: string, now: number): Promise<Proof> {
  try {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      algorithms: dpopAlgorithms,
      typ: 'dpop+jwt',
      currentDate: new Date(now),
    });
    const jwk = protectedHeader.jwk as JWK;
    requireSoundKey(jwk);
    requireClaims(payload, now);
    return { jwk, claims: payload };
  } catch (error) {
    // jose's errors contain the claims, so only the error's name is kept, for the log.
    throw refusal(error instanceof Error ? error.name : undefined);
  }
}

// Anyone can create a proof with a key of small order.
function requireSoundKey({ crv, x = '' }: JWK): void {
  if (crv === 'Ed25519' && !isSoundPoint(Buffer.from(x, 'base64url'))) throw refusal();
}

// Checks `iat` here, because jose's `maxTokenAge` refuses a proof from a clock that is slightly ahead.
function requireClaims({ jti, iat }: JWTPayload, now: number): void {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw refusal();
  if (typeof iat !== 'number' || Math.abs(now / 1000 - iat) > window) throw refusal();
}

function refusal(cause?: string): AuthenticationFailed {
  return new AuthenticationFailed('The DPoP proof is not valid', { code: 'invalid_dpop_proof', cause });
}
