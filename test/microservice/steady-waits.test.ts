/** What a microservice waits for does not become longer where the clock is set back. */
import { expect } from 'chai';
import { Sweep } from '../../src/microservice/stores/sweep';
import { RecordingLogger } from '../issuer/recording-logger';

describe('the sweep of expired sessions', () => {
  it('comes again after ten minutes where the clock is set back by three hours', async () => {
    const swept: number[] = [];
    let now = 10 * 3_600_000;
    const removeExpired = (at: number): Promise<number> => Promise.resolve(swept.push(at));
    const sweep = new Sweep({ removeExpired }, new RecordingLogger(), () => now);
    sweep.whenDue();
    now -= 3 * 3_600_000;
    sweep.whenDue();
    now += 590_000;
    sweep.whenDue();
    expect(swept).to.have.lengthOf(1);
    now += 10_000;
    sweep.whenDue();
    await sweep.end();
    const day = 86_400_000;
    expect(swept).to.deep.equal([10 * 3_600_000 - day, 7 * 3_600_000 + 600_000 - day]);
  });

  it('goes by the clock of the store, where it has one', async () => {
    const swept: number[] = [];
    const removeExpired = (at: number): Promise<number> => Promise.resolve(swept.push(at));
    const sweep = new Sweep(
      { removeExpired, now: () => Promise.resolve(5000) },
      new RecordingLogger(),
      () => 9_999_999,
    );
    sweep.whenDue();
    await sweep.end();
    expect(swept).to.deep.equal([5000]);
  });
});
