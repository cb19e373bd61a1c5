/** The same credentials at the same time are one try: a page that sends ten requests at once is no attack. */
import { hash } from 'node:crypto';
import type { BasicCredentials } from '../core/basic-credentials';
import type { SignInAttempts } from '../core/sign-in-attempts';

export type Outcome = 'succeeded' | 'failed' | 'undecided';

/** One request's part in a try. */
export interface Try {
  /** What came of it; the last part to end ends the try. */
  end(outcome: Outcome): Promise<void>;
}

interface Joint {
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
    const attempt = { account: userid, address };
    const key = hash('sha256', JSON.stringify([userid, password, address]), 'base64');
    const joint = this.#joint.get(key) ?? { begun: this.attempts.begin(attempt), outcomes: [], parts: 0 };
    this.#joint.set(key, joint);
    joint.parts++;
    const end = async (outcome: Outcome): Promise<void> => {
      joint.outcomes.push(outcome);
      if (joint.outcomes.length < joint.parts) return;
      this.#joint.delete(key);
      const best = outcomes.find(one => joint.outcomes.includes(one));
      if (best !== undefined && best !== 'failed') await this.attempts[best](attempt);
    };
    await joint.begun.catch((error: unknown) => {
      this.#joint.delete(key);
      throw error;
    });
    return { end };
  }
}

// A try that failed stays counted.
const outcomes: readonly Outcome[] = ['succeeded', 'failed', 'undecided'];
const all = new WeakMap<SignInAttempts, JointTries>();
