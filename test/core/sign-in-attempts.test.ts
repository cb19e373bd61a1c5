import { expect } from 'chai';
import { Throttled } from '../../src/core/exceptions';
import { MemorySignInAttempts, type SignInLimits } from '../../src/core/sign-in-attempts';
import { FakeTime } from '../issuer/fake-time';

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

  it("are not cleared by the success of one's own account in between", async () => {
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

    it('wait in small numbers', async () => {
      const attempts = counting({ ...limits, mostWaiting: 3 });
      const trying = Array.from({ length: 9 }, (_, host) => refusal(attempts.begin(from(host))));
      await new Promise(setImmediate);
      expect(time.waiting).to.equal(3);
      time.advance(8);
      expect(await Promise.all(trying)).to.deep.equal([...Array<undefined>(5), 8, 8, 8, 8]);
      expect(time.waiting).to.equal(0);
      expect(await delay(attempts.begin(from(10)))).to.equal(8);
    });
  });

  it('that were refused because too many wait count for nothing: the owner is not closed out', async () => {
    const attempts = counting({ quickTriesPerAccount: 0, firstDelay: 1, longestDelay: 8, mostWaiting: 1 });
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

  it('of any number of accounts and addresses take bounded memory', async () => {
    const attempts = counting({ size: 100, quickTriesPerAccount: 1e9 });
    for (let count = 0; count < 5000; count++)
      await attempts.begin({ account: `user-${count}`, address: `10.0.${count >> 8}.${count & 255}` });
    const { accounts, addresses, pairs } = attempts.remembered;
    expect([accounts, addresses, pairs]).to.deep.equal([100, 100, 100]);
  });
});
