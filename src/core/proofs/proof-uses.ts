/** Lets each proof be used once: records its use in the store, as the last check of all. */
import { hash } from 'node:crypto';
import { ServiceUnavailable, Throttled } from '../http/exceptions';
import { InvalidProof } from '../http/possession-exceptions';
import { StoreWatch } from '../reports/store-watch';
import type { Logger } from '../settings/logger';
import type { ProofStore, ProofUse, ProofVerdict } from '../settings/proof-store';
import { answerInTime } from '../time/answer-in-time';
import { after, attempt, type Soon } from '../time/soon';
import { proofWindow, type CheckedProof } from './dpop-proof';

/** The uses of proofs that requests have made, by store and request. */
const usesOfRequests = new WeakMap<ProofStore, WeakMap<object, string>>();

export class ProofUses {
  readonly #watch: StoreWatch;

  constructor(logger: Logger) {
    this.#watch = new StoreWatch('proof', logger, 'requests with a DPoP proof are answered 503');
  }

  /**
   * Records the use of a proof. Several guards may check one request, and a guard may check it again behind the body: that
   * is one use.
   *
   * @param request the object that stands for the HTTP request
   * @throws InvalidProof if the proof was used before, by another request
   * @throws Throttled if its key has used too many proofs
   * @throws ServiceUnavailable if the store is full or cannot be reached: the proof might have been used.
   */
  record({ thumbprint, jti, iat }: CheckedProof, store: ProofStore, request: object): Soon<void> {
    const id = hash('sha256', `${thumbprint} ${jti}`, 'base64url');
    const uses = usesOfRequests.get(store) ?? new WeakMap<object, string>();
    usesOfRequests.set(store, uses);
    if (uses.get(request) === id) return;
    return after(this.#ask({ thumbprint, id, end: (iat + proofWindow) * 1000 }, store), verdict => {
      requireFirst(verdict);
      uses.set(request, id);
    });
  }

  #ask(use: ProofUse, store: ProofStore): Soon<ProofVerdict> {
    const worked = (verdict: ProofVerdict): ProofVerdict => {
      requireVerdict(verdict);
      this.#watch.worked(store);
      return verdict;
    };
    return attempt(
      () => after(answerInTime(store.use(use), store), worked),
      error => {
        this.#watch.failed(error);
        throw new ServiceUnavailable(undefined, 1, { cause: error });
      },
    );
  }
}

// Nothing at all is no answer, and so an outage.
function requireVerdict(verdict: unknown): void {
  if (typeof verdict !== 'object' || verdict === null) throw new TypeError('The proof store must answer { answer }');
}

function requireFirst({ answer, wait }: ProofVerdict): void {
  if (answer === 'first') return;
  if (answer === 'share') throw new Throttled(boundedWait(wait), 'Too many requests with proofs of one key');
  if (answer === 'full') throw new ServiceUnavailable(undefined, boundedWait(wait));
  if (answer === 'late') throw new InvalidProof('The DPoP proof is too old', { reason: 'proof_used' });
  // Anything else that a store may answer refuses, too.
  if (answer === 'early') throw new InvalidProof('The DPoP proof was issued in the future');
  throw new InvalidProof('The DPoP proof was used before', { reason: 'proof_used' });
}

// A proof of a right clock is kept for no longer. One of a clock that is ahead may be, and a client may try before that. An
// app's store may answer any number, or none.
const longestWait = 5 * proofWindow;

function boundedWait(wait: unknown): number {
  return typeof wait === 'number' && wait >= 1 ? Math.min(wait, longestWait) : 1;
}
