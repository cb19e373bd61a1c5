import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  BaseAuthentication,
  BasicAuthentication,
  HasValidAccessToken,
  IntrospectionAuthentication,
  IsAuthenticatedOrTokenHasScope,
  SessionAuthentication,
  useExpressServer,
  type AuthenticationClass,
  type AuthenticationResult,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { hasRequiredScopes, hasValidAccessToken } from 'axioms-routing-controllers/decorators';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { IntrospectionEndpoint } from '../issuer/introspection-endpoint';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal, type Refusal } from '../refusals';

let handled = 0;

const missing = 'The access token does not have the scope that this request needs';
const lacksScope = (...challenges: string[]): Refusal => ({
  status: 403,
  challenges,
  error: 'insufficient_scope',
  description: missing,
});

function controller(path: string, authenticationClasses: AuthenticationClass[], ...before: object[]) {
  @JsonController(path)
  class Held {
    authenticationClasses = authenticationClasses;
    permissionClasses = [IsAuthenticatedOrTokenHasScope];
    requiredScopes = ['songs'];
    @Get('/')
    @UseBefore(...(before as ((...given: unknown[]) => unknown)[]))
    read() {
      handled++;
      return { ok: true };
    }
  }
  return Held;
}

class Unchallenged extends AccessTokenAuthentication {
  override authenticateHeader() {
    return undefined as unknown as string;
  }
}

class EmptyChallenge extends AccessTokenAuthentication {
  override authenticateHeader() {
    return '';
  }
}

class TokenChallenge extends HasValidAccessToken {
  override authenticateHeader() {
    return 'Token realm="songs"';
  }
}

class SaysItIsNone extends Unchallenged {
  override readonly isToken = false;
}

class UnchallengedIntrospection extends IntrospectionAuthentication {
  override authenticateHeader() {
    return undefined as unknown as string;
  }
}

/** What a class of the app's own makes of `X-Key`. */
abstract class Keys extends BaseAuthentication {
  protected readonly auth: AuthenticationResult['auth'] = {};
  authenticate(received: Request): AuthenticationResult | null {
    const sub = received.get('X-Key');
    return sub === undefined ? null : { user: { isAuthenticated: true, sub }, auth: this.auth ?? {} };
  }
}

class DeclaredToken extends Keys {
  override readonly isToken = true;
  override authenticateHeader() {
    return 'ApiKey realm="songs"';
  }
}

class DeclaredKey extends Keys {
  override readonly isToken = false;
  protected override readonly auth = { token: 'not-one-of-an-issuer' };
  override authenticateHeader() {
    return 'Bearer realm="songs"';
  }
}

class UndeclaredToken extends Keys {
  protected override readonly auth = { token: 'opaque', claims: { scope: 'films' } };
}

class UndeclaredKey extends Keys {
  override authenticateHeader() {
    return 'Bearer realm="songs"';
  }
}

class Delegating extends BaseAuthentication {
  readonly #inner = new AccessTokenAuthentication();
  authenticate(received: Request) {
    return this.#inner.authenticate(received);
  }
}

const forgetAuth = (received: Request, _response: Response, next: NextFunction) => {
  Object.assign(received, { auth: { authenticator: new DeclaredKey() } });
  next();
};

@JsonController('/decorated')
class DecoratedController {
  authenticationClasses = [Unchallenged];
  @hasValidAccessToken() @Get('/valid') valid() {
    handled++;
    return {};
  }
  @hasRequiredScopes('songs') @Get('/scoped') scoped() {
    handled++;
    return {};
  }
}

@JsonController('/decorated-key')
class DecoratedKeyController {
  authenticationClasses = [DeclaredKey];
  @hasValidAccessToken() @Get('/') valid() {
    handled++;
    return {};
  }
}

class SchemeReader extends BaseAuthentication {
  authenticate(received: Request): AuthenticationResult | null {
    const [, sub] = /^Ticket (\w+)$/.exec(received.get('Authorization') ?? '') ?? [];
    return sub === undefined ? null : { user: { isAuthenticated: true, sub } };
  }
}

class DeclaredSchemeReader extends SchemeReader {
  override readonly authorizationSchemes = ['tICKET'];
}

class CookieReader extends BaseAuthentication {
  override readonly authorizationSchemes = [];
  authenticate() {
    return null;
  }
}

class Accounts extends BasicAuthentication {
  protected override readonly refusalTime = 0;
  override authenticateHeader() {
    return undefined as unknown as string;
  }
  authenticateCredentials() {
    return null;
  }
}

