import { expect } from 'chai';
import { isFetchable } from '../../../src/core/http/urls';

describe('isFetchable', () => {
  const spelledOut = 'http://keys.internal/keys';

  for (const [url, expected] of [
    ['https://auth.example.com', true],
    ['http://127.0.0.1:3000/keys', true],
    ['http://[::1]/', true],
    ['http://tenant.localhost/', true],
    ['http://127.0.0.1.example.com/', false],
    ['http://auth.example.com', false],
    [spelledOut, true],
    [`${spelledOut}/more`, false],
    ['ftp://127.0.0.1/', false],
    ['file:///keys', false],
    ['no URL', false],
    ['', false],
  ] as const)
    it(`${url} may ${expected ? '' : 'not '}be asked`, () => {
      expect(isFetchable(url, [spelledOut])).to.equal(expected);
    });
});
