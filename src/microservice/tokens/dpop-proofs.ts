/** Proof that a client has a key (RFC 9449): at the sign-in it binds the session to it, later the session asks for it. */
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { isSoundPoint } from '../../core/edwards-point';
import { AuthenticationFailed } from '../../core/exceptions';
import { hashOf } from '../secrets';
import type { OnceStore } from '../stores/store';

/** RFC 9449 §5.1: for the metadata. */
export const dpopAlgorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

/** Seconds around now in which a proof may have been made, and for which it is remembered. */
const window = 60;
const longestProof = 4096;

/** What of a request a proof is about. */
export interface ProvenRequest {
  /** The values of the header field `DPoP`. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
}

export class DpopProofs {
  constructor(
    private readonly store: OnceStore,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  /**
   * The thumbprint of the key that was shown (RFC 7638); `null` where none was.
   *
   * @throws AuthenticationFailed `invalid_dpop_proof` for a proof that is wrong in any way, or was used before.
   */
  async thumbprint({ proofs, method, url }: ProvenRequest): Promise<string | null> {
    const [proof, second] = proofs;
    if (proof === undefined) return null;
    // RFC 9449 §4.3: "There is not more than one DPoP HTTP request header field."
    if (second !== undefined || proof.length > longestProof) throw refusal();
    const { jwk, claims } = await verify(proof, this.clock());
    if (claims['htm'] !== method || claims['htu'] !== url) throw refusal();
    const thumbprint = await calculateJwkThumbprint(jwk);
    await this.refuseReplay(thumbprint, claims);
    return thumbprint;
  }

  private async refuseReplay(thumbprint: string, { jti, iat = 0 }: JWTPayload): Promise<void> {
    const key = `dpop:${hashOf(JSON.stringify([thumbprint, jti]))}`;
    if (!(await this.store.useOnce(key, (iat + 2 * window) * 1000, this.clock()))) throw refusal();
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
    // jose's errors carry the claims: only the name of this one goes on, and only to the log.
    throw refusal(error instanceof Error ? error.name : undefined);
  }
}

// A proof with a key of small order is one that anybody can make.
function requireSoundKey({ crv, x = '' }: JWK): void {
  if (crv === 'Ed25519' && !isSoundPoint(Buffer.from(x, 'base64url'))) throw refusal();
}

// A time of our own, because jose's `maxTokenAge` knows no proof that is made a little in the future.
function requireClaims({ jti, iat }: JWTPayload, now: number): void {
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw refusal();
  if (typeof iat !== 'number' || Math.abs(now / 1000 - iat) > window) throw refusal();
}

function refusal(cause?: string): AuthenticationFailed {
  return new AuthenticationFailed('The DPoP proof is not valid', { code: 'invalid_dpop_proof', cause });
}
