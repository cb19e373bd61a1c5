/** Verifies that a request proves the key of its access token (RFC 9449 §4.3, §7). */
import { ImproperlyConfigured } from '../http/exceptions';
import type { ProofStore } from '../settings/proof-store';
import type { Settings } from '../settings/settings';
import type { Soon } from '../time/soon';
import { systemClock } from '../time/steady-clock';
import { checkedProof } from './dpop-proof';
import { targetUri } from './http-uri';
import { MemoryProofStore } from './memory-proof-store';
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
}

// All servers of the process share it: two of them may be the same API to the outside.
let processStore: MemoryProofStore | undefined;

export class ProofVerifier {
  readonly #settings: Settings;
  readonly #clockOf: () => () => number;
  readonly #keys = new ProofKeys();
  readonly #uses: ProofUses;
  #ownStore: MemoryProofStore | undefined;

  /** @param clockOf returns the clock to go by, in milliseconds since 1970; read at the moment of use */
  constructor(settings: Settings, clockOf: () => () => number) {
    this.#settings = settings;
    this.#clockOf = clockOf;
    this.#uses = new ProofUses(settings.logger);
  }

  /**
   * Checks the proof of a request, and records its use.
   *
   * @param thumbprint the key that the access token is bound to
   * @throws InvalidProof for a missing, wrong or used proof
   * @throws Throttled if the key has used too many proofs
   * @throws ServiceUnavailable if the store of used proofs is full or cannot be reached
   */
  prove(shown: ShownProof, accessToken: string, thumbprint: string): Soon<void> {
    const { proofs, method, request } = shown;
    const expected = { method, now: this.#clockOf()(), keys: this.#keys, accessToken, thumbprint };
    const proof = checkedProof(proofs, { ...expected, targets: this.#targetsOf(shown) });
    return this.#uses.record(proof, this.#store, request);
  }

  #targetsOf({ target }: ShownProof): readonly string[] {
    const { externalUrl } = this.#settings;
    // The settings are checked at startup, so this is a mistake of this library.
    if (externalUrl === undefined) throw new ImproperlyConfigured("A DPoP proof needs the setting 'externalUrl'.");
    const uri = targetUri(externalUrl, target);
    return uri === undefined ? [] : [uri];
  }

  // A test's clock must not touch the proofs of other servers.
  get #store(): ProofStore {
    const { proofStore } = this.#settings;
    if (proofStore !== undefined) return proofStore;
    if (this.#clockOf() === systemClock) return (processStore ??= new MemoryProofStore());
    return (this.#ownStore ??= Object.assign(new MemoryProofStore(), { clock: () => this.#clockOf()() }));
  }
}
