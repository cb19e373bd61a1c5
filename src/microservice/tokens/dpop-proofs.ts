/**
 * Verifies proofs of a client's key (RFC 9449): at sign-in a proof binds the session to the key, later the session
 * requires it.
 */
import { AuthenticationFailed } from '../../core/http/exceptions';
import { InvalidProof } from '../../core/http/possession-exceptions';
import { checkedProof, proofWindow, type CheckedProof } from '../../core/proofs/dpop-proof';
import { ProofKeys } from '../../core/proofs/proof-keys';
import { hashOf } from '../secrets';
import type { OnceStore } from '../stores/store';
import { timeOf } from '../stores/store-time';

/** The parts of a request that a proof covers. */
export interface ProvenRequest {
  /** The values of the header field `DPoP`. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URLs of the endpoint, without query and fragment. The proof must name one of them. */
  readonly urls: readonly string[];
}

export class DpopProofs {
  readonly #keys = new ProofKeys();

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
    if (proofs.length === 0) return null;
    const proof = this.#checked({ proofs, method, urls });
    await this.#refuseReplay(proof);
    return proof.thumbprint;
  }

  #checked({ proofs, method, urls }: ProvenRequest): CheckedProof {
    try {
      return checkedProof(proofs, { method, targets: urls, now: this.clock(), keys: this.#keys });
    } catch (error) {
      throw error instanceof InvalidProof ? refusal(error.message) : error;
    }
  }

  async #refuseReplay({ thumbprint, jti, iat }: CheckedProof): Promise<void> {
    const key = `dpop:${hashOf(JSON.stringify([thumbprint, jti]))}`;
    // The proof is as old as this process says, and is remembered by the store's clock, which all processes share.
    const rest = (iat + 2 * proofWindow) * 1000 - this.clock();
    const now = await timeOf(this.store, this.clock);
    // RFC 7519 §2: `iat` may have a fraction. Stores keep whole milliseconds.
    if (!(await this.store.useOnce(key, Math.ceil(now + rest), Math.floor(now)))) throw refusal();
  }
}

// One answer for every reason: the endpoints of the sign-in tell a stranger nothing. The log has the reason.
function refusal(cause?: string): AuthenticationFailed {
  return new AuthenticationFailed('The DPoP proof is not valid', { code: 'invalid_dpop_proof', cause });
}
