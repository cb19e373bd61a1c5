/** A session that is logged out again does not count again: after 100 logouts all sessions of the user end. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { backchannelLogout, MemoryDenylist } from 'axioms-routing-controllers';
import { Api } from '../api';
import { signed } from '../issuer/test-issuer';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return [];
  }
}

const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };

describe('regression: logout tokens of one session that are sent many times', () => {
  let api: Api;
  let denylist: MemoryDenylist;

  beforeEach(async () => {
    denylist = new MemoryDenylist();
    api = await Api.start({ controllers: [ThingController], axioms: { denylist } });
    api.app.use('/logout', backchannelLogout({ clientId: 'books' }));
  });
  afterEach(() => api.close());

  function logoutToken(sid: string, jti: string): string {
    const { url: iss, key } = api.issuer;
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss, aud: 'books', sub: 'alice', sid, jti, iat, exp: iat + 120, events };
    return signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, claims, key);
  }

  async function send(token: string): Promise<number> {
    return (await request(api.app).post('/logout').type('form').send({ logout_token: token })).status;
  }

  async function statusOf(sid: string): Promise<number> {
    return (await api.as({ sub: 'alice', sid }, 'get', '/things')).status;
  }

  async function requireOpenLaptop(): Promise<void> {
    expect([await statusOf('phone'), await statusOf('laptop')]).to.deep.equal([401, 200]);
  }

  it('leave the other sessions of the user open if the token was used before', async () => {
    const token = logoutToken('phone', 'once');
    expect(await send(token)).to.equal(200);
    for (let count = 0; count < 110; count++) expect(await send(token)).to.equal(400);
    await requireOpenLaptop();
  });

  it('leave the other sessions of the user open if each has a jti of its own', async () => {
    for (let count = 0; count < 110; count++) expect(await send(logoutToken('phone', String(count)))).to.equal(200);
    await requireOpenLaptop();
  });

  it('leave the other sessions of the user open if the denylist was away', async () => {
    const { useOnce } = denylist;
    denylist.useOnce = () => {
      throw new Error('The denylist is away');
    };
    const token = logoutToken('phone', 'repeated');
    for (let count = 0; count < 110; count++) expect(await send(token)).to.equal(400);
    denylist.useOnce = useOnce;
    expect(await send(token)).to.equal(200);
    await requireOpenLaptop();
  });

  it('leave the other sessions of the user open if 100 sessions have ended before', async () => {
    const tokens = Array.from({ length: 100 }, (_, index) => logoutToken(`session ${index}`, `session ${index}`));
    for (const token of tokens) expect(await send(token)).to.equal(200);
    for (const token of tokens) expect(await send(token)).to.equal(400);
    expect(await statusOf('laptop')).to.equal(200);
    expect(await send(logoutToken('session 100', 'session 100'))).to.equal(200);
    expect(await statusOf('laptop')).to.equal(401);
  });
});
