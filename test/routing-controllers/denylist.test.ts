import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  MemoryDenylist,
  type Denylist,
  type DecisionEvent,
  type RevokedTokens,
} from 'axioms-routing-controllers';
import { decisions, storeChanges, type StoreEvent } from '../../src/core/reports/events';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';
import { OneConnection } from './one-connection';

let handled = 0;

@JsonController('/things')
class ThingController {
  @Get('/')
  list() {
    return { handled: (handled += 1) };
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/')
  list() {
    return { handled: (handled += 1) };
  }
}

describe('the setting denylist', () => {
  let api: Api;

  async function serve(denylist: Denylist, axioms: object = {}): Promise<void> {
    handled = 0;
    api = await Api.start({ controllers: [ThingController, OpenController], axioms: { denylist, ...axioms } });
  }
  afterEach(() => api.close());

  const claims = { jti: 'j', sid: 's', client_id: 'web' };

  for (const [name, which] of Object.entries<object>({
    jti: { jti: 'j' },
    sub: { sub: 'alice' },
    sid: { sid: 's' },
    client_id: { client_id: 'web' },
    'sub, before a time': { sub: 'alice', before: Date.now() / 1000 + 3600 },
  }))
    for (const tokenCacheSize of [10, 0])
      it(`refuses the next request by ${name}, ${tokenCacheSize === 0 ? 'without' : 'with'} a cache of tokens`, async () => {
        const denylist = new MemoryDenylist();
        await serve(denylist, { tokenCacheSize });
        const token = api.issuer.token(claims);
        const get = (path: string) => api.with(token, 'get', path);
        expect((await get('/things')).status).to.equal(200);
        denylist.revoke({ iss: api.issuer.url, ...which } as RevokedTokens);
        for (const path of ['/things', '/open']) expectRefusal(await get(path), 'invalid_token');
        expect(handled).to.equal(1);
        expect((await api.as({ sub: 'bob' }, 'get', '/things')).status).to.equal(200);
      });

  it('refuses the next request on a connection that knows the token', async () => {
    const denylist = new MemoryDenylist();
    await serve(denylist);
    const connection = await OneConnection.open(api.app);
    const headers = { authorization: `Bearer ${api.issuer.token()}` };
    const statusOf = async () => (await connection.send('/things', { headers })).status;
    expect([await statusOf(), await statusOf(), await statusOf()]).to.deep.equal([200, 200, 200]);
    denylist.revoke({ iss: api.issuer.url, sub: 'alice' });
    expect([await statusOf(), await statusOf()]).to.deep.equal([401, 401]);
    expect([connection.connections, handled]).to.deep.equal([1, 3]);
    await connection.close();
  });

  it('knows nobody of another issuer', async () => {
    const denylist = new MemoryDenylist();
    await serve(denylist);
    for (const iss of [`${api.issuer.url}/`, 'https://other.example.com']) denylist.revoke({ iss, sub: 'alice' });
    expect((await api.as({}, 'get', '/things')).status).to.equal(200);
  });

  it('lets tokens through that were issued after', async () => {
    const denylist = new MemoryDenylist();
    await serve(denylist);
    const now = Math.floor(Date.now() / 1000);
    denylist.revoke({ iss: api.issuer.url, sub: 'alice', before: now - 10 });
    // Until the clockTolerance (5 s) after the logout, because the issuer's clock may be ahead.
    for (const iat of [now - 11, now - 10, now - 5])
      expectRefusal(await api.as({ iat }, 'get', '/things'), 'invalid_token');
    expect((await api.as({ iat: now - 4 }, 'get', '/things')).status).to.equal(200);
    expectRefusal(await api.as({ iat: undefined }, 'get', '/things'), 'invalid_token');
  });

  it('is asked about verified tokens alone, once a request, and about nobody', async () => {
    const asked: unknown[] = [];
    const isRevoked: Denylist['isRevoked'] = ({ sub }) => {
      asked.push(sub);
      return false;
    };
    await serve({ revoke: () => undefined, useOnce: () => true, isRevoked });
    await api.as({}, 'get', '/things');
    await api.as({ sub: 'eve', exp: 1 }, 'get', '/things');
    await api.as({ sub: 'eve', aud: 'other' }, 'get', '/things');
    await api.with(`${api.issuer.token({ sub: 'eve' }).slice(0, -8)}AAAAAAAA`, 'get', '/things');
    await api.as(null, 'get', '/open');
    expect(asked).to.deep.equal(['alice']);
  });

  for (const answer of [true, undefined, null, 0, '', {}, Promise.resolve(undefined)])
    it(`refuses where it answers ${answer instanceof Promise ? 'a promise of nothing' : JSON.stringify(answer)}`, async () => {
      await serve({ revoke: () => undefined, useOnce: () => true, isRevoked: () => answer as never });
      expectRefusal(await api.as({}, 'get', '/things'), 'invalid_token');
      expect(handled).to.equal(0);
    });

  it('that cannot be reached closes every route to tokens, and is reported once', async () => {
    const logger = new RecordingLogger();
    let isCut = true;
    const isRevoked = () => (isCut ? Promise.reject(new Error('cut off')) : false);
    await serve({ revoke: () => undefined, useOnce: () => true, isRevoked }, { logger });
    const [events, decided]: [StoreEvent[], DecisionEvent[]] = [[], []];
    const ends = [storeChanges.subscribe(one => events.push(one)), decisions.subscribe(one => decided.push(one))];
    for (const path of ['/things', '/open']) {
      const response = await api.as({}, 'get', path);
      expect([response.status, response.body, response.headers['retry-after']]).to.deep.equal([
        503,
        { error: 'temporarily_unavailable', error_description: 'The request cannot be checked at the moment' },
        '1',
      ]);
    }
    expect((await api.as(null, 'get', '/open')).status).to.equal(200);
    isCut = false;
    expect((await api.as({}, 'get', '/things')).status).to.equal(200);
    for (const end of ends) end();
    expect(events.map(({ store, outcome }) => `${store} ${outcome}`)).to.deep.equal([
      'denylist failed',
      'denylist recovered',
    ]);
    expect(decided.map(({ outcome, reason }) => `${outcome} ${reason}`)).to.deep.equal([
      'error unavailable',
      'error unavailable',
      'allowed anonymous',
      'allowed ok',
    ]);
    expect(logger.text('error')).to.include(
      'The denylist store cannot be used; until it can, requests with a token are answered 503',
    );
  });

  it('refuses with the reason and the issuer, for events', async () => {
    const denylist = new MemoryDenylist();
    await serve(denylist);
    denylist.revoke({ iss: api.issuer.url, sub: 'alice' });
    const decided: DecisionEvent[] = [];
    const end = decisions.subscribe(one => decided.push(one));
    const response = await api.as({}, 'get', '/things');
    end();
    expect(response.headers['www-authenticate']).to.equal(
      'Bearer realm="api", error="invalid_token", error_description="The access token was revoked"',
    );
    expect(decided.map(({ reason, issuer }) => [reason, issuer])).to.deep.equal([['token_revoked', api.issuer.url]]);
  });
});
