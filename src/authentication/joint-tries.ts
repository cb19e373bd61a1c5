/** The same credentials at the same time are one try: a page that sends ten requests at once is no attack. */
import { hash } from 'node:crypto';
import type { BasicCredentials } from '../core/http/basic-credentials';
import type { Attempt, SignInAttempts } from '../core/attempts/sign-in-attempts';

export type Outcome = 'succeeded' | 'failed' | 'undecided';

/** One request's part in a try. */
export interface Try {
  /** What came of it; the last part to end ends the try. */
  end(outcome: Outcome): Promise<void>;
}

interface Joint {
  readonly attempt: Attempt;
  readonly begun: Promise<void>;
  readonly outcomes: Outcome[];
  parts: number;
}

/** Counts tries with what an app counts them with. What is kept of credentials is their hash, while they are tried. */
export class JointTries {
  readonly #joint = new Map<string, Joint>();

  private constructor(private readonly attempts: SignInAttempts) {}

  /** Those that count with these attempts. */
  static of(attempts: SignInAttempts): JointTries {
    const known = all.get(attempts) ?? new JointTries(attempts);
    all.set(attempts, known);
    return known;
  }

  /** @throws Throttled where it comes too soon. */
  async begin({ userid, password }: BasicCredentials, address: string): Promise<Try> {
    const key = hash('sha256', JSON.stringify([userid, password, address]), 'base64');
    const joint = this.join(key, { account: userid, address });
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
        : { attempt, begun: this.attempts.begin(attempt), outcomes: [], parts: 0 };
    if (this.#joint.has(key) || this.#joint.size < mostJoint) this.#joint.set(key, joint);
    joint.parts++;
    return joint;
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

// Beyond them each request is a try.
const mostJoint = 10_000;
// Each of them costs a verification, which is made to be dear.
const mostParts = 50;
// A try that failed stays counted.
const outcomes: readonly Outcome[] = ['succeeded', 'failed', 'undecided'];
const all = new WeakMap<SignInAttempts, JointTries>();
