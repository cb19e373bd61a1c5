import { expect } from 'chai';
import { TryCounts } from '../../../src/core/attempts/try-counts';

/** Keys with the same first eight digits share a counter. */
function key(place: number, name: number): string {
  return place.toString(16).padStart(8, '0') + name.toString(16).padStart(56, '0');
}

describe('counters of tries', () => {
  it('are as many as there is room for, and the others are shared', () => {
    const counts = new TryCounts(2, 1000);
    const own = [counts.add(key(1, 1), 0), counts.add(key(1, 2), 0)];
    expect(own.map(({ tries }) => tries)).to.deep.equal([1, 1]);
    expect(counts.add(key(1, 3), 0)).to.equal(counts.add(key(1, 4), 0));
    expect(counts.find(key(1, 5), 0)?.tries).to.equal(2);
    expect(counts.find(key(2, 5), 0)).to.equal(undefined);
    expect(counts.keys).to.equal(2);
  });

  it('keep a key where it is counted, whatever becomes free', () => {
    const counts = new TryCounts(1, 1000);
    const first = counts.add(key(1, 1), 0);
    const shared = counts.add(key(2, 2), 0);
    counts.clear(first);
    expect(counts.keys).to.equal(0);
    expect(counts.add(key(2, 2), 500)).to.equal(shared);
    expect(shared.tries).to.equal(2);
  });

  it('that are shared count until the window of the last try is over, and others from the first', () => {
    const counts = new TryCounts(1, 1000);
    counts.add(key(1, 1), 0);
    counts.add(key(1, 1), 900);
    counts.add(key(2, 2), 0);
    counts.add(key(2, 3), 900);
    expect(counts.find(key(1, 1), 1000)).to.equal(undefined);
    expect(counts.find(key(2, 2), 1899)?.tries).to.equal(2);
    expect(counts.find(key(2, 2), 1900)).to.equal(undefined);
  });

  it('lose one try of a shared counter, and all of one that is not shared', () => {
    const counts = new TryCounts(1, 1000);
    const own = counts.add(key(1, 1), 0);
    counts.add(key(1, 1), 0);
    const shared = counts.add(key(2, 2), 0);
    counts.add(key(2, 3), 0);
    counts.clear(own);
    counts.clear(shared);
    expect([own.tries, shared.tries]).to.deep.equal([0, 1]);
    counts.takeBack(own);
    expect(own.tries).to.equal(0);
  });

  it('make room by those whose window is over, oldest first, and never by another', () => {
    const counts = new TryCounts(3, 1000);
    for (const [name, at] of [
      [1, 0],
      [2, 100],
      [3, 200],
    ] as const)
      counts.add(key(name, name), at);
    counts.add(key(4, 4), 1050);
    expect(counts.keys).to.equal(3);
    expect([2, 3, 4].map(name => counts.find(key(name, name), 1050)?.tries)).to.deep.equal([1, 1, 1]);
    counts.add(key(5, 5), 1050);
    expect(counts.keys).to.equal(3);
    expect(counts.find(key(5, 5), 1050)?.tries).to.equal(1);
  });

  it('are a new one for a key whose window is over, which is then among the youngest', () => {
    const counts = new TryCounts(2, 1000);
    const old = counts.add(key(1, 1), 0);
    const next = counts.add(key(1, 1), 1000);
    expect(next).to.not.equal(old);
    counts.takeBack(old);
    expect(counts.find(key(1, 1), 1500)).to.equal(next);
    expect(next.tries).to.equal(1);
  });

  it('are a bounded number, however many keys come', () => {
    const counts = new TryCounts(10, 1000);
    const all = new Set(Array.from({ length: 50_000 }, (_, name) => counts.add(key(name, name), 0)));
    expect(all.size).to.equal(10 + 8192);
  });
});