function sessionController(path: string, ...others: AuthenticationClass[]) {
  @JsonController(path)
  class WithSession {
    authenticationClasses = [SessionAuthentication, ...others];
    declare request: { user: { sub?: string } };
    @Get('/') read() {
      handled++;
      return { sub: this.request.user.sub };
    }
  }
  return WithSession;
}

describe('whether a token was used', () => {
  let issuer: TestIssuer;
  let endpoint: IntrospectionEndpoint;
  let app: Express;
  let logger: RecordingLogger;

  before(async () => {
    issuer = await TestIssuer.start();
    endpoint = await IntrospectionEndpoint.start();
    logger = new RecordingLogger();
    app = express();
    // As Passport does.
    app.use((received, _response, next) => {
      const sub = received.get('X-Session');
      if (sub !== undefined) Object.assign(received, { user: { sub } });
      next();
    });
    const introspection = { ...endpoint.settings, issuerUrl: issuer.url };
    useExpressServer(app, {
      controllers: [
        controller('/unchallenged', [Unchallenged]),
        controller('/empty', [EmptyChallenge]),
        controller('/token-challenge', [TokenChallenge]),
        controller('/says-none', [SaysItIsNone]),
        controller('/introspection', [UnchallengedIntrospection]),
        controller('/delegating', [Delegating]),
        controller('/declared-token', [DeclaredToken]),
        controller('/declared-key', [DeclaredKey]),
        controller('/undeclared-token', [UndeclaredToken]),
        controller('/undeclared-key', [UndeclaredKey]),
        controller('/session', [SessionAuthentication, Unchallenged]),
        controller('/replaced', [AccessTokenAuthentication], forgetAuth),
        DecoratedController,
        DecoratedKeyController,
        sessionController('/session-unchallenged', Unchallenged),
        sessionController('/session-token-challenge', TokenChallenge),
        sessionController('/session-basic', Accounts),
        sessionController('/session-undeclared', SchemeReader),
        sessionController('/session-declared', DeclaredSchemeReader),
        sessionController('/session-cookie', CookieReader),
      ],
      axioms: { ...introspection, ...issuer.settings(), logger },
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await Promise.all([issuer.close(), endpoint.close()]);
  });
  beforeEach(() => {
    handled = 0;
  });

  const get = (path: string, headers: Record<string, string>): Test => request(app).get(path).set(headers);
  const withToken = (path: string, claims: object): Test =>
    get(path, { Authorization: `Bearer ${issuer.token(claims)}` });

  for (const [path, ...challenges] of [
    ['/unchallenged'],
    ['/empty'],
    ['/token-challenge'],
    ['/says-none'],
    ['/delegating'],
    ['/session'],
    ['/replaced', bearer('insufficient_scope', missing, 'songs')],
  ] as const)
    it(`is decided by the class and not by its challenge: a token without the scope is refused at ${path}`, async () => {
      expectExactRefusal(await withToken(path, { scope: 'films' }), lacksScope(...challenges));
      expect(handled).to.equal(0);
      const response = await withToken(path, { scope: 'films songs' });
      expect([response.status, handled]).to.deep.equal([200, 1]);
    });

  it('is decided by the class for introspected tokens, too', async () => {
    endpoint.answer = ({ form }) => endpoint.good({ iss: issuer.url, scope: form.get('token') });
    expectExactRefusal(await get('/introspection', { Authorization: 'Bearer films' }), lacksScope());
    expect((await get('/introspection', { Authorization: 'Bearer songs' })).status).to.equal(200);
    expect(handled).to.equal(1);
  });

  for (const path of ['/declared-token', '/undeclared-token'])
    it(`holds the callers of a class of the app's own to the scopes: ${path}`, async () => {
      expectExactRefusal(await get(path, { 'X-Key': 'bob' }), lacksScope());
      expect(handled).to.equal(0);
    });

  for (const path of ['/declared-key', '/undeclared-key'])
    it(`asks no scope of a class that accepts no tokens, whatever its challenge says: ${path}`, async () => {
      expect((await get(path, { 'X-Key': 'bob' })).status).to.equal(200);
      expect(handled).to.equal(1);
    });

  it('passes the user of a session without a scope, beside a class for tokens', async () => {
    expect((await get('/session', { 'X-Session': 'bob' })).status).to.equal(200);
  });

  it('is said at the start where a class of the app’s own does not declare it', () => {
    const warnings = logger.entries.filter(({ message }) => message.includes('declare isToken'));
    const classes = warnings.map(({ data }) => (data as { classes: string[] }).classes.join());
    expect(classes).to.deep.equal(['Delegating', 'UndeclaredToken', 'UndeclaredKey']);
  });

  it('lets the callers of an unchallenged class through @hasValidAccessToken() and @hasRequiredScopes()', async () => {
    expect((await withToken('/decorated/valid', {})).status).to.equal(200);
    expect((await withToken('/decorated/scoped', { scope: 'songs' })).status).to.equal(200);
    expect(handled).to.equal(2);
    expectExactRefusal(await withToken('/decorated/scoped', { scope: 'films' }), lacksScope());
    expect((await get('/decorated/valid', {})).status).to.equal(403);
    expect(handled).to.equal(2);
  });

  it('refuses at @hasValidAccessToken() a caller whose class has a Bearer challenge and accepts no tokens', async () => {
    const response = await get('/decorated-key', { 'X-Key': 'bob' });
    expect([response.status, handled]).to.deep.equal([401, 0]);
    expect((await withToken('/decorated-key', {})).status).to.equal(200);
  });

  it('is documented by the class: one bearer scheme, and none by the name of a class of ours', async () => {
    const document = await openApiDocument(app, { info: { title: 'Songs', version: '1' } });
    const securityOf = (path: string) => document.paths[path]?.get?.security;
    for (const path of ['/unchallenged', '/empty', '/token-challenge', '/introspection'])
      expect(
        securityOf(path)?.flatMap(one => Object.keys(one)),
        path,
      ).to.include('bearer');
    const names = Object.keys(document.components.securitySchemes);
    expect(names).not.to.include('AccessTokenReader').and.not.to.include('');
    expect(document.paths['/unchallenged']?.get?.responses).to.include.keys('503');
  });

  describe('decides whose credentials a request of a session carries', () => {
    const bad = 'Bearer not.a.token';

    // Without a challenge there is no 401 (RFC 9110 §15.5.2).
    for (const [path, status] of [
      ['/session-unchallenged', 403],
      ['/session-token-challenge', 401],
    ] as const)
      it(`a session does not make a bad token good at ${path}`, async () => {
        const response = await get(path, { 'X-Session': 'alice', Authorization: bad });
        expect([response.status, handled]).to.deep.equal([status, 0]);
      });

    it('a good token is its caller, not the session', async () => {
      const response = await get('/session-unchallenged', {
        'X-Session': 'alice',
        Authorization: `Bearer ${issuer.token({ sub: 'bob' })}`,
      });
      expect(response.body).to.deep.equal({ sub: 'bob' });
    });

    it('a password that is wrong is not made good by a session, though the class has no challenge', async () => {
      const response = await get('/session-basic', { 'X-Session': 'alice', Authorization: 'basic YTpi' });
      expect([response.status, handled]).to.deep.equal([403, 0]);
    });

    it('a class that does not declare its schemes may read every one', async () => {
      for (const Authorization of ['Ticket !', 'Bearer x', 'Basic YTpi']) {
        const response = await get('/session-undeclared', { 'X-Session': 'alice', Authorization });
        expect([response.status, handled], Authorization).to.deep.equal([403, 0]);
      }
      expect((await get('/session-undeclared', { Authorization: 'Ticket bob' })).body).to.deep.equal({ sub: 'bob' });
      expect((await get('/session-undeclared', { 'X-Session': 'alice' })).body).to.deep.equal({ sub: 'alice' });
    });

    it('a scheme that no class reads leaves the session alone', async () => {
      for (const [path, Authorization] of [
        ['/session-unchallenged', 'Basic YTpi'],
        ['/session-basic', bad],
        ['/session-declared', bad],
        ['/session-cookie', bad],
      ] as const) {
        const response = await get(path, { 'X-Session': 'alice', Authorization });
        expect([response.status, response.body], path).to.deep.equal([200, { sub: 'alice' }]);
      }
      const ticket = await get('/session-declared', { 'X-Session': 'alice', Authorization: 'Ticket !' });
      expect(ticket.status).to.equal(403);
    });

    it('a repeated Authorization header is never the session’s', async () => {
      const response = await request(app)
        .get('/session-unchallenged')
        .set('X-Session', 'alice')
        .set('Authorization', ['Basic YTpi', bad] as unknown as string);
      expect([response.status, handled]).to.deep.equal([400, 0]);
    });
  });
});
