import { expect } from 'chai';
import { Get, JsonController, Param, type RoutingControllersOptions } from 'routing-controllers';
import {
  ApiController,
  healthMiddleware,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  and,
  type AxiomsRequest,
  type DecisionEvent,
} from 'axioms-routing-controllers';
import type { Health } from '../../src/routing-controllers/endpoints/health';
import type { IssuerInput } from '../../src/core/settings/settings';
import { decisions } from '../../src/core/reports/events';
import { eventually } from '../issuer/fake-time';
import { RecordingLogger } from '../issuer/recording-logger';
import { down, ok } from '../issuer/scripted-issuer';
import { audience, signed, signingKey } from '../issuer/test-issuer';
import { SeveralIssuers, type Trust } from '../several-issuers';

@JsonController('/who')
class WhoController extends ApiController {
  @Get('/') who() {
    const { sub, claims, scopes, roles, permissions } = this.request.user!;
    return { sub, iss: claims?.iss, scopes, roles, permissions };
  }
}

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['read'];
  @Get('/') list() {
    return [];
  }
}

describe('several issuers', () => {
  let api: SeveralIssuers | undefined;
  afterEach(async () => {
    await api?.close();
    api = undefined;
  });

  async function start(each: readonly IssuerInput[], more: Partial<Trust> = {}): Promise<SeveralIssuers> {
    api = await SeveralIssuers.start({ each, controllers: [WhoController, ScopedController], ...more });
    return api;
  }

  const noPrefetch = { axioms: { jwksPrefetch: false } };

  it('accepts the tokens of each, verified with its own keys', async () => {
    const { issuers, ...rest } = await start([{}, {}]);
    for (const index of [0, 1]) {
      const response = await api!.as(index, { sub: `s${index}` }, 'get', '/who');
      expect(response.status).to.equal(200);
      expect(response.body).to.include({ sub: `s${index}`, iss: issuers[index]!.url });
    }
    expect(rest.app).not.to.equal(undefined);
  });

  it("refuse a token of one issuer that the other's key signed, even if both keys have the same kid", async () => {
    const { issuers } = await start([{}, {}]);
    const [one, other] = issuers;
    const token = signed({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }, one!.claims(), other!.key);
    const response = await api!.with(token, 'get', '/who');
    expect(response.status).to.equal(401);
    expect(response.headers['www-authenticate']).to.contain('The signature of the access token is wrong');
  });

  it('never look for the key of one issuer at the other', async () => {
    const { issuers } = await start([{}, {}], noPrefetch);
    issuers[1]!.rotate('only-there');
    const token = signed({ alg: 'ES256', kid: 'only-there', typ: 'at+jwt' }, issuers[0]!.claims(), issuers[1]!.key);
    expect((await api!.with(token, 'get', '/who')).status).to.equal(401);
    expect(api!.requests[1]).to.equal(0);
  });

  it('S17: an issuer outside the list causes no request at all', async () => {
    await start([{}, {}], noPrefetch);
    const key = signingKey('k1');
    const mine = api!.issuers[0]!.url;
    for (const iss of [
      'https://evil.example',
      `${mine}/`,
      mine.toUpperCase(),
      '',
      undefined,
      null,
      7,
      [mine],
      { mine },
      '__proto__',
    ]) {
      const response = await api!.with(api!.issuers[0]!.token({ iss }, {}, key), 'get', '/who');
      expect(response.status, JSON.stringify(iss)).to.equal(401);
      expect(response.headers['www-authenticate']).to.contain('The access token is from another issuer');
    }
    expect(api!.requests).to.deep.equal([0, 0]);
  });

  it('S17: one that hangs does not touch the other, nor the start', async () => {
    await start([{}, {}], { axioms: { jwksPrefetch: false, jwksTimeout: 0.3 } });
    const [hanging, fine] = api!.issuers;
    hanging!.server.keysMode = { is: 'hang' };
    const waiting = api!.as(0, {}, 'get', '/who').then(({ status }) => status);
    await eventually(() => hanging!.fetches === 1);
    expect((await api!.as(1, {}, 'get', '/who')).status).to.equal(200);
    expect(await waiting).to.equal(503);
    expect(fine!.fetches).to.equal(1);
  });

  it('S17: all are fetched at the start at once', async () => {
    await start([{}, {}, {}], { axioms: { jwksTimeout: 5 } });
    api!.issuers[0]!.server.keysMode = { is: 'hang' };
    await eventually(() => api!.server.jwksManager.status().every(({ usable }, index) => index === 0 || usable));
    expect((await api!.as(1, {}, 'get', '/who')).status).to.equal(200);
    expect(api!.issuers[1]!.fetches).to.equal(1);
  });

  it('S17: back-off and cooldown of one are not those of the other', async () => {
    await start([{}, {}], noPrefetch);
    api!.issuers[0]!.server.keysMode = down;
    expect((await api!.as(0, {}, 'get', '/who')).status).to.equal(503);
    expect((await api!.as(1, {}, 'get', '/who')).status).to.equal(200);
    // The cooldown of the second begins.
    expect((await api!.as(1, {}, 'get', '/who').set('X', '1')).status).to.equal(200);
    const unknown = api!.issuers[1]!.token({}, { kid: 'unknown' });
    expect((await api!.with(unknown, 'get', '/who')).status).to.equal(401);
    expect((await api!.as(0, {}, 'get', '/who')).status).to.equal(503);
    expect(api!.issuers.map(({ fetches }) => fetches)).to.deep.equal([1, 2]);
    api!.issuers[0]!.server.keysMode = ok;
    await api!.server.jwksManager.refresh();
    expect((await api!.as(0, {}, 'get', '/who')).status).to.equal(200);
  });

  it('judges each by its own audience, algorithms, types, claims and profile', async () => {
    await start([
      { audience: 'one', tokenTypes: ['jwt'], requiredClaims: { env: 'prod' } },
      { audience: 'two', algorithms: ['ES256'], profile: 'rfc9068', maxTokenAge: 60 },
    ]);
    const [one, two] = [
      { aud: 'one', env: 'prod' },
      { aud: 'two', client_id: 'c', jti: 'j' },
    ];
    const status = async (index: number, claims: object, header: object): Promise<number> =>
      (await api!.with(api!.issuers[index]!.token(claims, header), 'get', '/who')).status;
    expect(await status(0, one, { typ: 'JWT' })).to.equal(200);
    expect(await status(1, two, { typ: 'at+jwt' })).to.equal(200);
    expect(await status(0, one, { typ: 'at+jwt' }), 'type of the other').to.equal(401);
    expect(await status(1, { ...two, aud: 'one' }, { typ: 'at+jwt' }), 'audience of the other').to.equal(401);
    expect(await status(0, { aud: 'one' }, { typ: 'JWT' }), 'required claim').to.equal(401);
    expect(await status(1, { ...two, jti: undefined }, { typ: 'at+jwt' }), 'profile').to.equal(401);
    const iat = Math.floor(Date.now() / 1000) - 100;
    expect(await status(0, { ...one, iat }, { typ: 'JWT' }), 'no greatest age').to.equal(200);
    expect(await status(1, { ...two, iat }, { typ: 'at+jwt' }), 'greatest age').to.equal(401);
    expect(
      (await api!.with(api!.issuers[0]!.token({ aud: audience, env: 'prod' }, { typ: 'JWT' }), 'get', '/who')).status,
    ).to.equal(401);
  });

  it("takes what an entry does not say from the other settings, and an entry's own before them", async () => {
    await start([{}, { scopeClaims: 'scopes' }], { axioms: { scopeClaims: 'rights', rolesClaims: '/realm/roles' } });
    const claims = { rights: 'a', scopes: 'b', scope: 'c', realm: { roles: ['r'] } };
    expect((await api!.as(0, claims, 'get', '/who')).body).to.deep.include({ scopes: ['a'], roles: ['r'] });
    expect((await api!.as(1, claims, 'get', '/who')).body).to.deep.include({ scopes: ['b'], roles: ['r'] });
  });

  it("enforces scopes by the issuer's own claim, first and from the cache", async () => {
    await start([{ scopeClaims: 'rights' }, {}]);
    for (let round = 0; round < 2; round++) {
      expect((await api!.as(0, { rights: 'read', iat: 1 }, 'get', '/scoped')).status).to.equal(200);
      expect((await api!.as(0, { scope: 'read', iat: 1 }, 'get', '/scoped')).status).to.equal(403);
      expect((await api!.as(1, { scope: 'read', iat: 1 }, 'get', '/scoped')).status).to.equal(200);
      expect((await api!.as(1, { rights: 'read', iat: 1 }, 'get', '/scoped')).status).to.equal(403);
    }
  });

  it('keeps the same claims of two issuers apart in the cache, and drops those of a key that is gone', async () => {
    const { issuers } = await start([{}, {}]);
    const tokens = issuers.map(issuer => issuer.token({ sub: 'alice', jti: 'same' }));
    const iss = async (index: number): Promise<unknown> =>
      ((await api!.with(tokens[index]!, 'get', '/who')).body as { iss?: string }).iss;
    for (let round = 0; round < 2; round++)
      for (const index of [0, 1]) expect(await iss(index)).to.equal(issuers[index]!.url);
    issuers[0]!.rotate('k2', { drop: true });
    await api!.server.jwksManager.refresh();
    expect((await api!.with(tokens[0]!, 'get', '/who')).status).to.equal(401);
    expect(await iss(1)).to.equal(issuers[1]!.url);
  });

  it('has one status an issuer, and is ready when all are', async () => {
    const { issuers, app } = await start([{}, {}], noPrefetch);
    app.get('/ready', healthMiddleware());
    const { jwksManager } = api!.server;
    expect(jwksManager.status().map(({ issuer }) => issuer)).to.deep.equal(issuers.map(({ url }) => url));
    issuers[1]!.server.keysMode = down;
    await jwksManager.refresh().catch(() => undefined);
    const response = await api!.as(0, {}, 'get', '/ready');
    expect(response.status).to.equal(503);
    expect((response.body as Health).issuers.map(({ ready }) => ready)).to.deep.equal([true, false]);
    issuers[1]!.server.keysMode = ok;
    await jwksManager.refresh();
    expect((await api!.as(0, {}, 'get', '/ready')).status).to.equal(200);
  });

  it('getKey() needs the issuer, as soon as there are two', async () => {
    const { issuers } = await start([{}, {}]);
    const { jwksManager } = api!.server;
    const name = { alg: 'ES256', kid: 'k1' };
    const keys = await Promise.all(issuers.map(({ url }) => jwksManager.getKey(name, url)));
    expect(keys[0]).not.to.equal(keys[1]);
    expect(jwksManager.isCurrent(keys[0]!, issuers[0]!.url)).to.be.true;
    for (const issuer of [issuers[1]!.url, 'https://evil.example', undefined])
      expect(jwksManager.isCurrent(keys[0]!, issuer), issuer).to.be.false;
    for (const issuer of ['https://evil.example', undefined]) {
      const failure = await jwksManager.getKey(name, issuer).catch((error: unknown) => error);
      expect(failure).to.include({ httpCode: 401, reason: 'token_issuer' });
    }
  });

  it('events name the issuer that the settings name', async () => {
    const events: DecisionEvent[] = [];
    const stop = decisions.subscribe(event => events.push(event));
    const { issuers } = await start([{}, {}]);
    await api!.as(1, {}, 'get', '/who');
    await api!.as(0, { exp: 1 }, 'get', '/who');
    await api!.as(0, { iss: 'https://evil.example' }, 'get', '/who');
    await eventually(() => events.length === 3);
    stop();
    expect(events.map(({ reason, issuer }) => [reason, issuer])).to.deep.equal([
      ['ok', issuers[1]!.url],
      ['token_expired', issuers[0]!.url],
      ['token_issuer', undefined],
    ]);
  });

  it('one entry is a list, too', async () => {
    await start([{}]);
    expect((await api!.as(0, {}, 'get', '/who')).status).to.equal(200);
    expect((await api!.as(0, { iss: 'https://evil.example' }, 'get', '/who')).status).to.equal(401);
  });

  describe('and owners', () => {
    type Controllers = RoutingControllersOptions['controllers'];

    function notes(members: object, permissionClasses: readonly object[] = [IsSubOwner]): Controllers {
      @JsonController('/notes')
      class NoteController extends ApiController {
        override permissionClasses = permissionClasses;

        override getObject() {
          return { user: 'alice', ownerIss: this.request.params['id'] };
        }
        @Get('/:id') read(@Param('id') id: string) {
          return { id };
        }
      }
      Object.assign(NoteController.prototype, members);
      return [NoteController];
    }

    async function refusalOf(controllers: Controllers, each: readonly IssuerInput[] = [{}, {}]): Promise<string> {
      const error = await start(each, { controllers }).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(ImproperlyConfigured);
      return (error as Error).message;
    }

    for (const [title, rules] of [
      ['IsSubOwner', [IsSubOwner]],
      ['IsSubOwnerOrSafeOnly', [IsSubOwnerOrSafeOnly]],
      ['a composition with it', [and(HasAccessTokenRoles, IsSubOwner)]],
    ] as const) {
      it(`the start is refused for ${title} on a controller that does not tell them apart`, async () => {
        const message = await refusalOf(notes({ accessTokenRoles: ['editor'] }, rules));
        expect(message)
          .to.contain('NoteController')
          .and.to.contain("ownerIssuerAttribute = 'ownerIss'")
          .and.to.contain('ownerOf(request)');
      });
    }

    it('one issuer needs neither', async () => {
      await start([{}], { controllers: notes({}) });
      expect((await api!.as(0, {}, 'get', '/notes/1')).status).to.equal(200);
    });

    it('ownerIssuerAttribute: the same sub of the other issuer is somebody else', async () => {
      await start([{}, {}], { controllers: notes({ ownerIssuerAttribute: 'ownerIss' }) });
      const path = `/notes/${encodeURIComponent(api!.issuers[0]!.url)}`;
      expect((await api!.as(0, { sub: 'alice' }, 'get', path)).status).to.equal(200);
      expect((await api!.as(1, { sub: 'alice' }, 'get', path)).status).to.equal(403);
      expect((await api!.as(0, { sub: 'bob' }, 'get', path)).status).to.equal(403);
    });

    it('ownerIssuerAttribute: an object without it is a configuration error, and no access', async () => {
      await start([{}, {}], { controllers: notes({ ownerIssuerAttribute: 'issuerOfOwner' }) });
      expect((await api!.as(0, { sub: 'alice' }, 'get', '/notes/1')).status).to.equal(500);
    });

    it('ownerIssuerAttribute: what is no name stops the start', async () => {
      expect(await refusalOf(notes({ ownerIssuerAttribute: '' }))).to.contain('ownerIssuerAttribute');
    });

    for (const isAsync of [false, true]) {
      it(`ownerOf(request)${isAsync ? ', async' : ''}: returns the name under which the caller owns objects`, async () => {
        const known = (request: AxiomsRequest): string | undefined =>
          request.authJwt?.iss === api!.issuers[1]!.url ? String(request.user?.sub) : undefined;
        const ownerOf = (request: AxiomsRequest): unknown =>
          isAsync ? Promise.resolve(known(request)) : known(request);
        await start([{}, {}], { controllers: notes({ ownerOf }) });
        expect((await api!.as(1, { sub: 'alice' }, 'get', '/notes/1')).status).to.equal(200);
        expect((await api!.as(0, { sub: 'alice' }, 'get', '/notes/1')).status).to.equal(403);
        expect((await api!.as(1, { sub: 'bob' }, 'get', '/notes/1')).status).to.equal(403);
      });
    }

    it('a rule that is only known per request is refused there', async () => {
      @JsonController('/late')
      class LateController extends ApiController {
        override get permissionClasses() {
          return this.request.query['open'] === undefined ? [IsSubOwner] : [];
        }
        override getObject() {
          return { user: 'alice' };
        }
        @Get('/:id') read() {
          return {};
        }
      }
      await start([{}, {}], { controllers: [LateController] });
      expect((await api!.as(0, { sub: 'alice' }, 'get', '/late/1')).status).to.equal(500);
    });
  });

  it('warns of an insecure URL of any entry', async () => {
    const logger = new RecordingLogger();
    const own = 'http://keys.internal/keys';
    await start([{}, { jwksUrl: own, allowInsecureUrls: [own] }], { axioms: { jwksPrefetch: false, logger } });
    expect(logger.text('warn')).to.contain(own).and.not.to.contain('the issuer of tokens is not checked');
  });
});
