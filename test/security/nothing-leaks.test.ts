import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Request } from 'express';
import { Body, Get, JsonController, Post } from 'routing-controllers';
import type { Response } from 'supertest';
import {
  AccessTokenAuthentication,
  APIException,
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  InvalidToken,
  IsAuthenticated,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { badByItsKey, badWithoutAKey } from '../bad-tokens';
import { RecordingLogger } from '../issuer/recording-logger';
import type { Mode } from '../issuer/scripted-issuer';
import { base64url, signed, signingKey, TestIssuer } from '../issuer/test-issuer';

/** Stands wherever a caller or an issuer can write something. */
const mark = 'SECRET-MARK';

/** An error as libraries throw them: it carries what it is about. */
function talkativeError(request: AxiomsRequest): Error {
  const { authJwt: claims, auth } = request;
  return Object.assign(new Error('something is wrong'), { claims, payload: claims, token: auth?.token });
}

class Throws extends BasePermission {
  override hasPermission(request: AxiomsRequest): boolean {
    throw talkativeError(request);
  }
}
class ThrowsOurs extends BasePermission {
  override hasPermission(request: AxiomsRequest): boolean {
    throw new APIException(undefined, { cause: talkativeError(request) });
  }
}
class ThrowsClaims extends BasePermission {
  override hasPermission(request: AxiomsRequest): boolean {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- an app may throw any value, and none may leak
    throw { ...request.authJwt };
  }
}
class ThrowsWithCause extends AccessTokenAuthentication {
  override async authenticate(request: Request): Promise<never> {
    const result = await super.authenticate(request);
    throw new InvalidToken(undefined, { cause: result?.auth });
  }
}

const answer = { ok: true };

@JsonController('/closed')
class ClosedController {
  @Get('/') read() {
    return answer;
  }
  @Post('/') write(@Body({ validate: false }) _body: unknown) {
    return answer;
  }
}
@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:read'];
  @Get('/') read() {
    return answer;
  }
}
@JsonController('/roles')
class RoleController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['editor'];
  @Get('/') read() {
    return answer;
  }
}
@JsonController('/throws')
class ThrowingController {
  permissionClasses = [Throws];
  @Get('/') read() {
    return answer;
  }
}
@JsonController('/throws-ours')
class ThrowingOursController {
  permissionClasses = [ThrowsOurs];
  @Get('/') read() {
    return answer;
  }
}
@JsonController('/throws-claims')
class ThrowingClaimsController {
  permissionClasses = [ThrowsClaims];
  @Get('/') read() {
    return answer;
  }
}
@JsonController('/throws-with-cause')
class ThrowingWithCauseController {
  authenticationClasses = [ThrowsWithCause];
  permissionClasses = [IsAuthenticated];
  @Get('/') read() {
    return answer;
  }
}

const controllers = [
  ClosedController,
  ScopedController,
  RoleController,
  ThrowingController,
  ThrowingOursController,
  ThrowingClaimsController,
  ThrowingWithCauseController,
];

