/**
 * Verifies proofs of a client's key (RFC 9449): at sign-in a proof binds the session to the key, later the session
 * requires it.
 */
import { InvalidProof } from '../../core/http/possession-exceptions';
import { checkedProof, proofWindow, type CheckedProof } from '../../core/proofs/dpop-proof';
import { ProofKeys } from '../../core/proofs/proof-keys';
import { hashOf } from '../secrets';
import type { OnceStore } from '../stores/store';
import { timeOf } from '../stores/store-time';
import { ProofMargin } from './proof-margin';

/** The parts of a request that a proof covers. */
export interface ProvenRequest {
  /** The request itself. */
  readonly request: object;
  /** The values of the header field `DPoP`. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URLs of the endpoint, without query and fragment. The proof must name one of them. */
  readonly urls: readonly string[];
}

export class DpopProofs {
  readonly #keys = new ProofKeys();
  readonly #margin: ProofMargin;

  constructor(
    private readonly store: OnceStore,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {
    this.#margin = new ProofMargin(clock);
  }

  /**
   * Returns the thumbprint of the key that the proof shows (RFC 7638); `null` without a proof.
   *
   * @throws InvalidProof for a proof that is invalid or was used before
   */
  async thumbprint(shown: ProvenRequest): Promise<string | null> {
    const proof = this.check(shown);
    await this.use(proof, shown.request);
    return proof?.thumbprint ?? null;
  }

  /**
   * Uses a checked proof up, if there is one.
   *
   * @throws InvalidProof if it was used before
   */
  async use(proof: CheckedProof | undefined, request: object): Promise<void> {
    if (proof !== undefined) await this.#refuseReplay(proof, request);
  }

  /**
   * Checks everything about a proof but whether it was used before, and does not use it up.
   *
   * @throws InvalidProof for a proof that is invalid
   */
  check({ request, proofs, method, urls }: ProvenRequest): CheckedProof | undefined {
    if (proofs.length === 0) return undefined;
    try {
      return checkedProof(proofs, { method, targets: urls, now: this.clock(), keys: this.#keys });
    } catch (error) {
      throw error instanceof InvalidProof ? proofRefusal(request, { cause: error }) : error;
    }
  }

  async #refuseReplay({ thumbprint, jti, iat }: CheckedProof, request: object): Promise<void> {
    const key = `dpop:${hashOf(JSON.stringify([thumbprint, jti]))}`;
    // The proof is as old as this process says, and is remembered by the store's clock, which all processes share.
    const rest = (iat + 2 * proofWindow) * 1000 - this.clock();
    const now = await timeOf(this.store, this.clock);
    // RFC 7519 §2: `iat` may have a fraction. Stores keep whole milliseconds.
    const until = Math.ceil(now + rest + this.#margin.next());
    if (!(await this.store.useOnce(key, until, Math.floor(now))))
      throw proofRefusal(request, { cause: new InvalidProof('The DPoP proof was used before') });
  }
}

const refused = new WeakSet<object>();

/**
 * Returns the refusal of a request for its proof. By default it has one message for every reason: the endpoints of the sign-in
 * tell a stranger nothing. The log has the reason.
 */
export function proofRefusal(
  request: object,
  { message, cause }: { message?: string; cause?: Error } = {},
): InvalidProof {
  refused.add(request);
  return new InvalidProof(message, { cause });
}

/** Tells whether a request was refused for its proof: its challenge is then that of DPoP. */
export function isProofRefused(request: object): boolean {
  return refused.has(request);
}
