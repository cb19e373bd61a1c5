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
