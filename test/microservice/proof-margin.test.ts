import { expect } from 'chai';
import { ProofMargin } from '../../src/microservice/tokens/proof-margin';

const minute = 60_000;
const day = 1440 * minute;

describe('the margin for which used proofs are remembered longer', () => {
  let now: number;
  let margin: ProofMargin;

  beforeEach(() => {
    now = Date.UTC(2026, 0, 1);
    margin = new ProofMargin(() => now);
  });

  /** Uses so many proofs a second, and returns the times at which they are forgotten. */
  function forgottenAt(perSecond: number, seconds: number): number[] {
    const times: number[] = [];
    for (let index = 0; index < perSecond * seconds; index++) {
      now += 1000 / perSecond;
      times.push(now + margin.next());
    }
    return times;
  }

  it('is a day for a service with one proof a second', () => {
    const times = forgottenAt(1, 7200);
    expect(times.at(-1)! - now).to.equal(day);
  });

  it('shrinks for a flood, so that about 100,000 proofs are remembered', () => {
    const times = forgottenAt(500, 1800);
    expect(times.filter(time => time > now).length).to.be.within(90_000, 130_000);
  });

  it('does not let bursts that are minutes apart fill the store', () => {
    const times = Array.from({ length: 60 }, () => {
      now += 4 * minute;
      return forgottenAt(2000, 10);
    }).flat();
    expect(times.filter(time => time > now).length).to.be.below(200_000);
  });

  it('is a day again a quarter of an hour after a flood', () => {
    forgottenAt(1000, 300);
    now += 15 * minute;
    expect(margin.next()).to.equal(day);
  });

  it('does not go by a clock that is set back', () => {
    forgottenAt(1000, 60);
    now -= day;
    expect(margin.next()).to.be.within(minute, 3 * minute);
  });
});
