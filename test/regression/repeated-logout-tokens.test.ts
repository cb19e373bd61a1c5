/** A logout token is accepted once, for as long as its issuer's `clockTolerance` lets it in. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { backchannelLogout, MemoryDenylist } from 'axioms-routing-controllers';
import { TestClock } from 'axioms-routing-controllers/testing';
import { signed } from '../issuer/test-issuer';
import { SeveralIssuers } from '../several-issuers';

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return [];
  }
}

describe('regression: a logout token of an issuer with a clockTolerance of its own', () => {
  for (const clockTolerance of [120, 300])
    it(`is accepted once, also ${clockTolerance - 1} seconds after its exp`, async () => {
      const clock = new TestClock(Date.now());
      const denylist = new MemoryDenylist();
      const api = await SeveralIssuers.start({
        each: [{ clockTolerance }, {}],
        controllers: [ThingController],
        axioms: { denylist },
      });
      clock.attachTo(api.app);
      let ended = 0;
      const onLogout = (): void => {
        ended++;
      };
      api.app.use('/logout', backchannelLogout({ clientId: 'books', onLogout }));
      const [issuer] = api.issuers;
      const iat = Math.floor(clock.now() / 1000);
      const own = { iss: issuer!.url, aud: 'books', sub: 'alice', jti: 'j', iat, exp: iat + 120 };
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const { key } = issuer!;
      const token = signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, { ...own, events }, key);
      const send = async (): Promise<Response> =>
        request(api.app).post('/logout').type('form').send({ logout_token: token });

      expect((await send()).status).to.equal(200);
      for (const seconds of [10, 110, 5, 1, clockTolerance - 7]) {
        clock.advance(seconds);
        const answer = await send();
        const { error_description: description } = answer.body as Record<string, string>;
        expect([answer.status, description]).to.deep.equal([400, 'The logout token was used before']);
      }
      clock.advance(2);
      expect((await send()).text).to.include('is not valid');
      expect(ended).to.equal(1);
      await api.close();
    });
});

describe('regression: onLogout was lost with the answer of a denylist, or with its own failure', () => {
  let api: SeveralIssuers;
  let denylist: MemoryDenylist;
  let calls: string[];
  let fails: boolean;

  beforeEach(async () => {
    [denylist, calls, fails] = [new MemoryDenylist(), [], false];
    api = await SeveralIssuers.start({ each: [{}, {}], controllers: [ThingController], axioms: { denylist } });
    const onLogout = ({ jti }: { jti: string }): void => {
      calls.push(jti);
      if (fails) throw new Error('The sessions are away');
    };
    api.app.use('/logout', backchannelLogout({ clientId: 'books', onLogout }));
  });
  afterEach(() => api.close());

  async function send(jti: string): Promise<[number, string | undefined]> {
    const { url: iss, key } = api.issuers[0]!;
    const iat = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const claims = { iss, aud: 'books', sub: 'alice', jti, iat, exp: iat + 120, events };
    const token = signed({ alg: key.alg, kid: key.kid, typ: 'logout+jwt' }, claims, key);
    const answer = await request(api.app).post('/logout').type('form').send({ logout_token: token });
    return [answer.status, (answer.body as { error_description?: string }).error_description];
  }

  const usedBefore = [400, 'The logout token was used before'];

  it('is called by the repeated attempt where the mark was stored and its answer lost', async () => {
    const useOnce = denylist.useOnce.bind(denylist);
    denylist.useOnce = (iss, jti, expiresAt) => {
      useOnce(iss, jti, expiresAt);
      throw new Error('No answer in time');
    };
    expect((await send('one'))[0]).to.equal(400);
    expect(calls).to.deep.equal([]);
    denylist.useOnce = useOnce;
    expect(await send('one')).to.deep.equal([200, undefined]);
    expect(await send('one')).to.deep.equal(usedBefore);
    expect(calls).to.deep.equal(['one']);
  });

  it('is called again after its failure, until it has succeeded', async () => {
    fails = true;
    for (let attempt = 0; attempt < 2; attempt++) expect((await send('one'))[0]).to.equal(400);
    fails = false;
    expect(await send('one')).to.deep.equal([200, undefined]);
    expect(await send('one')).to.deep.equal(usedBefore);
    expect(calls).to.deep.equal(['one', 'one', 'one']);
  });

  it('is called once where an attempt is repeated while it runs', async () => {
    const both = await Promise.all([send('one'), send('one')]);
    expect(both).to.have.deep.members([[200, undefined], usedBefore]);
    expect(calls).to.deep.equal(['one']);
  });
});
