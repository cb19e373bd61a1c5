import { expect } from 'chai';
import { SteadyClock, systemClock } from '../../../src/core/time/steady-clock';

const hours = 3_600_000;

/** Milliseconds that a test may take: the real time counts as well. */
const longest = 20_000;

describe('SteadyClock', () => {
  let clock: () => number;
  let steady: SteadyClock;
  beforeEach(() => {
    clock = systemClock;
    steady = new SteadyClock(() => clock);
  });

  for (const jump of [-3 * hours, 3 * hours])
    it(`does not notice that the system's clock is set by ${jump / hours} hours`, () => {
      const real = Date.now;
      const start = steady.now();
      try {
        Date.now = () => real() + jump;
        expect(steady.now() - start).to.be.within(0, longest);
      } finally {
        Date.now = real;
      }
    });

  it('counts the real time while the clock of a test is set back, and runs on from there', () => {
    let now = 5 * hours;
    clock = () => now;
    const start = steady.now();
    now += 1000;
    expect(steady.now() - start).to.equal(1000);
    now -= 3 * hours;
    expect(steady.now() - start).to.be.within(1000, 1000 + longest);
    const after = steady.now();
    now += 500;
    expect(steady.now() - after).to.equal(500);
  });

  it("counts the step from the system's clock to one that a test puts in its place", () => {
    const start = steady.now();
    const later = Date.now() + 20_000;
    clock = () => later;
    expect(steady.now() - start).to.be.within(20_000, 20_000 + longest);
    clock = () => later + 5000;
    expect(steady.now() - start).to.be.within(25_000, 25_000 + longest);
    clock = systemClock;
    expect(steady.now() - start).to.be.within(25_000, 25_000 + longest);
  });

  it('counts the real time that passed between two reads where the clock was set back between them', () => {
    const { now: real } = performance;
    let later = 0;
    clock = () => Date.now() - later;
    const start = steady.now();
    try {
      performance.now = () => real.call(performance) + 31_000;
      later = 3 * hours;
      expect(steady.now() - start).to.be.within(31_000, 31_000 + longest);
    } finally {
      performance.now = real;
    }
  });

  it('never runs backwards where a test takes an older time', () => {
    const start = steady.now();
    clock = () => 0;
    expect(steady.now()).to.be.at.least(start);
  });
});
