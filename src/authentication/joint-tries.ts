/** Counts concurrent attempts with the same credentials as one: a page that sends ten requests at once is no attack. */
import { hash } from 'node:crypto';
import type { BasicCredentials } from '../core/http/basic-credentials';
import { longestStep } from '../core/attempts/attempts-watch';
import type { Attempt, SignInAttempts } from '../core/attempts/sign-in-attempts';
import { inTime } from '../core/time/deadline';

export type Outcome = 'succeeded' | 'failed' | 'undecided';

/** The part of one request in a try. */
export interface Try {
  /** Reports the outcome of this part. The last part to end ends the try. */
  end(outcome: Outcome): Promise<void>;
}

interface Joint {
  readonly attempt: Attempt;
  readonly begun: Promise<void>;
  readonly outcomes: Outcome[];
  parts: number;
}

/**
 * Counts tries with the app's `SignInAttempts`. It keeps only a hash of the credentials, and only while they are tried.
 */
export class JointTries {
  readonly #joint = new Map<string, Joint>();

  private constructor(private readonly attempts: SignInAttempts) {}

  /** Returns the joint tries that use these attempts. */
  static of(attempts: SignInAttempts): JointTries {
    const known = all.get(attempts) ?? new JointTries(attempts);
    all.set(attempts, known);
    return known;
  }

  /**
   * Begins a try, or joins one with the same credentials and address for the same kind of accounts: the password that is
   * right for one kind may be a guess for another.
   *
   * @throws Throttled if the try comes too soon.
   */
  async begin({ userid, password }: BasicCredentials, address: string, accounts: string): Promise<Try> {
    const key = hash('sha256', JSON.stringify([userid, password, address, accounts]), 'base64');
    const joint = this.join(key, { account: userid, address, accounts });
    try {
      await joint.begun;
    } catch (error) {
      this.forget(key, joint);
      throw error;
    }
    return { end: outcome => this.end(key, joint, outcome) };
  }

  private join(key: string, attempt: Attempt): Joint {
    const known = this.#joint.get(key);
    const joint =
      known !== undefined && known.parts < mostParts
        ? known
        : { attempt, begun: this.begun(attempt), outcomes: [], parts: 0 };
    if (this.#joint.has(key) || this.#joint.size < mostJoint) this.#joint.set(key, joint);
    joint.parts++;
    return joint;
  }

  // Limited here, too: otherwise further requests would join a try that hangs.
  private begun(attempt: Attempt): Promise<void> {
    return inTime(() => this.attempts.begin(attempt), longestStep(this.attempts));
  }

  private async end(key: string, joint: Joint, outcome: Outcome): Promise<void> {
    joint.outcomes.push(outcome);
    if (joint.outcomes.length < joint.parts) return;
    this.forget(key, joint);
    const best = outcomes.find(one => joint.outcomes.includes(one));
    if (best !== undefined && best !== 'failed') await this.attempts[best](joint.attempt);
  }

  private forget(key: string, joint: Joint): void {
    if (this.#joint.get(key) === joint) this.#joint.delete(key);
  }
}

// Most joint tries at the same time. Further requests are counted one by one.
const mostJoint = 10_000;
// Most requests in one try, because each one costs a password verification, which is slow on purpose.
const mostParts = 50;
// The best outcome of the parts counts, in this order. A failed try stays counted.
const outcomes: readonly Outcome[] = ['succeeded', 'failed', 'undecided'];
const all = new WeakMap<SignInAttempts, JointTries>();
