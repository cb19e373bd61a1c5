/** The contract that every store of used DPoP proofs must keep. */
import { hash, randomUUID } from 'node:crypto';
import { promised, type ContractCase } from './contract-case';

/** The use of a proof; see `ProofUse`. */
export interface UsedProof {
  readonly thumbprint: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly end: number;
}

/** The part of a store that a server uses. */
export interface UsingStore {
  use(proof: UsedProof): { readonly answer: string } | Promise<{ readonly answer: string }>;
}

/** Limits of a store under test. */
export interface TestedLimits {
  readonly size: number;
  readonly share: number;
}

/** Options of {@link proofStoreContract}: the store under test. */
export interface ProofStoreContract {
  /** Returns a store that is empty, with these limits. */
  readonly make: (limits: TestedLimits) => UsingStore | Promise<UsingStore>;
  /** The time of the store, in milliseconds since 1970; default: `Date.now()`. */
  readonly now?: () => number;
  /** Sets the clock of the store that `make` returned last; negative seconds set it back. Without it, time is not tested. */
  readonly advance?: (seconds: number) => void | Promise<void>;
}

type Use = (key: string, jti: string, seconds?: number) => Promise<string>;
type StorePromise = readonly [name: string, limits: TestedLimits, keep: (use: Use) => Promise<void>];

/**
 * Returns the contract of a `ProofStore` as test cases: a proof is used once, even by many requests at once; a key over its
 * share and a full store refuse, and forget nothing. With `advance`, the cases also test that proofs are forgotten after
 * their end, never before, that a clock which is set back opens nothing, and that one which was ahead for a while closes
 * nothing once it is right.
 *
 * @example
 * const cases = proofStoreContract({ make: limits => new MemoryProofStore(limits) });
 * for (const { name, run } of cases) it(name, run);
 */
export function proofStoreContract({ make, advance, now = Date.now }: ProofStoreContract): readonly ContractCase[] {
  const known = advance === undefined ? promises : [...promises, ...promisesOfTime(advance)];
  return known.map(([name, limits, keep]) => ({
    name,
    run: async () => {
      const store = await make(limits);
      const run = randomUUID();
      const text = (...parts: string[]): string => hash('sha256', [run, ...parts].join(' '), 'base64url');
      await keep(async (key, jti, seconds = 60) => {
        const use = { thumbprint: text(key), id: text(key, jti), end: now() + seconds * 1000 };
        return (await store.use(use)).answer;
      });
    },
  }));
}

function expectAnswers(answers: readonly string[], expected: string): void {
  const found = answers.join();
  promised(found === expected, `It answered ${found}, not ${expected}.`);
}

async function inTurn(uses: readonly (() => Promise<string>)[]): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const use of uses) answers.push(await use());
  return answers;
}

const wide = { size: 1000, share: 1000 };

const promises: readonly StorePromise[] = [
  [
    'accepts a proof once',
    wide,
    async use => {
      const uses = [() => use('key', 'a'), () => use('key', 'a'), () => use('key', 'b'), () => use('other', 'a')];
      expectAnswers(await inTurn(uses), 'first,again,first,first');
    },
  ],
  [
    'accepts exactly one of many requests at once',
    wide,
    async use => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => use('key', 'a')));
      const first = answers.filter(answer => answer === 'first').length;
      promised(first === 1, `Of 100 requests with one proof it accepted ${first}: record the use in one atomic step.`);
    },
  ],
  [
    'refuses a key over its share, forgets nothing of it, and does not refuse other keys',
    { size: 1000, share: 3 },
    async use => {
      const uses = ['a', 'b', 'c', 'd', 'a', 'c'].map(jti => () => use('flood', jti));
      expectAnswers(await inTurn(uses), 'first,first,first,share,again,again');
      expectAnswers([await use('victim', 'a')], 'first');
    },
  ],
  [
    'forgets nothing when it is full',
    { size: 16, share: 16 },
    async use => {
      expectAnswers([await use('victim', 'used')], 'first');
      const floods = Array.from({ length: 2000 }, (_, index) => () => use(`flood ${index}`, 'x'));
      const answers = await inTurn(floods);
      promised(answers.includes('full'), 'It took 2000 proofs, and its size is 16.');
      const first = answers.filter(answer => answer === 'first').length;
      promised(first <= 16, `It took ${first} more proofs, and its size is 16.`);
      expectAnswers([await use('victim', 'used')], 'again');
    },
  ],
  [
    'refuses a proof that has ended long ago',
    wide,
    async use => {
      expectAnswers([await use('key', 'a', -3600)], 'late');
    },
  ],
];

function promisesOfTime(advance: (seconds: number) => void | Promise<void>): readonly StorePromise[] {
  return [
    [
      'knows a proof until its end, and has room again after it',
      { size: 1000, share: 1 },
      async use => {
        expectAnswers([await use('key', 'a', 60)], 'first');
        await advance(59);
        expectAnswers([await use('key', 'a', 1)], 'again');
        expectAnswers([await use('key', 'b', 1)], 'share');
        // A store may keep a proof a little longer.
        await advance(121);
        expectAnswers([await use('key', 'b', 60)], 'first');
      },
    ],
    [
      'opens nothing when its clock is set forward, and back',
      wide,
      async use => {
        expectAnswers([await use('key', 'a', 60)], 'first');
        await advance(7200);
        expectAnswers([await use('other', 'x', 60)], 'first');
        await advance(-7200);
        const again = await use('key', 'a', 60);
        promised(again !== 'first', 'It accepted a proof again after its clock was set forward and back.');
      },
    ],
    [
      'takes new proofs once its clock, which was ahead, is set right',
      wide,
      async use => {
        await advance(7200);
        for (let index = 0; index < 40; index++) {
          expectAnswers([await use('key', String(index), 60)], 'first');
          await advance(15);
        }
        // A store may keep a proof a little longer. What comes next makes it forget.
        await advance(180);
        expectAnswers([await use('key', 'last', 60)], 'first');
        await advance(-7980);
        const honest = await use('honest', 'a', 60);
        promised(honest === 'first', `It answered ${honest} to a new proof after its clock was ahead, and set right.`);
      },
    ],
    [
      'forgets nothing for a key over its share, also where the clocks of servers differ',
      { size: 20, share: 2 },
      async use => {
        // A server whose clock is ahead takes a proof that ends later than those of the others.
        expectAnswers([await use('key', 'late', 225), await use('key', 'a', 60)], 'first,first');
        expectAnswers([await use('key', 'b', 15)], 'share');
        await advance(165);
        const other = await use('other', 'a', 60);
        promised(other === 'first', `It answered ${other} to another key when a proof of a key over its share ended.`);
      },
    ],
    [
      'gives a key its share again once its clock, which was ahead, is set right',
      { size: 20, share: 2 },
      async use => {
        await advance(7200);
        expectAnswers([await use('key', 'a', 60), await use('key', 'b', 60)], 'first,first');
        await advance(-7200);
        expectAnswers([await use('key', 'c', 60)], 'first');
        await advance(7200);
        const again = await use('key', 'a', 60);
        promised(again !== 'first', 'It accepted a proof again that it had forgotten to make room.');
      },
    ],
  ];
}
