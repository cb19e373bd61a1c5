/** The nonces of DPoP proofs: who accepts which, and for how long. */
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { Nonces, noncePeriod } from '../../../src/core/proofs/nonces';

const [secret, newer, another] = ['s'.repeat(32), 'n'.repeat(32), 'a'.repeat(32)];
const [alice, bob] = ['alice', 'bob'].map(name => name.padEnd(43, '_')) as [string, string];
const start = Date.UTC(2026, 0, 1);
// The first millisecond of a period.
const now = Math.ceil(start / 1000 / noncePeriod) * noncePeriod * 1000;
const period = noncePeriod * 1000;

describe('Nonces', () => {
  const nonces = new Nonces([secret]);
  const nonce = nonces.nonceOf(alice, now);

  it('makes a nonce of characters that a header field and a claim may have (RFC 9449 §8.1)', () => {
    expect(nonce).to.match(/^[\w-]{43}$/);
  });

  it('accepts the nonce of a period as current in it, as aging in the next one, and not after that', () => {
    for (const [time, age] of [
      [now, 'current'],
      [now + period - 1, 'current'],
      [now + period, 'aging'],
      [now + 2 * period - 1, 'aging'],
      [now + 2 * period, undefined],
      [now + 1000 * period, undefined],
    ] as const)
      expect(nonces.ageOf(nonce, alice, time)).to.equal(age);
  });

  it('accepts the nonce of a server whose clock is ahead by less than a period, and of none that is further ahead', () => {
    expect(nonces.ageOf(nonce, alice, now - 1)).to.equal('current');
    expect(nonces.ageOf(nonce, alice, now - period)).to.equal('current');
    expect(nonces.ageOf(nonce, alice, now - period - 1)).to.equal(undefined);
  });

  it('is right again at once when a clock that jumped is right again', () => {
    for (const jump of [-1e12, -3_600_000, 3_600_000, 1e12]) {
      expect(nonces.ageOf(nonce, alice, now + jump)).to.equal(undefined);
      const meanwhile = nonces.nonceOf(alice, now + jump);
      expect(nonces.ageOf(meanwhile, alice, now + jump)).to.equal('current');
      expect(nonces.ageOf(meanwhile, alice, now)).to.equal(undefined);
      expect(nonces.ageOf(nonce, alice, now)).to.equal('current');
    }
  });

  it('accepts no nonce of another key, and none of another secret', () => {
    expect(nonces.ageOf(nonce, bob, now)).to.equal(undefined);
    expect(new Nonces([another]).ageOf(nonce, alice, now)).to.equal(undefined);
    expect(new Nonces([another, newer]).ageOf(nonce, alice, now)).to.equal(undefined);
  });

  it('is the same in another process with the same secret', () => {
    const path = require.resolve('../../../src/core/proofs/nonces');
    const program = `const { Nonces } = require(${JSON.stringify(path)});
      process.stdout.write(new Nonces([${JSON.stringify(secret)}]).nonceOf(${JSON.stringify(alice)}, ${now}));`;
    expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })).to.equal(nonce);
  });

  it('lets one secret replace another, in two steps, while every process accepts the nonces of every other one', () => {
    const [before, first, second, after] = [[secret], [secret, newer], [newer, secret], [newer]].map(
      secrets => new Nonces(secrets),
    ) as [Nonces, Nonces, Nonces, Nonces];
    for (const [one, other] of [
      [before, first],
      [first, second],
      [second, after],
    ] as const)
      for (const [making, checking] of [
        [one, other],
        [other, one],
      ] as const)
        for (const ahead of [-period, 0, period])
          expect(checking.ageOf(making.nonceOf(alice, now + ahead), alice, now)).not.to.equal(undefined);
    expect(second.ageOf(first.nonceOf(alice, now), alice, now)).to.equal('aging');
    expect(second.nonceOf(alice, now)).to.equal(after.nonceOf(alice, now));
  });

  it('accepts no other text, and throws for none', () => {
    expect(nonces.ageOf(undefined, alice, now)).to.equal(undefined);
    const changed = fc
      .tuple(fc.nat(42), fc.constantFrom('A', 'z', '0', '-', '_', '=', 'é', '\u{1f511}'))
      .map(([at, character]) => nonce.slice(0, at) + character + nonce.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary', minLength: 40, maxLength: 50 }), changed), text => {
        expect(nonces.ageOf(text, alice, now)).to.equal(text === nonce ? 'current' : undefined);
      }),
      { numRuns: 300 },
    );
  });

  it('accepts what any server with the secret makes within a period of its own time, for any key and time', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true }),
        fc.integer({ min: -period, max: period }),
        fc.string(),
        (time, skew, key) => {
          const made = nonces.nonceOf(key, time.getTime() + skew);
          expect(new Nonces([secret]).ageOf(made, key, time.getTime())).not.to.equal(undefined);
          expect(nonces.ageOf(made, `${key} `, time.getTime())).to.equal(undefined);
        },
      ),
      { numRuns: 300 },
    );
  });
});
