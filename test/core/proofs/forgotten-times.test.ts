import { expect } from 'chai';
import fc from 'fast-check';
import { ForgottenTimes, mostSpans, shortestGap } from '../../../src/core/proofs/forgotten-times';

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
      [100, 100 + shortestGap],
      [100 + shortestGap, 100],
    ] as const) {
      const times = timesOf(one, other);
      expect([99, 100, 105, 110, 111].map(end => times.has(end))).to.deep.equal([false, true, true, true, false]);
    }
  });

  it('does not have what is between two ends that are far from each other', () => {
    const times = timesOf(100, 101 + shortestGap);
    expect([100, 101, 110, 111].map(end => times.has(end))).to.deep.equal([true, false, false, true]);
  });

  it('lets a span grow at both ends, and shrinks none', () => {
    const times = timesOf(100, 105, 95, 102);
    expect([94, 95, 105, 106].map(end => times.has(end))).to.deep.equal([false, true, true, false]);
  });

  it('joins spans that have grown together', () => {
    const times = timesOf(100, 130, 115, 110, 120);
    expect([100, 112, 125, 130].map(end => times.has(end))).to.deep.equal([true, true, true, true]);
    // One span: so many others fit beside it.
    for (let index = 1; index < mostSpans; index++) times.add(100_000 * index);
    expect(times.has(50_000)).to.equal(false);
  });

  it('joins the two that are closest once there are too many', () => {
    const starts = Array.from({ length: mostSpans }, (_, index) => 10_000 * (index + 1));
    const times = timesOf(...starts, 54_000);
    expect([50_000, 50_001, 54_000].map(end => times.has(end))).to.deep.equal([true, true, true]);
    expect([15_000, 45_000, 55_000].map(end => times.has(end))).to.deep.equal([false, false, false]);
  });

  it('joins the two earliest once there are too many, if all are equally far from each other', () => {
    const times = timesOf(...Array.from({ length: mostSpans + 1 }, (_, index) => 1000 * (index + 1)));
    expect(times.has(1500)).to.equal(true);
    expect(times.has(2500)).to.equal(false);
    expect(times.has(1000 * mostSpans + 500)).to.equal(false);
  });

  it('leaves the present open, however many proofs came while the clock was ahead', () => {
    for (const spacing of [1, 11, 15, 60, 300, 599, 601, 660, 3600]) {
      const present = 1_000_000;
      const times = timesOf(present - 86_400, present - 100, present - 50);
      for (let index = 0; index < 200; index++) times.add(present + 6 * 3600 + spacing * index);
      expect(
        [0, 60, 3600, 6 * 3600 - 1].some(later => times.has(present + later)),
        String(spacing),
      ).to.equal(false);
    }
  });
});
