/** The contract that every counter of attempts to sign in must keep. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Attempt, SignInAttempts } from '../../core/attempts/sign-in-attempts';
import { Throttled } from '../../core/http/exceptions';
import { promised, type ContractCase } from './contract-case';

/** The limits of a counter under test; see `SignInLimits`. */
export interface ContractLimits {
  readonly triesPerAccountAndAddress: number;
  readonly triesPerAddress: number;
  readonly quickTriesPerAccount: number;
  readonly mostWaiting: number;
  /** Seconds, like the delays. */
  readonly window: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
}

/** Options of {@link signInAttemptsContract}: the counter under test. */
export interface SignInAttemptsContract {
  /** Returns the counter under test, with these limits. Each case uses new accounts and addresses. */
  readonly make: (limits: ContractLimits) => SignInAttempts | Promise<SignInAttempts>;
  /** Lets this many seconds pass for the counter that `make` returned last. Without it, windows are not tested. */
  readonly advance?: (seconds: number) => void | Promise<void>;
}

interface Trial {
  /** Makes a counter with these limits; by default, none of the others is reached. */
  counting(limits: Partial<ContractLimits>): Promise<SignInAttempts>;
  readonly ged: Attempt;
}

const unlimited: ContractLimits = {
  triesPerAccountAndAddress: 1000,
  triesPerAddress: 1000,
  quickTriesPerAccount: 1000,
  mostWaiting: 20,
  window: 900,
  firstDelay: 0.01,
  longestDelay: 0.05,
};

/**
 * Returns the contract of `SignInAttempts` as test cases: an account is closed to an address, and an address to all
 * accounts, after as many tries as the limits say, even if many arrive at once; a success takes back the tries of its own
 * spelling and no others; and an account under attack stays
 * open to the first try of an address, and to an address that signed in before. With `advance`, the
 * cases also test that tries count for one window.
 *
 * @example
 * const cases = signInAttemptsContract({ make: limits => new RedisSignInAttempts(redis, limits) });
 * for (const { name, run } of cases) it(name, run);
 */
export function signInAttemptsContract({ make, advance }: SignInAttemptsContract): readonly ContractCase[] {
  const known = advance === undefined ? promises : [...promises, promiseOfTime(advance)];
  return known.map(([name, keep]) => ({
    name,
    run: () =>
      keep({
        counting: async limits => make({ ...unlimited, ...limits }),
        ged: { account: `ged-${randomUUID()}`, address: newAddress() },
      }),
  }));
}

/** An IPv6 address in a site of its own. */
function newAddress(): string {
  return `fd${randomBytes(1).toString('hex')}:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}:1::1`;
}

/** Returns the seconds to wait, or nothing if the try was begun. */
async function waitOf(attempts: SignInAttempts, attempt: Attempt): Promise<number | undefined> {
  try {
    await attempts.begin(attempt);
    return undefined;
  } catch (error) {
    promised(error instanceof Throttled, `It refuses with ${String(error)}, not with Throttled.`);
    return (error as Throttled).wait ?? NaN;
  }
}

async function expectTries(attempts: SignInAttempts, attempt: Attempt, most: number): Promise<void> {
  for (let tries = 0; tries < most; tries += 1)
    promised((await waitOf(attempts, { ...attempt })) === undefined, `It refused try ${tries + 1} of ${most}.`);
  const wait = await waitOf(attempts, { ...attempt });
  promised(wait !== undefined, `It began try ${most + 1} of ${most}.`);
  promised(Number(wait) > 0 && Number(wait) <= unlimited.window, `It says to wait ${wait} seconds of 900.`);
}

type AttemptsPromise = readonly [name: string, keep: (trial: Trial) => Promise<void>];

