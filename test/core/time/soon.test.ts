import { expect } from 'chai';
import { after, attempt, inTurn, isPending, lastly } from '../../../src/core/time/soon';

const failure = new Error('no');

// What is not a Promise of this process, and still one.
const thenable = { then: (done: (value: number) => void) => void setImmediate(done, 7) } as unknown as Promise<number>;

describe('Steps that wait only where there is something to wait for', () => {
  it('after() continues at once with a value, and later with a promise or another thenable', async () => {
    expect(after(1, value => value + 1)).to.equal(2);
    expect(isPending(after(Promise.resolve(1), value => value + 1))).to.equal(true);
    expect(await after(Promise.resolve(1), value => value + 1)).to.equal(2);
    expect(await after(thenable, value => value + 1)).to.equal(8);
    for (const value of [null, undefined, 0, '', {}, { then: 1 }]) expect(isPending(value as never)).to.equal(false);
  });

  it('inTurn does one step after the other, and none after a failure', async () => {
    const done: string[] = [];
    const step = (name: string): void | Promise<void> => {
      if (name === 'fail') throw failure;
      done.push(`${name} begins`);
      if (name.startsWith('slow')) return Promise.resolve().then(() => void done.push(`${name} ends`));
    };
    expect(inTurn(['a', 'b'], step)).to.equal(undefined);
    await inTurn(['slow c', 'd', 'slow e'], step);
    expect(done).to.deep.equal([
      'a begins',
      'b begins',
      'slow c begins',
      'slow c ends',
      'd begins',
      'slow e begins',
      'slow e ends',
    ]);
    expect(() => inTurn(['fail', 'f'], step)).to.throw(failure);
    const error: unknown = await Promise.resolve(inTurn(['slow g', 'fail', 'h'], step)).catch((one: unknown) => one);
    expect(error).to.equal(failure);
    expect(done.at(-1)).to.equal('slow g ends');
  });

  it('lastly comes once, at the end, however it ends', async () => {
    let times = 0;
    const last = (): void => {
      times += 1;
    };
    expect(lastly(() => 1, last)).to.equal(1);
    expect(times).to.equal(1);
    expect(() =>
      lastly(() => {
        throw failure;
      }, last),
    ).to.throw(failure);
    expect(times).to.equal(2);
    const later = lastly(() => Promise.resolve(3), last);
    expect(times).to.equal(2);
    expect(await later).to.equal(3);
    expect(times).to.equal(3);
    const failed: unknown = await Promise.resolve(lastly(() => Promise.reject(failure), last)).catch(
      (one: unknown) => one,
    );
    expect([failed, times]).to.deep.equal([failure, 4]);
  });

  it('attempt hands on what is thrown, now or later', async () => {
    const told = (error: unknown): string => (error as Error).message;
    expect(attempt(() => 'yes', told)).to.equal('yes');
    expect(
      attempt(() => {
        throw failure;
      }, told),
    ).to.equal('no');
    expect(await attempt(() => Promise.reject<string>(failure), told)).to.equal('no');
    expect(await attempt(() => Promise.resolve('yes'), told)).to.equal('yes');
  });
});
