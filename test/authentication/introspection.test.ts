import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import type { Express } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  AccessTokenAuthentication,
  AccessTokenUser,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  IsAuthenticatedOrTokenHasScope,
  IntrospectionAuthentication,
  MemoryDenylist,
  createExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type DecisionEvent,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { decisions } from '../../src/core/reports/events';
import { bearer, demanding, expectExactRefusal, invalidToken, notAuthenticated, type Refusal } from '../refusals';
import { eventually, FakeTime } from '../issuer/fake-time';
import { IntrospectionEndpoint } from '../issuer/introspection-endpoint';
import { OpaqueIssuer, clientKey, clientSecret } from '../issuer/opaque-issuer';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer, audience, base64url, signed, signingKey } from '../issuer/test-issuer';

let handled = 0;

abstract class Who {
  declare request: AxiomsRequest;
  who() {
    handled++;
    const { user, auth, authJwt } = this.request;
    const { sub, scopes, roles, permissions, claims } = user!;
    return { sub, scopes, roles, permissions, claims, authJwt, isTokenUser: user instanceof AccessTokenUser, auth };
  }
}

@JsonController('/opaque')
class OpaqueController extends Who {
  authenticationClasses = [IntrospectionAuthentication];
  @Get('/') list() {
    return this.who();
  }
}

@JsonController('/both')
class BothController extends Who {
  authenticationClasses = [AccessTokenAuthentication, IntrospectionAuthentication];
  @Get('/') list() {
    return this.who();
  }
}

@JsonController('/strict')
class StrictController extends Who {
  authenticationClasses = [HasValidAccessToken, IntrospectionAuthentication];
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:create'];
  @Get('/') list() {
    return this.who();
  }
}

@JsonController('/songs')
class SongController extends Who {
  authenticationClasses = [IntrospectionAuthentication];
  permissionClasses = [IsAuthenticatedOrTokenHasScope];
  requiredScopes = ['book:create'];
  @Get('/') list() {
    return this.who();
  }
}

@JsonController('/jwt')
class JwtController extends Who {
  @Get('/') list() {
    return this.who();
  }
}

const controllers = [OpaqueController, BothController, StrictController, SongController, JwtController];

interface Body {
  readonly sub: string;
  readonly scopes: string[];
  readonly roles: string[];
  readonly permissions: string[];
  readonly claims: Record<string, unknown>;
}

const inactive = invalidToken('The access token is not active');
const revoked = invalidToken('The access token was revoked');
const outage: Refusal = {
  status: 503,
  retryAfter: '1',
  error: 'temporarily_unavailable',
  description: 'The issuer cannot be asked about the access token at the moment',
};

