import { expect } from 'chai';
import fc from 'fast-check';
import { ForgottenTimes, longestGap, mostSpans } from '../../../src/core/proofs/forgotten-times';

function timesOf(...ends: readonly number[]): ForgottenTimes {
  const times = new ForgottenTimes();
  for (const end of ends) times.add(end);
  return times;
}

describe('ForgottenTimes', () => {
  it('has every end that was added, in whatever order they came, and however many', () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 });
    fc.assert(
      fc.property(seconds, ends => {
        const times = timesOf(...ends);
        expect(ends.every(end => times.has(end))).to.equal(true);
      }),
    );
  });

  it('has nothing at the beginning', () => {
    expect(timesOf().has(0)).to.equal(false);
  });

  it('has what is between two ends that are near, and nothing in front or behind', () => {
    for (const [one, other] of [
      [100, 100 + longestGap],
      [100 + longestGap, 100],
    ] as const) {
      const times = timesOf(one, other);
      expect([99, 100, 105, 110, 111].map(end => times.has(end))).to.deep.equal([false, true, true, true, false]);
    }
  });

  it('does not have what is between two ends that are far from each other', () => {
    const times = timesOf(100, 101 + longestGap);
    expect([100, 101, 110, 111].map(end => times.has(end))).to.deep.equal([true, false, false, true]);
  });

  it('lets a span grow at both ends, and shrinks none', () => {
    const times = timesOf(100, 105, 95, 102);
    expect([94, 95, 105, 106].map(end => times.has(end))).to.deep.equal([false, true, true, false]);
  });

  it('joins the earliest spans once there are too many, and leaves the latest as they are', () => {
    const far = 1_000_000;
    const times = timesOf(far, ...Array.from({ length: mostSpans }, (_, index) => 100 * (index + 1)));
    // The two earliest are one.
    expect([100, 150, 200, 250, 300].map(end => times.has(end))).to.deep.equal([true, true, true, false, true]);
    expect([99, far - 1, far, far + 1].map(end => times.has(end))).to.deep.equal([false, false, true, false]);
  });

  it('joins two spans to the one that reaches further, whichever it is', () => {
    // The first grows beyond the beginning of the second.
    const ends = [100, 115, 110, 120, 130].flatMap(end => [end]);
    const others = Array.from({ length: mostSpans - 1 }, (_, index) => 1000 * (index + 1));
    const times = timesOf(...ends, ...others);
    expect(ends.every(end => times.has(end))).to.equal(true);
  });
});
