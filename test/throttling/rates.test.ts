import { expect } from 'chai';
import { parseRate } from '../../src/core/settings/throttle-rates';
import { MemoryThrottleStore } from '../../src/throttling/memory-store';
import { SimpleRateThrottle } from '../../src/throttling/simple-rate';

class AnyThrottle extends SimpleRateThrottle {
  getCacheKey(): string {
    return 'everybody';
  }
}

describe('a rate', () => {
  for (const [text, amount, seconds] of [
    ['1/s', 1, 1],
    ['10/sec', 10, 1],
    ['10/second', 10, 1],
    ['3/m', 3, 60],
    ['3/min', 3, 60],
    ['3/minute', 3, 60],
    ['100/h', 100, 3600],
    ['100/hour', 100, 3600],
    ['100/hours', 100, 3600],
    ['20/d', 20, 86_400],
    ['20/day', 20, 86_400],
    ['0/day', 0, 86_400],
    ['1000000/day', 1_000_000, 86_400],
  ] as const)
    it(`${text} is ${amount} in ${seconds} seconds`, () => {
      expect(parseRate(text)).to.deep.equal({ amount, seconds });
      expect(new AnyThrottle().parseRate(text)).to.deep.equal({ amount, seconds });
    });

  const wrong = [
    ...['', '/', '10', '10/', '/hour', '10/x', '10/week', '10/year', '10/Hour', '10 /hour', '10/ hour', ' 10/hour'],
    ...['10/hour ', '10/hour/day', '-1/hour', '+1/hour', '1.5/hour', '1e3/hour', '1_000/hour', '0x10/hour', 'ten/hour'],
    ...[
      '1000001/day',
      '99999999999/day',
      '10/2hours',
      '٣/hour',
      '10/hour\n',
      '10/month',
      '10/mon',
      '10/ms',
      '10/millis',
    ],
    '10/decade',
  ];
  for (const text of wrong)
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(parseRate(text)).to.equal(undefined);
      expect(() => new AnyThrottle().parseRate(text)).to.throw(
        `The rate of AnyThrottle is '${text}'; expected 'N/period'`,
      );
    });

  for (const value of [undefined, null, 10, {}, ['10/hour'], { toString: () => '10/hour' }])
    it(`is not ${JSON.stringify(value)}`, () => {
      expect(parseRate(value)).to.equal(undefined);
    });

  it('of null is no limit', () => {
    expect(new AnyThrottle().parseRate(null)).to.equal(null);
  });
});

