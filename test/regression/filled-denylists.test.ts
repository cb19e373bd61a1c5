/** One user's logouts must not fill the denylist, and an option that cannot be read must not shorten a revocation. */
import { expect } from 'chai';
import type { Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { backchannelLogout, ImproperlyConfigured, MemoryDenylist } from 'axioms-routing-controllers';
import { Api } from '../api';
import { signed, type TestIssuer } from '../issuer/test-issuer';
import { SeveralIssuers } from '../several-issuers';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return [];
  }
}

type TestServer = Pick<TestIssuer, 'url' | 'key'>;

async function logOutAt(app: Express, { url: iss, key }: TestServer, sub: string, sid: string): Promise<number> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss, aud: 'books', sub, sid, jti: `${sub} ${sid}`, iat, exp: iat + 120 };
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const token = signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, { ...claims, events }, key);
  return (await request(app).post('/logout').type('form').send({ logout_token: token })).status;
}

describe('regression: a denylist that one user fills by logging out at the issuer', () => {
  const denylist = new MemoryDenylist({ maxEntries: 1000 });
  let api: Api;

  before(async () => {
    api = await Api.start({ controllers: [ThingController], axioms: { denylist } });
    api.app.use('/logout', backchannelLogout({ clientId: 'books' }));
  });
  after(() => api.close());

  const logOut = (sub: string, sid: string) => logOutAt(api.app, api.issuer, sub, sid);

  it('still takes the logouts of others after 600 of his', async function () {
    this.timeout(60_000);
    for (let count = 0; count < 600; count++)
      expect(await logOut('mallory', String(count)), String(count)).to.equal(200);
    const before = await api.as({ sub: 'alice', sid: 'of alice' }, 'get', '/things');
    expect(await logOut('alice', 'of alice')).to.equal(200);
    const after = await api.as({ sub: 'alice', sid: 'of alice' }, 'get', '/things');
    expect([before.status, after.status]).to.deep.equal([200, 401]);
    expect((await api.as({ sub: 'alice', sid: 'another of alice' }, 'get', '/things')).status).to.equal(200);
  });

  it('refuses the tokens of each session that has ended, and of no other user', async () => {
    for (const sid of ['0', '99', '150', '599'])
      expect((await api.as({ sub: 'mallory', sid }, 'get', '/things')).status, sid).to.equal(401);
    expect((await api.as({ sub: 'bob', sid: '0 of bob' }, 'get', '/things')).status).to.equal(200);
  });
});

describe('regression: users of two issuers with one name', () => {
  it('count their logouts separately', async function () {
    this.timeout(60_000);
    const denylist = new MemoryDenylist();
    const api = await SeveralIssuers.start({
      each: [{}, {}],
      controllers: [ThingController],
      axioms: { denylist },
    });
    api.app.use('/logout', backchannelLogout({ clientId: 'books' }));
    const [first, second] = api.issuers as unknown as [TestServer, TestServer];
    for (let count = 0; count < 101; count++) await logOutAt(api.app, first, 'alice', String(count));
    await logOutAt(api.app, second, 'alice', 's');
    const iss = second.url;
    const iat = Math.floor(Date.now() / 1000);
    expect(denylist.isRevoked({ iss, sub: 'alice', sid: 's', iat })).to.equal(true);
    expect(denylist.isRevoked({ iss, sub: 'alice', sid: 'another', iat })).to.equal(false);
    expect(denylist.isRevoked({ iss: first.url, sub: 'alice', sid: 'another', iat })).to.equal(true);
    await api.close();
  });
});

describe('regression: options that were not read', () => {
  for (const ttl of [null, NaN, 0, -1, '3600'])
    it(`refuses a denylist with the ttl ${String(ttl)}`, () => {
      expect(() => new MemoryDenylist({ ttl: ttl as number })).to.throw(ImproperlyConfigured, 'seconds above 0');
    });

  it('refuses a misspelled onLogout', () => {
    const options = { clientId: 'books', onLogOut: () => undefined };
    expect(() => backchannelLogout(options)).to.throw(ImproperlyConfigured, "no option 'onLogOut'");
  });
});
