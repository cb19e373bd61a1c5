import { expect } from 'chai';
import { ImproperlyConfigured, Throttled } from '../../../src/core/http/exceptions';
import { MemorySignInAttempts, type Attempt, type SignInLimits } from '../../../src/core/attempts/sign-in-attempts';
import { FakeTime } from '../../issuer/fake-time';
import { sampled } from '../../sampled';

describe('tries to sign in', () => {
  let time: FakeTime;

  function counting(limits: SignInLimits = {}): MemorySignInAttempts {
    const attempts = new MemorySignInAttempts(limits);
    attempts.clock = time.clock;
    attempts.timers = time.timers;
    return attempts;
  }

  beforeEach(() => {
    time = new FakeTime();
  });

  const ged = { account: 'ged', address: '192.0.2.1' };

  /** Seconds until the next try, or `undefined` where it may be made. */
  async function refusal(trying: Promise<void>): Promise<number | undefined> {
    try {
      await trying;
      return undefined;
    } catch (error) {
      expect(error).to.be.instanceOf(Throttled);
      return (error as Throttled).wait;
    }
  }

  it('are refused for an account and an address together, until the window is over', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 3, window: 600 });
    for (let count = 0; count < 3; count++) expect(await refusal(attempts.begin(ged))).to.equal(undefined);
    time.advance(100);
    expect(await refusal(attempts.begin(ged))).to.equal(500);
    expect(await refusal(attempts.begin({ ...ged, account: 'tenar' }))).to.equal(undefined);
    expect(await refusal(attempts.begin({ ...ged, address: '192.0.2.2' }))).to.equal(undefined);
    time.advance(499);
    expect(await refusal(attempts.begin(ged))).to.equal(1);
    time.advance(1);
    expect(await refusal(attempts.begin(ged))).to.equal(undefined);
  });

  it('count before they are decided, so that many at the same time are not more', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 3 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => refusal(attempts.begin(ged))));
    expect(outcomes.filter(wait => wait === undefined)).to.have.length(3);
  });

  it('do not count once they were good, and the pair starts anew', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 3, triesPerAddress: 4 });
    await attempts.begin(ged);
    await attempts.begin(ged);
    await attempts.begin(ged);
    attempts.succeeded(ged);
    expect(await refusal(attempts.begin(ged))).to.equal(undefined);
  });

  it('do not count where they could not be decided', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 2 });
    for (let count = 0; count < 10; count++) {
      expect(await refusal(attempts.begin(ged))).to.equal(undefined);
      attempts.undecided(ged);
    }
  });

  it('are refused for an address that tries many accounts', async () => {
    const attempts = counting({ triesPerAddress: 5 });
    for (let count = 0; count < 5; count++) await attempts.begin({ ...ged, account: `user-${count}` });
    expect(await refusal(attempts.begin({ ...ged, account: 'next' }))).to.equal(900);
    expect(await refusal(attempts.begin({ account: 'next', address: '192.0.2.9' }))).to.equal(undefined);
  });

  it("are not cleared by a success of the attacker's own account in between", async () => {
    const attempts = counting({ triesPerAddress: 5, triesPerAccountAndAddress: 3 });
    const own = { ...ged, account: 'own' };
    for (let count = 0; count < 5; count++) {
      await attempts.begin({ ...ged, account: `victim-${count}` });
      if (count === 4) break;
      await attempts.begin(own);
      attempts.succeeded(own);
    }
    expect(await refusal(attempts.begin({ ...ged, account: 'victim-5' }))).to.equal(900);
  });

  for (const [one, other] of [
    ['GED', 'ged'],
    ['ged ', 'ged'],
    ['\uFF47\uFF45\uFF44', 'ged'],
  ])
    it(`are the same account's as ${JSON.stringify(one)} and ${JSON.stringify(other)}`, async () => {
      const attempts = counting({ triesPerAccountAndAddress: 1 });
      await attempts.begin({ ...ged, account: one! });
      expect(await refusal(attempts.begin({ ...ged, account: other! }))).to.equal(900);
    });

  it('are taken back by the success of the same spelling alone, because another one may be another user', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 4 });
    const own = { ...ged, account: 'Ged' };
    await attempts.begin(ged);
    await attempts.begin(own);
    await attempts.begin(own);
    attempts.succeeded(own);
    await attempts.begin(ged);
    await attempts.begin(own);
    attempts.undecided(own);
    // Neither of these has a try that counts.
    attempts.undecided(own);
    attempts.succeeded({ ...ged, account: 'GED' });
    await attempts.begin(ged);
    await attempts.begin(ged);
    expect(await refusal(attempts.begin(ged))).to.equal(900);
    attempts.succeeded(ged);
    expect(attempts.remembered.pairs).to.equal(0);
  });

  it('are those of another account for another kind of accounts, and of the same address', async () => {
    const attempts = counting({ triesPerAccountAndAddress: 2, triesPerAddress: 5 });
    const [staff, customer] = ['Staff', 'Customers'].map(accounts => ({ ...ged, accounts }));
    await attempts.begin(staff!);
    await attempts.begin(staff!);
    expect(await refusal(attempts.begin(staff!))).to.equal(900);
    for (let count = 0; count < 2; count++) {
      await attempts.begin(customer!);
      attempts.succeeded(customer!);
    }
    expect(await refusal(attempts.begin(staff!))).to.equal(900);
    expect(attempts.remembered).to.deep.equal({ accounts: 1, addresses: 1, pairs: 1 });
    for (let count = 0; count < 2; count++) await attempts.begin(customer!);
    await attempts.begin({ ...ged, account: 'tenar' });
    expect(await refusal(attempts.begin({ ...ged, account: 'tehanu' }))).to.equal(900);
  });

  for (const [one, other, isSame] of [
    ['2001:db8::1', '2001:db8:0:0:ffff::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['2001:DB8::1', '2001:0db8::1', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['fe80::1%eth0', 'fe80::2', true],
    ['', '', true],
    // What is no address, a proxy's own name for the caller, say, has no network.
    ['proxy:a:b:c:one', 'proxy:a:b:c:two', false],
  ] as const)
    it(`are ${isSame ? 'from the same network' : 'from two networks'} as ${one} and ${other}`, async () => {
      const attempts = counting({ triesPerAccountAndAddress: 1 });
      await attempts.begin({ ...ged, address: one });
      expect((await refusal(attempts.begin({ ...ged, address: other }))) === undefined).to.equal(!isSame);
    });

  describe('of an account alone', () => {
    const limits = { quickTriesPerAccount: 2, firstDelay: 1, longestDelay: 8, mostWaiting: 3 };
    const from = (host: number) => ({ account: 'ged', address: `192.0.2.${host}` });

    /** Seconds that a try waits. */
    async function delay(trying: Promise<void>): Promise<number> {
      const outcome: string[] = [];
      void trying.then(() => outcome.push('over'));
      for (let waited = 0; waited < 100; waited++) {
        await new Promise(setImmediate);
        if (outcome.length > 0) return waited;
        time.advance(1);
      }
      throw new Error('waits for ever');
    }

    it('are slowed down more and more, up to a bound, and never refused one after the other', async () => {
      const attempts = counting(limits);
      const delays: number[] = [];
      for (let host = 1; host <= 8; host++) delays.push(await delay(attempts.begin(from(host))));
      expect(delays).to.deep.equal([0, 0, 1, 2, 4, 8, 8, 8]);
    });

    it('are not slowed down from where the user signed in before', async () => {
      const attempts = counting(limits);
      await attempts.begin(from(99));
      attempts.succeeded(from(99));
      for (let host = 1; host <= 6; host++) await delay(attempts.begin(from(host)));
      expect(await delay(attempts.begin(from(99)))).to.equal(0);
      expect(await delay(attempts.begin(from(98)))).to.be.greaterThan(0);
    });

    it('are slowed down from where only the user of another spelling signed in before', async () => {
      const attempts = counting(limits);
      const own = { ...from(99), account: 'Ged' };
      await attempts.begin(own);
      attempts.succeeded(own);
      for (let host = 1; host <= 2; host++) await delay(attempts.begin(from(host)));
      expect(await delay(attempts.begin(from(99)))).to.be.greaterThan(0);
      expect(await delay(attempts.begin(own))).to.equal(0);
    });

    it('are slowed down from where only the user of another kind of accounts signed in before', async () => {
      const attempts = counting(limits);
      const own = { ...from(99), accounts: 'Customers' };
      await attempts.begin(own);
      attempts.succeeded(own);
      for (let host = 1; host <= 2; host++) await delay(attempts.begin(from(host)));
      expect(await delay(attempts.begin(own))).to.equal(0);
      expect(await delay(attempts.begin(from(99)))).to.be.greaterThan(0);
    });

    it('wait in small numbers', async () => {
      const attempts = counting({ ...limits, mostWaiting: 3, firstTriesPerSite: 0 });
      const trying = Array.from({ length: 9 }, (_, host) => refusal(attempts.begin(from(host))));
      await new Promise(setImmediate);
      expect(time.waiting).to.equal(3);
      time.advance(8);
      expect(await Promise.all(trying)).to.deep.equal([...Array<undefined>(5), 8, 8, 8, 8]);
      expect(time.waiting).to.equal(0);
      expect(await delay(attempts.begin(from(10)))).to.equal(8);
    });
  });

  it('wait in equal shares: the latest of the site with the most of them gives way', async () => {
    const limits = { quickTriesPerAccount: 0, firstDelay: 8, longestDelay: 8, mostWaiting: 4, firstTriesPerSite: 0 };
    const attempts = counting(limits);
    const outcomes: string[] = [];
    async function from(address: string): Promise<void> {
      const outcome = await refusal(attempts.begin({ account: 'ged', address }));
      outcomes.push(`${address} ${outcome === undefined ? 'waited' : `in ${outcome}`}`);
    }
    const trying: Promise<void>[] = [];
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8:1:1::1', '2001:db8:1:2::1', '192.0.2.3', '198.51.100.1'])
      trying.push(from(address));
    // Four wait, two of each of two sites; one more of the first has no more than its share; another site has none.
    await new Promise(setImmediate);
    expect(outcomes).to.have.members(['192.0.2.3 in 8', '2001:db8:1:2::1 in 8']);
    trying.push(from('203.0.113.1'), from('2001:db8:2::1'));
    await new Promise(setImmediate);
    expect(outcomes.slice(2)).to.have.members(['192.0.2.2 in 8', '2001:db8:2::1 in 8']);
    expect(time.waiting).to.equal(4);
    time.advance(8);
    await Promise.all(trying);
    const waited = ['192.0.2.1', '2001:db8:1:1::1', '198.51.100.1', '203.0.113.1'];
    expect(outcomes.slice(4)).to.have.members(waited.map(address => `${address} waited`));
    expect(attempts.remembered).to.deep.equal({ accounts: 1, addresses: 4, pairs: 4 });
  });

  it('that were refused because too many wait count for nothing: the owner is not closed out', async () => {
    const limits = { quickTriesPerAccount: 0, firstDelay: 1, longestDelay: 8, mostWaiting: 1, firstTriesPerSite: 0 };
    const attempts = counting(limits);
    const stranger = refusal(attempts.begin({ account: 'ged', address: '192.0.2.1' }));
    const owner = { account: 'ged', address: '192.0.2.99' };
    for (let time = 0; time < 20; time++) expect(await refusal(attempts.begin(owner))).to.equal(8);
    time.advance(8);
    await stranger;
    const trying = refusal(attempts.begin(owner));
    await new Promise(setImmediate);
    time.advance(8);
    expect(await trying).to.equal(undefined);
  });

  describe('that are the first of their address', () => {
    const limits = { quickTriesPerAccount: 0, firstDelay: 8, longestDelay: 8, mostWaiting: 0, firstTriesPerSite: 3 };
    const from = (address: string) => ({ account: 'ged', address });

    /** Begins a try, and says whether it waits or for how long it is refused. */
    async function begun(attempts: MemorySignInAttempts, attempt: Attempt): Promise<string> {
      const waiting = time.waiting;
      const outcome = refusal(attempts.begin(attempt));
      await new Promise(setImmediate);
      return time.waiting > waiting ? 'waits' : `refused for ${await outcome}`;
    }

    it('wait without a place, and further ones of the address do not', async () => {
      const attempts = counting(limits);
      expect(await begun(attempts, from('192.0.2.1'))).to.equal('waits');
      expect(await begun(attempts, from('192.0.2.1'))).to.equal('refused for 8');
      expect(await begun(attempts, from('192.0.2.2'))).to.equal('waits');
      time.advance(8);
      expect(await begun(attempts, from('192.0.2.1'))).to.equal('refused for 8');
      expect(attempts.remembered).to.deep.equal({ accounts: 1, addresses: 2, pairs: 2 });
    });

    for (const [site, other] of [
      [(host: number) => `192.0.2.${host}`, '192.0.3.1'],
      [(host: number) => `2001:db8:0:${host}::1`, '2001:db8:1:1::1'],
    ] as const)
      it(`are limited for each site and account: ${site(1)}`, async () => {
        const attempts = counting(limits);
        for (const host of [1, 2, 3]) expect(await begun(attempts, from(site(host)))).to.equal('waits');
        expect(await begun(attempts, from(site(4)))).to.equal('refused for 8');
        expect(await begun(attempts, from(other))).to.equal('waits');
        expect(await begun(attempts, { ...from(site(5)), account: 'tenar' })).to.equal('waits');
      });

    it('no longer count for their site once they were taken back', async () => {
      const attempts = counting({ ...limits, firstTriesPerSite: 1 });
      for (const end of ['undecided', 'succeeded'] as const) {
        const attempt = from('192.0.2.1');
        const trying = attempts.begin(attempt);
        await new Promise(setImmediate);
        time.advance(8);
        await trying;
        attempts[end](attempt);
      }
      expect(await begun(attempts, from('192.0.2.2'))).to.equal('waits');
    });
  });

  describe('of one account, from many addresses, for an hour', () => {
    /** Tries as often as possible. Returns how many passwords were compared. */
    async function guesses(addresses: number, seconds: number): Promise<number> {
      const attempts = counting();
      let compared = 0;
      const isTrying = new Set<number>();
      async function tryFrom(site: number): Promise<void> {
        isTrying.add(site);
        if (
          (await refusal(attempts.begin({ account: 'ged', address: `10.${site >> 8}.${site & 255}.1` }))) === undefined
        )
          compared++;
        isTrying.delete(site);
      }
      for (let passed = 0; passed < 3600; passed += seconds) {
        for (let site = 0; site < addresses; site++) if (!isTrying.has(site)) void tryFrom(site);
        await new Promise(setImmediate);
        time.advance(seconds);
        await new Promise(setImmediate);
      }
      return compared;
    }

    // The bounds that docs/sessions.md states.
    for (const [addresses, seconds, bound] of sampled(
      [
        [1, 1, 40],
        [60, 1, 40 * 60],
        [600, 5, 14_600 + 4 * 600],
      ] as const,
      ([addresses]) => `${addresses} addresses`,
    ))
      it(`are at most ${bound}, from ${addresses}`, async function () {
        this.timeout(60_000);
        expect(await guesses(addresses, seconds)).to.be.within(bound * 0.5, bound);
      });
  });

  it('of any number of accounts and addresses take bounded memory', async () => {
    const attempts = counting({ size: 100, quickTriesPerAccount: 1e9 });
    for (let count = 0; count < 5000; count++)
      await attempts.begin({ account: `user-${count}`, address: `10.0.${count >> 8}.${count & 255}` });
    const { accounts, addresses, pairs } = attempts.remembered;
    expect([accounts, addresses, pairs]).to.deep.equal([100, 100, 100]);
  });

  describe('under a flood of names', () => {
    const size = 50;

    /** Tries as many names, each from an address of its own. Returns how many of the tries were let through. */
    async function flood(attempts: MemorySignInAttempts, names: number, prefix = 'flood'): Promise<number> {
      let passed = 0;
      for (let count = 0; count < names; count++) {
        const attempt = { account: `${prefix}-${count}`, address: `10.${prefix.length}.${count >> 8}.${count & 255}` };
        if ((await refusal(attempts.begin(attempt))) === undefined) passed++;
      }
      return passed;
    }

    async function passedTries(attempts: MemorySignInAttempts, attempt: typeof ged, tries: number): Promise<number> {
      let passed = 0;
      for (let count = 0; count < tries; count++) if ((await refusal(attempts.begin(attempt))) === undefined) passed++;
      return passed;
    }

    it('an account stays closed to an address after ten tries, however many names come in between', async () => {
      const attempts = counting({ size, quickTriesPerAccount: 1e9 });
      let passed = 0;
      for (let round = 0; round < 15; round++) {
        passed += await passedTries(attempts, ged, 1);
        await flood(attempts, 200, `flood-${round}`);
      }
      expect(passed).to.equal(10);
    });

    it('a name that comes while the table is full has no more than ten tries, also once there is room', async () => {
      const attempts = counting({ size, quickTriesPerAccount: 1e9 });
      await flood(attempts, size);
      time.advance(800);
      const early = await passedTries(attempts, ged, 6);
      time.advance(101);
      expect(early + (await passedTries(attempts, ged, 20))).to.equal(10);
    });

    it('an address stays closed after its tries', async () => {
      const attempts = counting({ size, triesPerAddress: 5 });
      for (let count = 0; count < 5; count++) await attempts.begin({ ...ged, account: `first-${count}` });
      await flood(attempts, 1000);
      expect(await refusal(attempts.begin({ ...ged, account: 'next' }))).to.equal(900);
    });

    it('an account is still slowed down', async () => {
      const attempts = counting({ size, quickTriesPerAccount: 2, firstDelay: 1 });
      for (const host of [1, 2]) await attempts.begin({ account: 'ged', address: `192.0.2.${host}` });
      // More names would slow one another down: three of them may share a counter.
      await flood(attempts, size + 10);
      const third = attempts.begin({ account: 'ged', address: '192.0.2.3' });
      await new Promise(setImmediate);
      expect(time.waiting).to.equal(1);
      time.advance(1);
      await third;
    });

    it('tries that are refused store nothing', async () => {
      const attempts = counting({ triesPerAddress: 5 });
      for (let count = 0; count < 5; count++) await attempts.begin({ ...ged, account: `first-${count}` });
      for (let count = 0; count < 2000; count++) await refusal(attempts.begin({ ...ged, account: `name-${count}` }));
      expect(attempts.remembered).to.deep.equal({ accounts: 5, addresses: 1, pairs: 5 });
    });

    it('tries that nobody decided, and good ones, leave nothing that counts', async () => {
      const attempts = counting();
      for (let count = 0; count < 500; count++) {
        const attempt = { account: `name-${count}`, address: '192.0.2.1' };
        await attempts.begin(attempt);
        if (count % 2 === 0) attempts.undecided(attempt);
        else attempts.succeeded(attempt);
      }
      expect(attempts.remembered).to.deep.equal({ accounts: 0, addresses: 0, pairs: 0 });
    });

    it('a success takes back its own try alone, even from a counter that other accounts share', async () => {
      // Every pair, account and address shares its counter with some of the others.
      const attempts = counting({ size: 1, quickTriesPerAccount: 1e9, triesPerAddress: 1e9 });
      await attempts.begin({ account: 'first', address: '192.0.2.100' });
      const own = { account: 'own', address: '192.0.2.1' };
      let passed = 0;
      for (let count = 0; count < 30; count++) {
        passed += await passedTries(attempts, ged, 1);
        if ((await refusal(attempts.begin(own))) === undefined) attempts.succeeded(own);
      }
      expect(passed).to.equal(10);
    });

    it('limits that would never be reached stop the start', () => {
      for (const size of [0, -1, 1.5, NaN, Infinity, '5', null])
        expect(() => counting({ size: size as number }), String(size)).to.throw(
          ImproperlyConfigured,
          'expected a whole number from 1',
        );
      for (const value of [-1, NaN, '10', null])
        expect(() => counting({ triesPerAddress: value as number }), String(value)).to.throw(
          ImproperlyConfigured,
          'expected a number from 0',
        );
      const misspelled: object = { triesOfAddress: 5 };
      expect(() => counting(misspelled)).to.throw(ImproperlyConfigured, "no limit 'triesOfAddress'");
    });

    it('a limit that is undefined is the default', async () => {
      const attempts = counting({ triesPerAccountAndAddress: undefined, window: undefined });
      expect(await passedTries(attempts, ged, 20)).to.equal(10);
    });

    it('new names have counters of their own again once the window of the flood is over', async () => {
      const attempts = counting({ size });
      await flood(attempts, 2000);
      time.advance(900);
      await attempts.begin(ged);
      expect(attempts.remembered).to.deep.equal({ accounts: 1, addresses: 1, pairs: 1 });
    });

    it('the number of counters does not grow with names of 40 KB', async () => {
      const attempts = counting({ size, quickTriesPerAccount: 1e9 });
      const long = 'x'.repeat(40 * 1024);
      let passed = 0;
      for (let count = 0; count < 6000; count++) {
        const attempt = { account: `${long}${count}`, address: `10.0.${count >> 8}.${count & 255}` };
        if ((await refusal(attempts.begin(attempt))) === undefined) passed++;
      }
      expect(passed).to.be.within(5900, 6000);
      expect(attempts.remembered).to.deep.equal({ accounts: size, addresses: size, pairs: size });
    });
  });

  describe('and a clock that is set', () => {
    it('back does not keep an account closed for longer', async () => {
      const attempts = counting({ triesPerAccountAndAddress: 1, window: 600 });
      let now = 10_000_000;
      attempts.clock = () => now;
      await attempts.begin(ged);
      now -= 3_600_000;
      // The real time between the two tries counts as well.
      expect(await refusal(attempts.begin(ged))).to.be.within(590, 600);
      now += 600_000;
      expect(await refusal(attempts.begin(ged))).to.equal(undefined);
    });

    it("forward or back is not asked: the default is the process's own time", async () => {
      const attempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1, window: 600 });
      const real = Date.now;
      try {
        await attempts.begin(ged);
        for (const jump of [86_400_000, -86_400_000]) {
          Date.now = () => real() + jump;
          expect(await refusal(attempts.begin(ged))).to.be.within(590, 600);
        }
      } finally {
        Date.now = real;
      }
    });
  });

  it('are taken back from the window in which they were counted, not from the next', async () => {
    const attempts = counting({ triesPerAddress: 3, quickTriesPerAccount: 1e9 });
    const slow = { ...ged, account: 'own' };
    await attempts.begin(slow);
    time.advance(900);
    for (let count = 0; count < 3; count++) await attempts.begin({ ...ged, account: `victim-${count}` });
    attempts.succeeded(slow);
    expect(await refusal(attempts.begin({ ...ged, account: 'victim-4' }))).to.equal(900);
  });
});
