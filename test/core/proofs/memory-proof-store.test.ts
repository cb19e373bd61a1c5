import { expect } from 'chai';
import { ImproperlyConfigured, MemoryProofStore } from 'axioms-routing-controllers';
import { proofStoreContract } from 'axioms-routing-controllers/testing';

describe('MemoryProofStore', () => {
  let time = Date.UTC(2026, 0, 1);
  const make = (limits: object) => Object.assign(new MemoryProofStore(limits), { clock: () => time });
  const advance = (seconds: number): void => {
    time += seconds * 1000;
  };

  for (const { name, run } of proofStoreContract({ make, advance, now: () => time })) it(name, run);

  for (const limits of [{ size: 0 }, { share: 0 }, { size: NaN }, { share: 1.5 }, { size: '9' as unknown as number }])
    it(`refuses the limits ${JSON.stringify(limits)}`, () => {
      expect(() => new MemoryProofStore(limits)).to.throw(ImproperlyConfigured, "The options 'size' and 'share'");
    });

  it('refuses an end that is no number', () => {
    const use = { thumbprint: 'a', id: 'b', end: NaN };
    expect(make({}).use(use)).to.deep.equal({ answer: 'late' });
  });

  it('says when there may be room again', () => {
    const store = make({ size: 2, share: 1 });
    const use = (thumbprint: string, id: string) => store.use({ thumbprint, id, end: time + 30_000 });
    expect(use('a', '1')).to.deep.equal({ answer: 'first' });
    expect(use('a', '2')).to.deep.equal({ answer: 'share', wait: 30 });
    expect(use('b', '3')).to.deep.equal({ answer: 'first' });
    expect(use('c', '4')).to.deep.equal({ answer: 'full', wait: 30 });
    advance(30);
    expect(use('c', '5')).to.deep.equal({ answer: 'first' });
  });

  it('holds a bounded amount of memory for each proof', function () {
    const store = make({ size: 200_000, share: 200_000 });
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 100_000; index++)
      store.use({ thumbprint: 'a'.repeat(43), id: String(index).padStart(43, 'x'), end: time + 60_000 });
    const bytes = (process.memoryUsage().heapUsed - before) / 100_000;
    expect(bytes).to.be.below(600);
  });
});
