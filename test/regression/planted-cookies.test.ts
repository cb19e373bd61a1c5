/**
 * Faults: a session's cookie was found behind a byte that `trim()` removes and browsers do not, so that another host of the
 * site could plant one in spite of the prefix `__Host-`; and reading a field of spaces took a quadratic time.
 */
import { expect } from 'chai';
import type { Request } from 'express';
import { memoryStore } from '../../src/microservice';
import { cookiesIn } from '../../src/microservice/cookies/request-cookies';
import { SignInApp } from '../microservice/sign-in-app';

const read = (cookie?: string) => cookiesIn({ headers: { cookie } } as Request);

describe('regression: planted cookies of a session', () => {
  it('are not found behind a byte that is neither a space nor a tab', async () => {
    const app = await new SignInApp({ store: memoryStore() }).withUsers();
    const mallory = app.browser();
    await mallory.signIn();
    for (const sign of ['\u00a0', '\u0085']) {
      const planted = [...mallory.cookies].map(([name, value]) => `${sign}${name}=${value}`).join('; ');
      for (const endpoint of ['csrf/', 'refresh/']) {
        const answer = await app.browser().ask(endpoint, { CSRF_token: mallory.csrfToken }).set('Cookie', planted);
        expect([answer.status, answer.headers['set-cookie']], endpoint).to.deep.equal([401, undefined]);
        expect(answer.body).not.to.have.property('access_token');
      }
    }
    await app.close();
  });

  it('are read as they were sent, between spaces and tabs', () => {
    expect(read()).to.deep.equal([]);
    expect(read('a=1; \tb = 2 ;c; =4;d==5')).to.deep.equal([
      { name: 'a', value: '1' },
      { name: 'b ', value: ' 2' },
      { name: '', value: '4' },
      { name: 'd', value: '=5' },
    ]);
    expect(read('\u00a0a=1;\u000bb=2').map(({ name }) => name)).to.deep.equal(['\u00a0a', '\u000bb']);
  });

  it('are read in a time that grows with the field, and not with its square', () => {
    // A quadratic pattern would take hours for a million spaces.
    expect(read(`a=${' '.repeat(1_000_000)}x`)).to.have.lengthOf(1);
  });
});
