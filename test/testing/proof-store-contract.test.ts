/** The contract of proof stores finds what is wrong with a store: each flaw that others have had. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import {
  ContractViolation,
  proofStoreContract,
  type ContractCase,
  type TestedLimits,
  type UsedProof,
  type UsingStore,
} from 'axioms-routing-controllers/testing';

let now = 0;

/** A store of a few lines; what it does wrong is a test's to say. */
class Uses implements UsingStore {
  protected readonly uses = new Map<string, UsedProof>();
  protected readonly forgotten = new Set<number>();
  constructor(protected readonly limits: TestedLimits) {}

  use(proof: UsedProof): { answer: string } | Promise<{ answer: string }> {
    this.forget();
    const answer = this.answerTo(proof);
    if (answer === 'first') this.uses.set(proof.id, proof);
    return { answer };
  }

  protected forget(): void {
    for (const [id, { end }] of this.uses)
      if (end <= now) {
        this.uses.delete(id);
        this.forgotten.add(end);
      }
  }

  /** Forgets what was recorded while the clock was ahead. */
  protected forgetAhead(lead = 780_000): boolean {
    const ahead = [...this.uses.values()].filter(({ end }) => end > now + lead);
    for (const { id, end } of ahead) {
      this.uses.delete(id);
      this.forgotten.add(end);
    }
    return ahead.length > 0;
  }

  protected answerTo({ id, thumbprint, end }: UsedProof): string {
    if (end <= now || this.forgotten.has(end)) return 'late';
    if (this.uses.has(id)) return 'again';
    const own = [...this.uses.values()].filter(one => one.thumbprint === thumbprint);
    if (own.length >= this.limits.share && !this.forgetAhead()) return 'share';
    return this.uses.size >= this.limits.size ? 'full' : 'first';
  }
}

type Store = new (limits: TestedLimits) => UsingStore;

function casesOf(Tested: Store): readonly ContractCase[] {
  now = 1_700_000_000_000;
  return proofStoreContract({
    make: limits => new Tested(limits),
    now: () => now,
    advance: seconds => void (now += seconds * 1000),
  });
}

async function violated(cases: readonly ContractCase[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { name, run } of cases) {
    const error: unknown = await run().catch((reason: unknown) => reason);
    if (error === undefined) continue;
    expect(error, name).to.be.instanceOf(ContractViolation);
    found.push(name);
  }
  return found;
}

const broken: Readonly<Record<string, readonly [Store, string]>> = {
  'evicts the oldest proof when it is full': [
    class extends Uses {
      protected override answerTo(proof: UsedProof) {
        const answer = super.answerTo(proof);
        if (answer !== 'full') return answer;
        this.uses.delete([...this.uses.keys()][0]!);
        return 'first';
      }
    },
    'forgets nothing when it is full',
  ],
  'accepts everything when it is full': [
    class extends Uses {
      protected override answerTo(proof: UsedProof) {
        const answer = super.answerTo(proof);
        return answer === 'full' ? 'first' : answer;
      }
    },
    'forgets nothing when it is full',
  ],
  'looks first and records later': [
    class extends Uses {
      override async use(proof: UsedProof) {
        const answer = this.answerTo(proof);
        await turn();
        if (answer === 'first') this.uses.set(proof.id, proof);
        return { answer };
      }
    },
    'accepts exactly one of many requests at once',
  ],
  'has no share for a key': [
    class extends Uses {
      protected override answerTo(proof: UsedProof) {
        const answer = super.answerTo(proof);
        return answer === 'share' ? 'first' : answer;
      }
    },
    'refuses a key over its share, forgets nothing of it, and does not refuse other keys',
  ],
  'refuses every key when one is over its share': [
    class extends Uses {
      #isOver = false;
      protected override answerTo(proof: UsedProof) {
        const answer = this.#isOver ? 'share' : super.answerTo(proof);
        this.#isOver ||= answer === 'share';
        return answer;
      }
    },
    'refuses a key over its share, forgets nothing of it, and does not refuse other keys',
  ],
  'takes one key for another': [
    class extends Uses {
      readonly #thumbprints = new Set<string>();
      protected override answerTo(proof: UsedProof) {
        const isKnown = this.#thumbprints.size === 1 && !this.#thumbprints.has(proof.thumbprint);
        this.#thumbprints.add(proof.thumbprint);
        return isKnown ? 'again' : super.answerTo(proof);
      }
    },
    'accepts a proof once',
  ],
  'accepts a proof that has ended': [
    class extends Uses {
      protected override answerTo(proof: UsedProof) {
        const answer = super.answerTo(proof);
        return answer === 'late' ? 'first' : answer;
      }
    },
    'refuses a proof that has ended long ago',
  ],
  'forgets a proof before its end': [
    class extends Uses {
      protected override forget() {
        for (const [id, { end }] of this.uses) if (end - 10_000 <= now) this.uses.delete(id);
      }
    },
    'knows a proof until its end, and has room again after it',
  ],
  'never forgets': [
    class extends Uses {
      protected override forget() {
        // Nothing.
      }
    },
    'knows a proof until its end, and has room again after it',
  ],
  'accepts forgotten proofs when its clock is set back': [
    class extends Uses {
      protected override forget() {
        super.forget();
        this.forgotten.clear();
      }
    },
    'opens nothing when its clock is set forward, and back',
  ],
  'keeps what it recorded while its clock was ahead': [
    class extends Uses {
      protected override forgetAhead() {
        return false;
      }
    },
    'gives a key its share again once its clock, which was ahead, is set right',
  ],
  'makes room by what servers with other clocks recorded': [
    class extends Uses {
      protected override forgetAhead() {
        return super.forgetAhead(180_000);
      }
    },
    'forgets nothing for a key over its share, also where the clocks of servers differ',
  ],
  'makes room without remembering what it has forgotten': [
    class extends Uses {
      protected override forgetAhead() {
        const isFree = super.forgetAhead();
        this.forgotten.clear();
        return isFree;
      }
    },
    'gives a key its share again once its clock, which was ahead, is set right',
  ],
  'refuses everything up to the latest end that it has forgotten': [
    class extends Uses {
      protected override answerTo(proof: UsedProof) {
        return proof.end <= Math.max(...this.forgotten) ? 'late' : super.answerTo(proof);
      }
    },
    'takes new proofs once its clock, which was ahead, is set right',
  ],
};

describe('the contract of proof stores', () => {
  it('is kept by a simple one', async () => {
    expect(await violated(casesOf(Uses))).to.deep.equal([]);
  });

  for (const [what, [Broken, promise]] of Object.entries(broken))
    it(`is not kept by a store that ${what}`, async () => {
      expect(await violated(casesOf(Broken))).to.include(promise);
    });

  it('has no cases about time without a way to set the clock', () => {
    const names = proofStoreContract({ make: limits => new Uses(limits) }).map(({ name }) => name);
    expect(names).to.have.length(5);
    expect(casesOf(Uses)).to.have.length(10);
  });
});
