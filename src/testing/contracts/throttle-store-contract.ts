/** The contract that every store for throttles must keep. */
import { randomUUID } from 'node:crypto';
import { promised, type ContractCase } from './contract-case';

/** The result of counting a request; see `ThrottleStore`. */
export interface CountedHit {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** Seconds until more requests are allowed; after a refusal, the time to wait. */
  readonly reset: number;
}

/** The part of a store that a throttle uses. */
export interface CountingStore {
  hit(key: string, rate: { readonly amount: number; readonly seconds: number }): CountedHit | Promise<CountedHit>;
}

/** Options of {@link throttleStoreContract}: the store under test. */
export interface ThrottleStoreContract {
  /** Returns the store under test. Each case uses new keys, so all cases may share one store. */
  readonly make: () => CountingStore | Promise<CountingStore>;
  /** Lets this many seconds pass for the store that `make` returned last. Without it, time is not tested. */
  readonly advance?: (seconds: number) => void | Promise<void>;
}

type Hit = (rate: { readonly amount: number; readonly seconds: number }, name?: string) => Promise<CountedHit>;

/**
 * Returns the contract of a `ThrottleStore` as test cases: it never allows more requests than the rate, even if many
 * arrive at once, and it counts each key separately. With `advance`, the cases also test that requests leave the
 * window, and that refused requests do not count.
 *
 * @example
 * const cases = throttleStoreContract({ make: () => new RedisThrottleStore(redis) });
 * for (const { name, run } of cases) it(name, run);
 */
export function throttleStoreContract({ make, advance }: ThrottleStoreContract): readonly ContractCase[] {
  const known = advance === undefined ? promises : [...promises, ...promisesOfTime(advance)];
  return known.map(([name, keep]) => ({
    name,
    run: async () => {
      const store = await make();
      const prefix = randomUUID();
      await keep(async (rate, key = 'key') => store.hit(`${prefix}:${key}`, rate));
    },
  }));
}

type StorePromise = readonly [name: string, keep: (hit: Hit) => Promise<void>];

const rate = { amount: 3, seconds: 60 };

const promises: readonly StorePromise[] = [
  [
    'lets as many requests through as the rate says, and no more',
    async hit => {
      const hits = [await hit(rate), await hit(rate), await hit(rate), await hit(rate), await hit(rate)];
      const allowed = hits.map(({ isAllowed }) => isAllowed);
      promised(
        allowed.join() === 'true,true,true,false,false',
        `Of 5 requests at 3/min it answered ${allowed.join()}.`,
      );
    },
  ],
  [
    'lets no more through of many that come at once',
    async hit => {
      const hits = await Promise.all(Array.from({ length: 40 }, () => hit({ amount: 7, seconds: 60 })));
      const allowed = hits.filter(({ isAllowed }) => isAllowed).length;
      promised(allowed === 7, `Of 40 requests at once at 7/min it let ${allowed} through: count in one atomic step.`);
    },
  ],
  [
    'tells how many remain, and when there are more',
    async hit => {
      const hits = [await hit(rate), await hit(rate), await hit(rate), await hit(rate)];
      const remaining = hits.map(one => one.remaining).join();
      promised(remaining === '2,1,0,0', `Of 4 requests at 3/min ${remaining} remained.`);
      const isRight = hits.every(({ reset }) => reset > 0 && reset <= rate.seconds);
      promised(isRight, `It said to wait ${hits.map(({ reset }) => reset).join()} seconds of 60.`);
    },
  ],
  [
    'lets nothing through at a rate of nothing',
    async hit => {
      promised(!(await hit({ amount: 0, seconds: 60 })).isAllowed, 'It let a request through at 0/min.');
    },
  ],
  [
    'keeps keys apart, whatever they are spelled with',
    async hit => {
      const keys = ['a', 'A', 'a:b', 'a*', 'a b', 'a\nb', 'ä', '__proto__', '{a}', "a'", 'x'.repeat(1000)];
      const hits = await Promise.all(keys.map(key => hit({ amount: 1, seconds: 60 }, key)));
      promised(
        hits.every(({ isAllowed }) => isAllowed),
        'One key was counted for another.',
      );
      const again = await Promise.all(keys.map(key => hit({ amount: 1, seconds: 60 }, key)));
      promised(
        again.every(({ isAllowed }) => !isAllowed),
        'A key was not found again.',
      );
    },
  ],
];

const promisesOfTime = (advance: (seconds: number) => void | Promise<void>): readonly StorePromise[] => [
  [
    'lets requests through again once the first have left the window, not before',
    async hit => {
      for (let count = 0; count < rate.amount; count += 1) await hit(rate);
      await advance(rate.seconds - 1);
      promised(!(await hit(rate)).isAllowed, 'A request came through before the window had passed.');
      await advance(2);
      promised((await hit(rate)).isAllowed, 'No request came through after the window had passed.');
    },
  ],
  [
    'does not count what it refuses',
    async hit => {
      for (let count = 0; count < 2 * rate.amount; count += 1) await hit(rate);
      await advance(rate.seconds / 2);
      await hit(rate);
      await advance(rate.seconds / 2 + 1);
      promised(
        (await hit(rate)).isAllowed,
        'A refused request was counted: a caller that keeps trying would wait forever.',
      );
    },
  ],
];
