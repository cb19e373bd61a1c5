/** Verifies that a request proves the key of its access token (RFC 9449 §4.3, §7). */
import { ImproperlyConfigured } from '../http/exceptions';
import { InvalidProof } from '../http/possession-exceptions';
import type { ProofStore } from '../settings/proof-store';
import type { Settings } from '../settings/settings';
import type { Soon } from '../time/soon';
import { systemClock } from '../time/steady-clock';
import { checkedProof, type CheckedProof } from './dpop-proof';
import { targetUris } from './http-uri';
import { MemoryProofStore } from './memory-proof-store';
import { Nonces } from './nonces';
import { ProofKeys } from './proof-keys';
import { ProofUses } from './proof-uses';

/** The parts of a request that a proof covers, and its proof. */
export interface ShownProof {
  /** The values of the header field `DPoP`. */
  readonly proofs: readonly string[];
  /** The method as it was sent. */
  readonly method: string;
  /** The target as it was sent (`request.originalUrl`). */
  readonly target: string;
  /** The object that stands for the HTTP request: two checks of one request are one use of its proof. */
  readonly request: object;
  /** Sends the nonce for the client's next proofs with the response, whatever that is (RFC 9449 §8.2). */
  sendNonce(nonce: string): void;
}

// All servers of the process share it: two of them may be the same API to the outside.
let processStore: MemoryProofStore | undefined;

export class ProofVerifier {
  readonly #settings: Settings;
  readonly #clockOf: () => () => number;
  readonly #keys = new ProofKeys();
  readonly #nonces: Nonces | undefined;
  readonly #uses: ProofUses;
  #ownStore: MemoryProofStore | undefined;

  /** @param clockOf returns the clock to go by, in milliseconds since 1970; read at the moment of use */
  constructor(settings: Settings, clockOf: () => () => number) {
    this.#settings = settings;
    this.#clockOf = clockOf;
    this.#nonces = settings.dpopNonceSecret && new Nonces(settings.dpopNonceSecret);
    this.#uses = new ProofUses(settings.logger);
  }

  /**
   * Checks the proof of a request, and records its use.
   *
   * @param tokenHash the hash of the access token, which the proof must have as `ath`
   * @param thumbprint the key that the access token is bound to
   * @throws InvalidProof for a missing, wrong or used proof, and for one without the nonce of its key
   * @throws Throttled if the key has used too many proofs
   * @throws ServiceUnavailable if the store of used proofs is full or cannot be reached
   */
  prove(shown: ShownProof, tokenHash: string, thumbprint: string): Soon<void> {
    const { proofs, method, request } = shown;
    const now = this.#clockOf()();
    const expected = { method, now, keys: this.#keys, tokenHash, thumbprint };
    const proof = checkedProof(proofs, { ...expected, targets: this.#targetsOf(shown) });
    if (this.#nonces !== undefined) requireNonce(proof, shown, this.#nonces, now);
    return this.#uses.record(proof, this.#store, request);
  }

  #targetsOf({ target }: ShownProof): readonly string[] {
    const { externalUrl } = this.#settings;
    // The settings are checked at startup, so this is a mistake of this library.
    if (externalUrl === undefined) throw new ImproperlyConfigured("A DPoP proof needs the setting 'externalUrl'.");
    return targetUris(externalUrl, target);
  }

  // A test's clock must not touch the proofs of other servers.
  get #store(): ProofStore {
    const { proofStore } = this.#settings;
    if (proofStore !== undefined) return proofStore;
    if (this.#clockOf() === systemClock) return (processStore ??= new MemoryProofStore());
    return (this.#ownStore ??= Object.assign(new MemoryProofStore(), { clock: () => this.#clockOf()() }));
  }
}

// RFC 9449 §9. The proof is not used up: it may lack nothing but the nonce, which its key gets now.
function requireNonce({ nonce, thumbprint }: CheckedProof, shown: ShownProof, nonces: Nonces, now: number): void {
  const age = nonces.ageOf(nonce, thumbprint, now);
  if (age === 'current') return;
  const current = nonces.nonceOf(thumbprint, now);
  if (age === undefined) throw nonceNeeded(nonce, current);
  shown.sendNonce(current);
}

function nonceNeeded(nonce: string | undefined, current: string): InvalidProof {
  const what = nonce === undefined ? 'has no nonce' : 'has a nonce that is too old, or not for its key';
  return new InvalidProof(`The DPoP proof ${what}`, {
    code: 'use_dpop_nonce',
    reason: 'proof_nonce',
    headers: { 'DPoP-Nonce': current },
  });
}