describe('counting in memory', () => {
  /** At each time, in seconds: is the request let through, how many more would be, and when more are. */
  type Table = [at: number, isAllowed: boolean, remaining: number, reset: number][];

  function check(rate: string, table: Table, store = new MemoryThrottleStore()): void {
    let now = 0;
    store.clock = () => now;
    for (const [at, isAllowed, remaining, reset] of table) {
      now = at * 1000;
      const hit = store.hit('somebody', parseRate(rate)!);
      expect({ at, ...hit, reset: Math.round(hit.reset * 1e6) / 1e6 }).to.deep.equal({
        at,
        isAllowed,
        remaining,
        reset,
      });
    }
  }

  const tables: Record<string, [rate: string, table: Table]> = {
    'lets as many through as the rate says, and tells the time until the oldest leaves': [
      '3/minute',
      [
        [0, true, 2, 60],
        [1, true, 1, 59],
        [2, true, 0, 58],
        [3, false, 0, 57],
        [59.5, false, 0, 0.5],
      ],
    ],
    'forgets a request when it is exactly a period old': [
      '1/minute',
      [
        [0, true, 0, 60],
        [59.999, false, 0, 0.001],
        [60, true, 0, 60],
        [119.999, false, 0, 0.001],
      ],
    ],
    'slides: no span of the period has more than the rate': [
      '3/minute',
      [
        [0, true, 2, 60],
        [30, true, 1, 30],
        [59, true, 0, 1],
        [60, true, 0, 30],
        [61, false, 0, 29],
        [90, true, 0, 29],
        [91, false, 0, 28],
        [119, true, 0, 1],
      ],
    ],
    'counts no refused request': [
      '2/s',
      [
        [0, true, 1, 1],
        [0.5, true, 0, 0.5],
        [0.6, false, 0, 0.4],
        [0.9, false, 0, 0.1],
        [1, true, 0, 0.5],
        [1.2, false, 0, 0.3],
        [1.5, true, 0, 0.5],
      ],
    ],
    'lets nothing through at a rate of zero': [
      '0/hour',
      [
        [0, false, 0, 3600],
        [4000, false, 0, 3600],
      ],
    ],
    'goes on after a long pause as at first': [
      '2/day',
      [
        [0, true, 1, 86_400],
        [0, true, 0, 86_400],
        [0, false, 0, 86_400],
        [1_000_000, true, 1, 86_400],
      ],
    ],
  };
  for (const [name, [rate, table]] of Object.entries(tables))
    it(name, () => {
      check(rate, table);
    });

  it('remembers many requests in few slots, and never lets more through in any span of the period', () => {
    const store = new MemoryThrottleStore();
    const rate = parseRate('1000/minute')!;
    let now = 0;
    store.clock = () => now;
    const allowed: number[] = [];
    for (; now < 200_000; now += 7) if (store.hit('somebody', rate).isAllowed) allowed.push(now);
    const inTheSpanTo = (end: number) => allowed.filter(time => time > end - 60_000 && time <= end).length;
    const most = Math.max(...allowed.filter((_, index) => index % 50 === 0 || index > 990).map(inTheSpanTo));
    expect(most).to.equal(1000);
    // A 64th of the period is the most that a request waits longer than it must.
    expect(allowed[1000]! - allowed[0]!).to.be.within(60_000, 60_000 + 60_000 / 64 + 7);
  });

  it('lets exactly as many through as the rate says, at once and after a period', () => {
    const store = new MemoryThrottleStore();
    const rate = parseRate('1000/minute')!;
    let now = 0;
    store.clock = () => now;
    const passing = () =>
      Array.from({ length: 1500 }, () => store.hit('somebody', rate)).filter(hit => hit.isAllowed).length;
    expect(passing()).to.equal(1000);
    now = 60_000;
    expect(passing()).to.equal(1000);
  });

  it('tells how long to wait where the rate became less', () => {
    const store = new MemoryThrottleStore();
    let now = 0;
    store.clock = () => now;
    for (; now < 4000; now += 1000) store.hit('somebody', parseRate('5/minute')!);
    expect(store.hit('somebody', parseRate('2/minute')!)).to.deep.equal({ isAllowed: false, remaining: 0, reset: 58 });
  });

  it('counts each key for itself', () => {
    const store = new MemoryThrottleStore();
    const rate = parseRate('1/day')!;
    expect(['a', 'b', 'a', 'b'].map(key => store.hit(key, rate).isAllowed)).to.deep.equal([true, true, false, false]);
  });

  it('is bounded: who asked longest ago is forgotten first', () => {
    const store = new MemoryThrottleStore({ maxKeys: 3 });
    const rate = parseRate('1/day')!;
    const allowed = (...keys: string[]) => keys.map(key => store.hit(key, rate).isAllowed);
    expect(allowed('a', 'b', 'c')).to.deep.equal([true, true, true]);
    expect(allowed('a')).to.deep.equal([false]);
    expect(allowed('d')).to.deep.equal([true]);
    expect(allowed('a', 'c', 'd')).to.deep.equal([false, false, false]);
    expect(allowed('b')).to.deep.equal([true]);
  });

  for (const jump of [-3 * 3_600_000, 3 * 3_600_000])
    it(`keeps a window where the system's clock is set by ${jump / 3_600_000} hours`, () => {
      const [real, rate] = [Date.now, parseRate('1/hour')!];
      const store = new MemoryThrottleStore();
      try {
        store.hit('somebody', rate);
        Date.now = () => real() + jump;
        const { isAllowed, reset } = store.hit('somebody', rate);
        expect([isAllowed, Math.ceil(reset)]).to.deep.equal([false, 3600]);
      } finally {
        Date.now = real;
      }
    });

  it('makes no window longer where the clock that it was given is set back', () => {
    const [store, rate] = [new MemoryThrottleStore(), parseRate('1/hour')!];
    let now = 10_000_000;
    store.clock = () => now;
    store.hit('somebody', rate);
    now -= 3 * 3_600_000;
    const { isAllowed, reset } = store.hit('somebody', rate);
    expect([isAllowed, Math.ceil(reset)]).to.deep.equal([false, 3600]);
    now += 3_590_000;
    expect(store.hit('somebody', rate).isAllowed).to.be.false;
    now += 10_000;
    expect(store.hit('somebody', rate).isAllowed).to.be.true;
  });
});