describe('IntrospectionAuthentication', () => {
  const apps: Express[] = [];

  function serve(axioms: SettingsInput): Express {
    const app = createExpressServer({ controllers, axioms });
    apps.push(app);
    return app;
  }

  function serverOf(app: Express): AxiomsServer {
    return app.locals.axioms as AxiomsServer;
  }

  function ask(app: Express, token: string | null, path = '/opaque'): Promise<Response> {
    const asked = request(app).get(path);
    return token === null ? asked : asked.set('Authorization', `Bearer ${token}`);
  }

  beforeEach(() => {
    handled = 0;
  });
  afterEach(() => {
    apps.splice(0).forEach(app => {
      serverOf(app).close();
    });
  });

  describe('with the opaque tokens of an oidc-provider', () => {
    let issuer: OpaqueIssuer;
    before(async () => {
      issuer = await OpaqueIssuer.start();
    });
    after(() => issuer.close());
    beforeEach(() => {
      issuer.introspections = 0;
    });

    it('knows the caller, with scopes, roles and permissions, and the issuer', async () => {
      const token = await issuer.accessToken('book:read book:create');
      expect(token).not.to.include('.');
      const response = await ask(serve(issuer.settings), token);
      expect(response.status, response.text).to.equal(200);
      const body = response.body as Body;
      expect(body).to.include({ sub: 'alice', isTokenUser: true });
      expect(body.scopes).to.deep.equal(['book:read', 'book:create']);
      expect([body.roles, body.permissions]).to.deep.equal([['editor'], ['book:write']]);
      expect(body.claims).to.include({ iss: issuer.url, aud: audience, client_id: 'app' });
    });

    for (const [how, settings] of Object.entries<SettingsInput>({
      'a secret in the header': {},
      'a secret in the form': {
        introspectionClientId: 'api-post',
        introspectionClientAuth: 'client_secret_post',
      },
      'a private key': {
        introspectionClientId: 'api-key',
        introspectionClientSecret: undefined,
        introspectionClientKey: clientKey,
      },
      'a secret, and signed answers': { introspectionClientId: 'api-jwt', introspectionResponse: 'jwt' },
    }))
      it(`accepts and refuses, authenticated by ${how}`, async () => {
        const app = serve({ ...issuer.settings, ...settings });
        expect((await ask(app, await issuer.accessToken())).status).to.equal(200);
        expectExactRefusal(await ask(app, randomBytes(32).toString('base64url')), inactive);
        expect(issuer.introspections).to.equal(2);
      });

    it('sees a revocation once the answer is as old as introspectionCacheTtl, and not before it asks again', async () => {
      const app = serve({ ...issuer.settings, introspectionCacheTtl: 20 });
      let now = Date.now();
      serverOf(app).introspector.clock = () => now;
      const token = await issuer.accessToken();
      expect((await ask(app, token)).status).to.equal(200);
      await issuer.revoke(token);
      now += 19_999;
      expect((await ask(app, token)).status).to.equal(200);
      expect(issuer.introspections).to.equal(1);
      now += 1;
      expectExactRefusal(await ask(app, token), inactive);
      expect(issuer.introspections).to.equal(2);
    });

    it('sees a revocation at once where the cache is off, or the token is forgotten', async () => {
      for (const settings of [{ introspectionCacheTtl: 0 }, { tokenCacheSize: 0 }, {}]) {
        const app = serve({ ...issuer.settings, ...settings });
        const token = await issuer.accessToken();
        expect((await ask(app, token)).status).to.equal(200);
        await issuer.revoke(token);
        if (Object.keys(settings).length === 0) {
          expect(serverOf(app).introspector.forget(token)).to.equal(true);
          expect(serverOf(app).introspector.forget(token)).to.equal(false);
        }
        expectExactRefusal(await ask(app, token), inactive);
      }
    });

    it('asks again about a token that is forgotten while the issuer is asked about it', async () => {
      const app = serve(issuer.settings);
      const { introspector } = serverOf(app);
      const { fetch } = introspector;
      let release = (): void => undefined;
      const held = new Promise<void>(resolve => (release = resolve));
      let isAnswered = false;
      introspector.fetch = async (...given) => {
        const answer = await fetch(...given);
        if (issuer.introspections === 1) {
          isAnswered = true;
          await held;
        }
        return answer;
      };
      const token = await issuer.accessToken();
      const first = Promise.resolve(ask(app, token));
      await eventually(() => isAnswered);
      await issuer.revoke(token);
      expect(introspector.forget(token)).to.equal(false);
      expectExactRefusal(await ask(app, token), inactive);
      release();
      expect((await first).status).to.equal(200);
      expectExactRefusal(await ask(app, token), inactive);
      expect(issuer.introspections).to.equal(2);
    });

    it('asks once for 500 requests with one new token', async () => {
      const app = serve(issuer.settings);
      const token = await issuer.accessToken();
      const server = app.listen(0);
      try {
        const { port } = server.address() as { port: number };
        const headers = { Authorization: `Bearer ${token}` };
        const answers = await Promise.all(
          Array.from({ length: 500 }, async () => {
            const response = await fetch(`http://127.0.0.1:${port}/opaque`, { headers });
            await response.arrayBuffer();
            return response.status;
          }),
        );
        expect(answers.filter(status => status === 200)).to.have.length(500);
      } finally {
        server.closeAllConnections();
        server.close();
      }
      expect(issuer.introspections).to.equal(1);
    });

    it('refuses a refresh token, which is active, too', async () => {
      const token = await issuer.refreshToken();
      expectExactRefusal(
        await ask(serve(issuer.settings), token),
        invalidToken('The token is not of an accepted type'),
      );
      const lenient = serve({ ...issuer.settings, introspectionOptionalClaims: ['aud'] });
      expectExactRefusal(await ask(lenient, token), invalidToken('The token is not of an accepted type'));
      expect(handled).to.equal(0);
    });

    it('refuses a token for another API, and one for none unless that is allowed', async () => {
      const foreign = invalidToken('The access token is for another audience');
      const app = serve(issuer.settings);
      const forNone = await issuer.accessToken('book:read', null);
      expectExactRefusal(await ask(app, forNone), foreign);
      expectExactRefusal(await ask(app, await issuer.accessToken('book:read', 'https://other.example.com')), foreign);
      const lenient = serve({ ...issuer.settings, introspectionOptionalClaims: 'aud' });
      expectExactRefusal(
        await ask(lenient, await issuer.accessToken('book:read', 'https://other.example.com')),
        foreign,
      );
      expect((await ask(lenient, forNone)).status).to.equal(200);
    });

    it("refuses a machine's token, which has no subject, unless the settings name another claim for it", async () => {
      const token = await issuer.machineToken();
      expectExactRefusal(await ask(serve(issuer.settings), token), invalidToken('The access token has no subject'));
      const app = serve({ ...issuer.settings, introspectionSubjectClaims: ['sub', 'client_id'] });
      const response = await ask(app, token);
      expect(response.status).to.equal(200);
      expect((response.body as Body).sub).to.equal('app');
    });

    it('answers 503 where the client credentials are wrong, and logs no secret', async () => {
      const logger = new RecordingLogger();
      const app = serve({ ...issuer.settings, introspectionClientSecret: 'not-the-secret', logger });
      const token = await issuer.accessToken();
      expectExactRefusal(await ask(app, token), outage);
      expect(logger.text()).to.include('answers with status 401');
      expect(logger.text()).not.to.include('not-the-secret');
      expect(logger.text()).not.to.include(token);
    });
  });

  describe('with an endpoint that says what it likes', () => {
    let endpoint: IntrospectionEndpoint;
    let token: string;
    beforeEach(async () => {
      endpoint = await IntrospectionEndpoint.start();
      token = randomBytes(32).toString('base64url');
    });
    afterEach(() => endpoint.close());

    async function said(members: object, settings: SettingsInput = {}): Promise<Response> {
      endpoint.answer = () => endpoint.good(members);
      return ask(serve({ ...endpoint.settings, ...settings }), token);
    }

    it('asks as RFC 7662 §2.1 has it', async () => {
      const response = await said({});
      expect(response.status, response.text).to.equal(200);
      const [{ headers, form } = {} as never] = endpoint.asked;
      expect(headers.accept).to.equal('application/json');
      expect(headers['content-type']).to.match(/^application\/x-www-form-urlencoded/);
      expect(headers.authorization).to.equal(
        `Basic ${Buffer.from('api:the%2Dsecret%2Dof%2Dthe%2Dapi').toString('base64')}`,
      );
      expect(Object.fromEntries(form)).to.deep.equal({ token, token_type_hint: 'access_token' });
    });

    it('keeps claims frozen, and names that look like __proto__ just names', async () => {
      endpoint.answer = (_, response) => {
        const text = JSON.stringify(endpoint.good({ nested: { a: [1] } })).replace('{', '{"__proto__":{"sub":"eve"},');
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
      };
      const app = serve(endpoint.settings);
      const claims = await serverOf(app).introspector.introspect(token);
      expect(claims.sub).to.equal('alice');
      expect(Object.isFrozen(claims) && Object.isFrozen(claims.nested)).to.equal(true);
      expect(Object.isFrozen((claims.nested as { a: unknown }).a)).to.equal(true);
      expect(({} as { sub?: string }).sub).to.equal(undefined);
    });

    // An hour: this is read when the file is loaded, and asked when its turn comes.
    const seconds = Math.floor(Date.now() / 1000);
    const refusals: [what: string, members: object, description: string, settings?: SettingsInput][] = [
      ['not active', { active: false }, 'The access token is not active'],
      ['another issuer', { iss: 'https://evil.example.com' }, 'The access token is from another issuer'],
      ['an issuer that is null', { iss: null }, 'The access token is from another issuer'],
      ['another audience', { aud: ['https://other.example.com'] }, 'The access token is for another audience'],
      ['no audience', { aud: undefined }, 'The access token is for another audience'],
      [
        'another audience, where none would do',
        { aud: 'https://other.example.com' },
        'The access token is for another audience',
        { introspectionOptionalClaims: ['aud', 'token_type'] },
      ],
      ['expired', { exp: seconds - 60 }, 'The access token expired'],
      ['an exp that is text', { exp: String(seconds + 3600) }, 'The access token has no numeric exp'],
      ['an exp that is null', { exp: null }, 'The access token has no numeric exp'],
      ['not yet valid', { nbf: seconds + 3600 }, 'The access token is not valid yet'],
      ['an nbf that is text', { nbf: '1' }, 'The access token has no numeric nbf'],
      ['issued in the future', { iat: seconds + 3600 }, 'The access token was issued in the future'],
      ['too old', { iat: seconds - 60 }, 'The access token is too old', { maxTokenAge: 30 }],
      ['no subject', { sub: undefined }, 'The access token has no subject'],
      ['an empty subject', { sub: '' }, 'The access token has no subject'],
      ['a subject that is a number', { sub: 7 }, 'The access token has no subject'],
      ['DPoP', { token_type: 'DPoP' }, 'The token is not of an accepted type'],
      ['a refresh token by its type', { token_type: 'refresh_token' }, 'The token is not of an accepted type'],
      ['a type that is no text', { token_type: ['Bearer'] }, 'The token is not of an accepted type'],
      [
        'neither audience nor type',
        { aud: undefined, token_type: undefined },
        'The token is not of an accepted type',
        { introspectionOptionalClaims: 'aud' },
      ],
      ['bound to a key', { cnf: { jkt: 'x' } }, 'The access token is bound to a key that was not shown'],
      ['a refresh token of Keycloak', { typ: 'Refresh' }, 'The token is not an access token'],
      ['a refresh token of Hydra', { token_use: 'refresh_token' }, 'The token is not an access token'],
      ['a required claim that is missing', {}, 'The access token lacks a required claim', { requiredClaims: { a: 1 } }],
    ];
    for (const [what, members, description, settings] of refusals)
      it(`refuses: ${what}`, async () => {
        expectExactRefusal(await said(members, settings), invalidToken(description));
        expect(handled).to.equal(0);
      });

    const acceptances: [what: string, members: object, settings?: SettingsInput][] = [
      ['no issuer: it is who answers', { iss: undefined }],
      ['one audience of several', { aud: ['https://other.example.com', audience] }],
      ['no audience, where that is allowed', { aud: undefined }, { introspectionOptionalClaims: 'aud' }],
      [
        'neither audience nor type, where that is allowed',
        { aud: undefined, token_type: undefined },
        { introspectionOptionalClaims: ['aud', 'token_type'] },
      ],
      ['the audience elsewhere', { aud: undefined, client_id: audience }, { audienceClaims: 'client_id' }],
      ['no type, beside an audience', { token_type: undefined }],
      ['a type in capitals', { token_type: 'BEARER' }],
      ['an access token of Hydra', { token_use: 'access_token' }],
      ['no exp', { exp: undefined }],
      ['a profile for JWTs', {}, { profile: 'rfc9068' }],
      ['a required claim', { a: 1 }, { requiredClaims: { a: 1 } }],
      [
        'the subject elsewhere',
        { sub: undefined, username: 'alice' },
        { introspectionSubjectClaims: ['sub', 'username'] },
      ],
    ];
    for (const [what, members, settings] of acceptances)
      it(`accepts: ${what}`, async () => {
        const response = await said(members, settings);
        expect(response.status, response.text).to.equal(200);
        expect(response.body).to.deep.include({ sub: 'alice' });
        expect((response.body as Body).claims.iss).to.equal(endpoint.origin);
      });

    it('finds scopes, roles and permissions where the settings say', async () => {
      const response = await said(
        { scp: ['a', 'b'], realm_access: { roles: ['admin'] }, 'https://example.com/can': 'x y' },
        { rolesClaims: '/realm_access/roles', permissionsClaims: 'split:https://example.com/can' },
      );
      expect(response.body).to.deep.include({ scopes: ['a', 'b'], roles: ['admin'], permissions: ['x', 'y'] });
    });

    const failures: [what: string, fail: IntrospectionEndpoint['answer']][] = [
      ['an error of the server', (_, response) => void response.writeHead(500).end('secret-marker')],
      ['an error of ours', (_, response) => void response.writeHead(400).end('{"error":"secret-marker"}')],
      ['a challenge', (_, response) => void response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end()],
      ['no content', (_, response) => void response.writeHead(204).end()],
      ['a redirect', (_, response) => void response.writeHead(302, { Location: '/elsewhere' }).end()],
      [
        'a page',
        (_, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>secret-marker'),
      ],
      ['text that is no JSON', (_, response) => void response.writeHead(200).end('{"active": tru secret-marker')],
      ['an array', () => [{ active: true }]],
      ['no active', () => ({ sub: 'alice' })],
      ['an active that is text', () => ({ ...endpoint.good(), active: 'true' })],
      ['an active that is 1', () => ({ ...endpoint.good(), active: 1 })],
      ['a broken connection', (_, response) => void response.destroy()],
      ['too much', () => ({ ...endpoint.good(), filler: 'x'.repeat(600_000) })],
    ];
    for (const [what, fail] of failures)
      it(`answers 503 to ${what}, remembers nothing of it, and logs neither token nor answer`, async () => {
        const logger = new RecordingLogger();
        const app = serve({ ...endpoint.settings, logger });
        endpoint.answer = fail;
        expectExactRefusal(await ask(app, token), outage);
        expect(handled).to.equal(0);
        expect(logger.text('error')).to.include('The issuer could not be asked about a token');
        for (const secret of [token, 'secret-marker', 'the-secret-of-the-api'])
          expect(logger.text()).not.to.include(secret);
        endpoint.answer = () => endpoint.good();
        expect((await ask(app, token)).status).to.equal(200);
        expect(endpoint.asked).to.have.length(2);
      });

    it('gives up after introspectionTimeout', async () => {
      const app = serve({ ...endpoint.settings, introspectionTimeout: 3 });
      const time = new FakeTime();
      serverOf(app).introspector.timers = time.timers;
      endpoint.answer = () => {
        time.advance(3);
      };
      expectExactRefusal(await ask(app, token), outage);
      // The one that is left would report further failures.
      expect(time.waiting).to.equal(1);
      time.advance(60);
      expect(time.waiting).to.equal(0);
    });

    it('logs an outage once a minute, however many tokens strangers send during it', async () => {
      const logger = new RecordingLogger();
      const app = serve({ ...endpoint.settings, logger });
      const time = new FakeTime();
      serverOf(app).introspector.timers = time.timers;
      endpoint.answer = (_, response) => void response.writeHead(500).end();
      for (let count = 0; count < 4; count++) expectExactRefusal(await ask(app, `junk-${count}`), outage);
      time.advance(60);
      const errors = logger.entries.filter(({ level }) => level === 'error');
      expect(errors.map(({ data }) => (data as { count: number }).count)).to.deep.equal([1, 3]);
      expect(logger.entries.filter(({ level }) => level === 'debug').length).to.be.at.least(4);
      expect(logger.text()).not.to.include('junk-');
    });

    it('gives up when the server closes, and asks nothing after it', async () => {
      const logger = new RecordingLogger();
      const app = serve({ ...endpoint.settings, logger });
      endpoint.answer = () => {
        serverOf(app).close();
      };
      expectExactRefusal(await ask(app, token), outage);
      expectExactRefusal(await ask(app, token), outage);
      expect(endpoint.asked).to.have.length(1);
      expect(logger.text('error', 'warn')).to.equal('');
    });

    it('uses an answer until exp, and at most introspectionCacheTtl', async () => {
      const app = serve({ ...endpoint.settings, introspectionCacheTtl: 100, clockTolerance: 0 });
      let now = Date.UTC(2025, 0, 1);
      serverOf(app).introspector.clock = () => now;
      const until = (seconds: number): number => Date.UTC(2025, 0, 1) / 1000 + seconds;
      endpoint.answer = ({ form }) =>
        endpoint.good({ exp: until(form.get('token') === 'short' ? 50 : 1000), iat: undefined });
      for (const [seconds, one, asked] of [
        [0, 'short', 1],
        [49, 'short', 1],
        [49, 'long', 2],
        [148, 'long', 2],
        [149, 'long', 3],
      ] as const) {
        now = until(seconds) * 1000;
        expect((await ask(app, one)).status, `${one} after ${seconds}`).to.equal(200);
        expect(endpoint.asked).to.have.length(asked);
      }
      expectExactRefusal(await ask(app, 'short'), invalidToken('The access token expired'));
    });

    it('remembers bad tokens for five seconds, and no longer than good ones', async () => {
      endpoint.answer = () => ({ active: false });
      for (const [ttl, remembered] of [
        [100, 5],
        [2, 2],
      ] as const) {
        const app = serve({ ...endpoint.settings, introspectionCacheTtl: ttl });
        let now = Date.now();
        serverOf(app).introspector.clock = () => now;
        endpoint.asked.length = 0;
        for (const wait of [0, remembered * 1000 - 1, 1]) {
          now += wait;
          expectExactRefusal(await ask(app, token), inactive);
        }
        expect(endpoint.asked).to.have.length(2);
      }
    });

    it('is not made to forget good tokens by bad ones', async () => {
      const app = serve({ ...endpoint.settings, tokenCacheSize: 2 });
      expect((await ask(app, token)).status).to.equal(200);
      endpoint.answer = () => ({ active: false });
      for (const junk of ['a', 'b', 'c']) expectExactRefusal(await ask(app, junk), inactive);
      expect((await ask(app, token)).status).to.equal(200);
      expect(endpoint.asked).to.have.length(4);
    });

    it('remembers for each configuration apart', async () => {
      const one = serve(endpoint.settings);
      const other = serve({ ...endpoint.settings, introspectionClientId: 'other' });
      expect((await ask(one, token)).status).to.equal(200);
      endpoint.answer = () => ({ active: false });
      expectExactRefusal(await ask(other, token), inactive);
      expect((await ask(one, token)).status).to.equal(200);
    });

    for (const which of [{ jti: 'j' }, { sub: 'alice' }, { sid: 's' }, { client_id: 'web' }])
      it(`refuses what the denylist has, by ${Object.keys(which).join()}, also from its cache`, async () => {
        const denylist = new MemoryDenylist();
        const app = serve({ ...endpoint.settings, denylist });
        endpoint.answer = () => endpoint.good({ jti: 'j', sid: 's', client_id: 'web' });
        expect((await ask(app, token)).status).to.equal(200);
        denylist.revoke({ iss: endpoint.origin, ...which });
        for (const sent of [token, 'another']) expectExactRefusal(await ask(app, sent), revoked);
        expect([endpoint.asked.length, handled]).to.deep.equal([2, 1]);
        endpoint.answer = () => endpoint.good({ jti: 'k', sub: 'bob', sid: 't', client_id: 'app' });
        expect((await ask(app, 'of-somebody-else')).status).to.equal(200);
      });

    it('answers 503 where the denylist cannot be asked', async () => {
      const isRevoked = () => Promise.reject(new Error('cut off'));
      const app = serve({
        ...endpoint.settings,
        denylist: { isRevoked, revoke: () => undefined, useOnce: () => true },
      });
      const description = 'The request cannot be checked at the moment';
      expectExactRefusal(await ask(app, token), { ...outage, description });
      expect(handled).to.equal(0);
    });

    it('asks about no token that is too long or malformed, and none for a request without one', async () => {
      const app = serve({ ...endpoint.settings, maxTokenSize: 40 });
      expectExactRefusal(await ask(app, 'a'.repeat(41)), invalidToken('The access token is too long'));
      expectExactRefusal(await ask(app, null), notAuthenticated);
      const malformed = await ask(app, 'a b');
      expect(malformed.status).to.equal(400);
      expect(endpoint.asked).to.have.length(0);
    });

    it('tells of its decisions: a closed set of reasons, and the issuer', async () => {
      const events: DecisionEvent[] = [];
      const stop = decisions.subscribe(event => events.push(event));
      try {
        const app = serve(endpoint.settings);
        await ask(app, token);
        endpoint.answer = () => ({ active: false });
        await ask(app, 'bad');
        endpoint.answer = (_, response) => void response.destroy();
        await ask(app, 'unknown');
      } finally {
        stop();
      }
      expect(events.map(({ outcome, reason, issuer }) => [outcome, reason, issuer])).to.deep.equal([
        ['allowed', 'ok', endpoint.origin],
        ['refused', 'token_inactive', endpoint.origin],
        ['error', 'introspection_unavailable', endpoint.origin],
      ]);
    });
  });

  describe('beside the JWT classes', () => {
    let issuer: TestIssuer;
    let endpoint: IntrospectionEndpoint;
    let app: Express;
    beforeEach(async () => {
      issuer = await TestIssuer.start();
      endpoint = await IntrospectionEndpoint.start();
      endpoint.answer = ({ form }) =>
        form.get('token')?.startsWith('dead') ? { active: false } : endpoint.good({ iss: issuer.url });
      app = serve({ ...endpoint.settings, issuerUrl: issuer.url });
    });
    afterEach(async () => {
      await issuer.close();
      await endpoint.close();
    });

    it('leaves good JWTs to them', async () => {
      const response = await ask(app, issuer.token({ sub: 'bob' }), '/both');
      expect((response.body as Body).sub).to.equal('bob');
      expect(endpoint.asked).to.have.length(0);
    });

    it('never asks about a JWT that fails', async () => {
      const header = base64url({ alg: 'none' });
      const other = signingKey('other');
      for (const [bad, description] of [
        [issuer.token({ exp: 1 }), 'The access token expired'],
        [issuer.token({ aud: 'other' }), 'The access token is for another audience'],
        [issuer.token({}, { kid: 'k9' }), 'The access token is signed with an unknown key'],
        [signed({ alg: 'ES256', kid: 'k1' }, issuer.claims(), other), 'The signature of the access token is wrong'],
        [`${header}.${base64url({ sub: 'alice' })}.`, 'The access token is malformed'],
        [`${header}.x.y`, 'The access token is malformed'],
        [`${header}..`, 'The access token is malformed'],
        // Padded, and in the other alphabet: somebody may read it.
        [`${Buffer.from('{"alg":"ES256"} ').toString('base64')}.x.y`, 'The access token is malformed'],
      ] as const) {
        const response = await ask(app, bad, '/both');
        const { challenges = [], ...refusal } = invalidToken(description);
        // Padding makes it a header that cannot be read at all.
        if (response.status !== 400)
          expectExactRefusal(response, { ...refusal, challenges: [...challenges, 'Bearer realm="api"'] });
      }
      expect(endpoint.asked).to.have.length(0);
      expect(handled).to.equal(0);
    });

    for (const opaque of [
      randomBytes(32).toString('base64url'),
      'a.b',
      'a.b.c',
      'a..b.c',
      '...',
      'MTIz.x.y',
      'W10.x.y',
      'bnVsbA.x.y',
      'InRleHQi.x.y',
      `${base64url({ alg: 'none' })}.x`,
      `${base64url({ alg: 'none' })}.x.y.z`,
      `${base64url({ alg: 'dir' })}.a.b.c.d`,
    ])
      it(`takes ${opaque} for opaque`, async () => {
        const response = await ask(app, opaque, '/both');
        expect((response.body as Body).sub, response.text).to.equal('alice');
        expect(endpoint.asked.map(({ form }) => form.get('token'))).to.deep.equal([opaque]);
      });

    it('refuses an opaque token that is not active, with the challenge of each class', async () => {
      expectExactRefusal(await ask(app, 'dead.token', '/both'), {
        ...inactive,
        challenges: ['Bearer realm="api"', bearer('invalid_token', 'The access token is not active')],
      });
      expectExactRefusal(await ask(app, null, '/both'), notAuthenticated);
    });

    it('satisfies a mandatory class before it, and the rules about scopes', async () => {
      expectExactRefusal(await ask(app, 'opaque', '/strict'), {
        status: 403,
        challenges: [
          bearer(
            'insufficient_scope',
            'The access token does not have the scope that this request needs',
            'book:create',
          ),
        ],
        error: 'insufficient_scope',
        description: 'The access token does not have the scope that this request needs',
      });
      endpoint.answer = () => endpoint.good({ iss: issuer.url, scope: 'book:create' });
      expect((await ask(app, 'other', '/strict')).status).to.equal(200);
      expectExactRefusal(await ask(app, null, '/strict'), demanding(notAuthenticated, 'book:create'));
    });

    it('is an access token to the classes that tell tokens from sessions', async () => {
      expect((await ask(app, 'opaque', '/songs')).status).to.equal(403);
      endpoint.answer = () => endpoint.good({ iss: issuer.url, scope: 'book:create' });
      expect((await ask(app, 'other', '/songs')).status).to.equal(200);
    });

    it('is not asked about opaque tokens where it is not listed', async () => {
      expectExactRefusal(await ask(app, 'opaque', '/jwt'), invalidToken('The access token is opaque, not a JWT'));
      expect(endpoint.asked).to.have.length(0);
    });

    it('is asked about JWTs where it stands alone', async () => {
      expect((await ask(app, issuer.token())).status).to.equal(200);
      expect(endpoint.asked).to.have.length(1);
    });
  });

  describe('with signed answers (RFC 9701)', () => {
    let issuer: TestIssuer;
    let endpoint: IntrospectionEndpoint;
    beforeEach(async () => {
      issuer = await TestIssuer.start();
      endpoint = await IntrospectionEndpoint.start();
    });
    afterEach(async () => {
      await issuer.close();
      await endpoint.close();
    });

    const iat = Math.floor(Date.now() / 1000);

    function answerOf(claims: object = {}, header: object = {}, key = issuer.key): string {
      const own = { iss: issuer.url, aud: 'api', iat, token_introspection: endpoint.good({ iss: issuer.url }) };
      return signed(
        { alg: key.alg, kid: key.kid, typ: 'token-introspection+jwt', ...header },
        { ...own, ...claims },
        key,
      );
    }

    async function answered(jwt: string, settings: SettingsInput = {}, type = 'application/token-introspection+jwt') {
      endpoint.answer = (_, response) => void response.writeHead(200, { 'Content-Type': type }).end(jwt);
      return ask(
        serve({ ...endpoint.settings, issuerUrl: issuer.url, introspectionResponse: 'jwt', ...settings }),
        'opaque',
      );
    }

    it('asks for them, and accepts what the issuer signed', async () => {
      const response = await answered(answerOf());
      expect(response.status, response.text).to.equal(200);
      expect(endpoint.asked[0]?.headers.accept).to.equal('application/token-introspection+jwt');
      expect((response.body as Body).sub).to.equal('alice');
    });

    it('checks those that nobody asked for, too', async () => {
      expect((await answered(answerOf(), { introspectionResponse: 'json' })).status).to.equal(200);
      expectExactRefusal(await answered(answerOf({}, {}, signingKey('k1')), { introspectionResponse: 'json' }), outage);
    });

    const bad: [what: string, jwt: () => string, type?: string][] = [
      ['signed by another', () => answerOf({}, {}, signingKey('k1'))],
      ['of an unknown key', () => answerOf({}, {}, signingKey('k9'))],
      ['without a key', () => answerOf({}, { kid: undefined })],
      ['not signed at all', () => JSON.stringify(endpoint.good()), 'application/json'],
      ['alg none', () => answerOf({}, { alg: 'none' })],
      ['of another type', () => answerOf({}, { typ: 'JWT' })],
      ['an access token', () => issuer.token()],
      ['with an extension', () => answerOf({}, { crit: ['x'], x: 1 })],
      ['of another issuer', () => answerOf({ iss: 'https://evil.example.com' })],
      ['for another API', () => answerOf({ aud: 'other' })],
      ['without a date', () => answerOf({ iat: undefined })],
      ['without an answer', () => answerOf({ token_introspection: undefined })],
      ['with an answer that is text', () => answerOf({ token_introspection: '{"active":true}' })],
      ['with active beside the answer', () => answerOf({ active: true, token_introspection: {} })],
    ];
    for (const [what, jwt, type] of bad)
      it(`believes no answer that is ${what}`, async () => {
        expectExactRefusal(await answered(jwt(), {}, type), outage);
        expect(handled).to.equal(0);
      });

    it('takes an answer about a bad token for what it says', async () => {
      expectExactRefusal(await answered(answerOf({ token_introspection: { active: false } })), inactive);
    });
  });

  describe('where it asks', () => {
    let issuer: TestIssuer;
    let endpoint: IntrospectionEndpoint;
    beforeEach(async () => {
      issuer = await TestIssuer.start();
      endpoint = await IntrospectionEndpoint.start();
      endpoint.answer = () => endpoint.good({ iss: issuer.url });
    });
    afterEach(async () => {
      await issuer.close();
      await endpoint.close();
    });

    function discovering(): Express {
      return serve({ ...endpoint.settings, introspectionUrl: undefined, issuerUrl: issuer.url });
    }

    it("is the introspection_endpoint of the issuer's metadata, asked once", async () => {
      issuer.server.metadataMode = { is: 'ok' };
      issuer.server.metadata = { introspection_endpoint: endpoint.url };
      const app = discovering();
      for (const token of ['a', 'b', 'c']) expect((await ask(app, token)).status).to.equal(200);
      expect(endpoint.asked).to.have.length(3);
      expect(issuer.server.count('/.well-known/openid-configuration')).to.equal(1);
    });

    it('is found again after an outage of the metadata, or of the endpoint', async () => {
      const app = discovering();
      expectExactRefusal(await ask(app, 'a'), outage);
      issuer.server.metadataMode = { is: 'ok' };
      issuer.server.metadata = { introspection_endpoint: `${endpoint.origin}/old` };
      endpoint.answer = (_, response) => void response.writeHead(404).end();
      expectExactRefusal(await ask(app, 'a'), outage);
      issuer.server.metadata = { introspection_endpoint: endpoint.url };
      endpoint.answer = () => endpoint.good({ iss: issuer.url });
      expect((await ask(app, 'a')).status).to.equal(200);
    });

    for (const found of ['http://auth.example.com/introspect', 'ftp://x/', 7, 'https://user:secret@example.com/'])
      it(`is never ${found}`, async () => {
        issuer.server.metadataMode = { is: 'ok' };
        issuer.server.metadata = { introspection_endpoint: found };
        expectExactRefusal(await ask(discovering(), 'a'), outage);
        expect(endpoint.asked).to.have.length(0);
      });
  });

  describe('at start', () => {
    const least: SettingsInput = { audience, issuerUrl: 'https://auth.example.com', jwksPrefetch: false };

    it('needs its settings where a controller lists it, and only there', () => {
      const listed = (): unknown => createExpressServer({ controllers: [OpaqueController], axioms: { ...least } });
      expect(listed).to.throw(ImproperlyConfigured, /OpaqueController\.list.*'introspectionClientId'/s);
      const app = createExpressServer({ controllers: [JwtController], axioms: { ...least } });
      serverOf(app).close();
    });

    it('needs them in one of several issuers, not in two', async () => {
      const client = { introspectionClientId: 'api', introspectionClientSecret: clientSecret };
      const entry = (host: string, more: object = {}) => ({
        issuerUrl: `https://${host}.example.com`,
        audience,
        ...more,
      });
      const start = (axioms: SettingsInput): Express => serve({ jwksPrefetch: false, ...axioms });
      expect(() => start({ issuers: [entry('a'), entry('b')] })).to.throw(
        ImproperlyConfigured,
        /introspectionClientId/,
      );
      expect(() => start({ issuers: [entry('a', client), entry('b', client)] })).to.throw(
        ImproperlyConfigured,
        /'introspectionClientId' stands for 2 of the 'issuers'/,
      );
      expect(() => start({ issuers: [entry('a'), entry('b')], ...client })).to.throw(
        ImproperlyConfigured,
        /stands for 2/,
      );
      const endpoint = await IntrospectionEndpoint.start();
      try {
        const own = { ...client, introspectionUrl: endpoint.url, scopeClaims: 'may' };
        const app = start({ issuers: [entry('a'), entry('b', own)] });
        endpoint.answer = () => endpoint.good({ iss: undefined, may: 'read' });
        const response = await ask(app, 'opaque');
        expect((response.body as Body).claims.iss).to.equal('https://b.example.com');
        expect((response.body as Body).scopes).to.deep.equal(['read']);
      } finally {
        await endpoint.close();
      }
    });
  });
});