describe('nothing leaks', () => {
  let api: Api;
  let logger: RecordingLogger;

  /** Every token of this issuer has the mark in its header and its claims. */
  function markTokens(issuer: TestIssuer): void {
    const { claims, token } = TestIssuer.prototype;
    issuer.claims = given => claims.call(issuer, { email: `${mark}@example.com`, [mark]: mark, ...given });
    issuer.token = (given, header, key) => token.call(issuer, given, { [mark]: mark, x5u: mark, ...header }, key);
  }

  beforeEach(async () => {
    logger = new RecordingLogger();
    api = await Api.start({ controllers, axioms: { logger, jwksPrefetch: false } });
    markTokens(api.issuer);
  });
  afterEach(() => api.close());

  function seen(response: Response): string {
    const log = inspect(logger.entries, { depth: Infinity, showHidden: true, maxStringLength: Infinity });
    return [inspect(response.headers), response.text, log].join('\n');
  }

  function expectNothingOf(token: string, response: Response): void {
    const text = seen(response);
    expect(text).not.to.contain(mark);
    for (const part of [token, ...token.split('.')])
      if (part.length > 8) expect(text, 'a part of the token').not.to.contain(part.slice(0, 40));
    expect(response.text).not.to.match(/jose|ERR_|Error|node_modules|\.[jt]s\b|\n/);
    expect(Object.keys(response.body as object)).to.deep.equal(['error', 'error_description']);
  }

  it('proves itself: the mark is in the tokens', () => {
    const [header, claims] = api.issuer.token().split('.') as [string, string];
    for (const part of [header, claims]) expect(Buffer.from(part, 'base64url').toString()).to.contain(mark);
  });

  describe('of a token', () => {
    for (const { title, make } of [...badWithoutAKey, ...badByItsKey]) {
      it(title, async () => {
        const token = make(api.issuer);
        const response = await api.with(token, 'get', '/closed');
        expect(response.status).to.equal(401);
        expect(logger.entries.map(({ level }) => level)).to.include('debug');
        expectNothingOf(token, response);
      });
    }

    const marked: [string, (issuer: TestIssuer) => string][] = [
      ['whose claims are no JSON', ({ key }) => signed({ alg: 'ES256', kid: 'k1' }, `{"sub":"${mark}",`, key)],
      ['whose claims begin with what is no JSON', ({ key }) => signed({ alg: 'ES256', kid: 'k1' }, mark, key)],
      ['whose header is no JSON', ({ key }) => signed(`{"alg":"ES256","kid":"k1",${mark}}`, { sub: 'alice' }, key)],
      ['whose claims are no UTF-8', () => `${base64url({ alg: 'ES256' })}._1NFQ1JFVC1NQVJL.c2ln`],
      ['with a member twice', ({ key }) => signed({ alg: 'ES256' }, `{"${mark}":1,"${mark}":2}`, key)],
      ['with a marked algorithm', issuer => issuer.token({}, { alg: mark })],
      ['with a marked kid', issuer => issuer.token({}, { kid: mark }, signingKey(mark))],
      ['with a marked type', issuer => issuer.token({}, { typ: mark })],
      ['with a marked extension', issuer => issuer.token({}, { crit: [mark] })],
      ['with a marked issuer', issuer => issuer.token({ iss: `https://${mark}` })],
      ['with a marked audience', issuer => issuer.token({ aud: mark })],
      ['with a marked subject', issuer => issuer.token({ sub: [mark] })],
      ['with a marked time', issuer => issuer.token({ exp: mark })],
      ['with a marked use', issuer => issuer.token({ token_use: mark })],
      ['with a marked key', issuer => issuer.token({ cnf: { jkt: mark } })],
    ];
    for (const [title, make] of marked) {
      it(title, async () => {
        const token = make(api.issuer);
        const response = await api.with(token, 'get', '/closed');
        expect(response.status).to.equal(401);
        expectNothingOf(token, response);
      });
    }
  });

  describe('of what is no token', () => {
    const headers: [string, string, number][] = [
      ['two tokens', `Bearer ${mark} ${mark}`, 400],
      ['illegal characters', `Bearer "${mark}"`, 400],
      ['another scheme', `Basic ${base64url(mark)}`, 401],
      ['a scheme of its own', `${mark} ${mark}`, 401],
      ['no JWT', `Bearer ${mark}`, 401],
    ];
    for (const [title, authorization, status] of headers) {
      it(title, async () => {
        const path = `/closed?access_token=${mark}`;
        const response = await api.with(null, 'get', path).set('Authorization', authorization);
        expect(response.status).to.equal(status);
        expectNothingOf('', response);
      });
    }
  });

  describe('of a good token', () => {
    const paths: [string, number][] = [
      ['/scoped', 403],
      ['/roles', 403],
      ['/throws', 500],
      ['/throws-ours', 500],
      ['/throws-claims', 500],
      ['/throws-with-cause', 401],
    ];
    for (const [path, status] of paths) {
      it(`that is refused at ${path}`, async () => {
        const token = api.issuer.token({ scope: mark, roles: [mark] });
        const response = await api.with(token, 'get', path);
        expect(response.status).to.equal(status);
        expectNothingOf(token, response);
      });
    }

    it('that is accepted', async () => {
      const token = api.issuer.token();
      const response = await api.with(token, 'get', '/closed');
      expect(response.body).to.deep.equal(answer);
      expect(seen(response)).not.to.contain(mark);
    });

    it('or of a body that cannot be read', async () => {
      const token = api.issuer.token();
      const post = api.with(token, 'post', '/closed').set('Content-Type', 'application/json');
      const response = await post.send(`{"password": "${mark}", `);
      expect(response.status).to.equal(400);
      expectNothingOf(token, response);
    });
  });

  describe('of an issuer that answers with', () => {
    const modes: [string, Mode][] = [
      ['a page', { is: 'html' }],
      ['broken JSON', { is: 'invalid-json' }],
      ['no JWK Set', { is: 'not-a-jwks' }],
      ['malformed keys', { is: 'document', document: { keys: [mark, { kty: mark, d: mark, k: mark, kid: 'k1' }] } }],
      ['an error', { is: 'status', status: 500 }],
    ];
    for (const [title, mode] of modes) {
      it(title, async () => {
        api.issuer.server.keysMode = mode;
        const token = api.issuer.token();
        const response = await api.with(token, 'get', '/closed');
        expect(response.status).to.be.oneOf([401, 503]);
        expectNothingOf(token, response);
        expect(seen(response)).not.to.contain('secret-marker');
        expect(response.text).not.to.contain(api.issuer.url);
      });
    }
  });
});