const promises: readonly AttemptsPromise[] = [
  [
    'closes an account to an address after its tries, and not to another address',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 3 });
      await expectTries(attempts, ged, 3);
      await expectTries(attempts, { ...ged, address: newAddress() }, 3);
    },
  ],
  [
    'begins no more of many tries that come at once',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 7 });
      const waits = await Promise.all(Array.from({ length: 40 }, () => waitOf(attempts, { ...ged })));
      const begun = waits.filter(wait => wait === undefined).length;
      promised(begun === 7, `Of 40 tries at once with a limit of 7 it began ${begun}: count in one atomic step.`);
    },
  ],
  [
    'closes an address after its tries, whatever the accounts, and counts no refused one',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAddress: 4, triesPerAccountAndAddress: 2 });
      await expectTries(attempts, ged, 2);
      await expectTries(attempts, { ...ged, account: `${ged.account}-2` }, 2);
      promised((await waitOf(attempts, { ...ged, account: 'third' })) !== undefined, 'It began a fifth try of four.');
    },
  ],
  [
    'counts the addresses of an IPv6 /64 as one',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 1 });
      await expectTries(attempts, ged, 1);
      const neighbor = { ...ged, address: ged.address.replace(/::1$/, ':a:b:c:d') };
      promised((await waitOf(attempts, neighbor)) !== undefined, 'It began a try from another address of the network.');
    },
  ],
  [
    'counts spellings of a name together, and a success takes back those of its own only',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 3 });
      const other = { ...ged, account: ged.account.toUpperCase() };
      for (const attempt of [{ ...ged }, other]) await attempts.begin(attempt);
      const right = { ...ged };
      await attempts.begin(right);
      await attempts.succeeded(right);
      await expectTries(attempts, ged, 2);
    },
  ],
  [
    'takes an undecided try back, and only that one',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 3, triesPerAddress: 3 });
      await attempts.begin({ ...ged });
      const undecided = { ...ged };
      await attempts.begin(undecided);
      await attempts.undecided(undecided);
      await expectTries(attempts, ged, 2);
    },
  ],
  [
    'counts a success at an address once less, so that it opens no other account',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAddress: 3 });
      for (const account of ['a', 'b']) await attempts.begin({ ...ged, account: ged.account + account });
      const right = { ...ged };
      await attempts.begin(right);
      await attempts.succeeded(right);
      await expectTries(attempts, { ...ged, account: `${ged.account}-c` }, 1);
    },
  ],
  [
    'keeps the accounts of two authentication classes apart',
    async ({ counting, ged }) => {
      const attempts = await counting({ triesPerAccountAndAddress: 1 });
      await expectTries(attempts, { ...ged, accounts: 'Staff' }, 1);
      await expectTries(attempts, { ...ged, accounts: 'Customers' }, 1);
    },
  ],
  [
    'slows an account under attack down, but refuses no first try of an address, and none of one that signed in before',
    async ({ counting, ged }) => {
      const attempts = await counting({ quickTriesPerAccount: 2, mostWaiting: 0 });
      const right = { ...ged };
      await attempts.begin(right);
      await attempts.succeeded(right);
      for (let tries = 0; tries < 2; tries += 1) await attempts.begin({ ...ged, address: newAddress() });
      const stranger = { ...ged, address: newAddress() };
      promised((await waitOf(attempts, { ...stranger })) === undefined, 'It refused the first try of an address.');
      promised((await waitOf(attempts, stranger)) !== undefined, 'It let a stranger try again where nobody may wait.');
      promised((await waitOf(attempts, { ...ged })) === undefined, 'It refused the address of the owner.');
    },
  ],
  [
    'lets a slowed-down try wait, and begins it then',
    async ({ counting, ged }) => {
      const attempts = await counting({ quickTriesPerAccount: 0, firstDelay: 0.05, longestDelay: 0.05 });
      const start = performance.now();
      promised((await waitOf(attempts, ged)) === undefined, 'It refused a try that may wait.');
      promised(performance.now() - start >= 45, 'It did not slow the try down.');
    },
  ],
];

const promiseOfTime = (advance: (seconds: number) => void | Promise<void>): AttemptsPromise => [
  'counts tries for one window, from the first one',
  async ({ counting, ged }) => {
    const attempts = await counting({ triesPerAccountAndAddress: 2, window: 900 });
    await attempts.begin({ ...ged });
    await advance(800);
    await attempts.begin({ ...ged });
    promised((await waitOf(attempts, { ...ged })) !== undefined, 'It began a third try of two.');
    await advance(101);
    await expectTries(attempts, ged, 2);
  },
];
