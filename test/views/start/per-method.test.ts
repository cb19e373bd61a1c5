import { expect } from 'chai';
import { PerMethod } from '../../../src/views/start/per-method';

describe('what is found out once for each method', () => {
  it('is read once for each method that exists', () => {
    const known = new PerMethod<string>();
    const read: string[] = [];
    const ask = (method: string): string =>
      known.of(method, asked => {
        read.push(asked);
        return asked.toLowerCase();
      });
    expect(['GET', 'GET', 'M-SEARCH', 'M-SEARCH'].map(ask)).to.deep.equal(['get', 'get', 'm-search', 'm-search']);
    expect(read).to.deep.equal(['GET', 'M-SEARCH']);
  });

  it('is not kept for a method that a client has invented', () => {
    const known = new PerMethod<boolean>();
    for (let count = 0; count < 1000; count++) expect(known.of(`INVENTED${count}`, () => false)).to.equal(false);
    expect(known.of('PUT', () => false)).to.equal(false);
    expect(known.methods).to.deep.equal(['PUT']);
  });

  it('is read again where nothing is known yet', () => {
    const known = new PerMethod<boolean | undefined>();
    expect(known.of('GET', () => undefined)).to.equal(undefined);
    expect(known.of('GET', () => true)).to.equal(true);
    expect(known.of('GET', () => undefined)).to.equal(true);
  });
});
