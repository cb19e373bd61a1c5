import { inspect } from 'node:util';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  BasePermission,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAuthenticated,
  IsSubOwner,
  and,
  not,
  or,
  useExpressServer,
  type APIException,
  type AxiomsServer,
  type Explanation,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredPermissions } from 'axioms-routing-controllers/decorators';
import request from 'supertest';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';

class IsFriday extends BasePermission {
  override hasPermission(): boolean {
    return false;
  }
}

class Talkative extends BasePermission {
  override hasPermission(): boolean {
    return true;
  }
  override requirement(): never {
    throw new Error('nobody can say');
  }
}

class Late extends BasePermission {
  override hasPermission(given: Request): boolean {
    return given.query.late !== undefined;
  }
}

interface Composed<Part = { readonly answer: string }> {
  readonly answer: string;
  readonly of: readonly Part[];
}

const answer = { ok: true };

@JsonController('/books')
class BookController {
  permissionClasses = [IsAuthenticated, or(HasAccessTokenScopes, and(HasAccessTokenRoles, not(IsSubOwner)))];
  accessTokenAllScopes = ['book:read', 'book:list'];
  accessTokenRoles = ['editor'];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/') list() {
    return answer;
  }
  @Get('/:id') retrieve() {
    return answer;
  }
}

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes, Late];
  accessTokenScopes = ['book:read'];
  @Get('/') @hasRequiredPermissions('a', 'b') list() {
    return answer;
  }
}

@JsonController('/insisting')
class InsistingController {
  authenticationClasses = [HasValidAccessToken];
  @Get('/') list() {
    return answer;
  }
}

@JsonController('/nobody')
class NobodyController {
  authenticationClasses = [];
  permissionClasses = [IsFriday];
  @Get('/') list() {
    return answer;
  }
}

@JsonController('/custom')
class CustomController {
  permissionClasses = [Late, IsFriday];
  @Get('/') list() {
    return answer;
  }
}

const controllers = [BookController, ScopedController, InsistingController, NobodyController, CustomController];

describe('the reasons of a refusal', () => {
  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  const thrown: APIException[] = [];

  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger }, defaultErrorHandler: false });
    app.use((error: APIException, _request: Request, response: Response, _next: NextFunction) => {
      thrown.push(error);
      response.status(error.httpCode).json(error);
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    thrown.splice(0);
    logger.entries.splice(0);
  });

  async function refused(path: string, claims: object | null): Promise<Explanation> {
    const asked = request(app).get(path);
    const response = await (claims === null ? asked : asked.set('Authorization', `Bearer ${issuer.token(claims)}`));
    expect(response.status).to.be.oneOf([401, 403]);
    expect(Object.keys(response.body as object)).to.deep.equal(['error', 'error_description']);
    const [error] = thrown;
    expect(Object.keys(error!)).not.to.include('explanation');
    expect(JSON.stringify(error)).not.to.contain('rules');
    return error!.explanation as Explanation;
  }

  it('name each permission, what it needed, and what of that was there', async () => {
    const claims = { sub: 'bob', scope: 'book:read secret:scope', roles: ['reader'] };
    expect(await refused('/books/1', claims)).to.deep.equal({
      rules: [
        {
          permission: 'IsAuthenticated',
          answer: 'allows',
          needed: { kind: 'authenticated' },
          there: [],
          unmet: [],
        },
        {
          operator: 'or',
          answer: 'refuses',
          of: [
            {
              permission: 'HasAccessTokenScopes',
              answer: 'refuses',
              needed: { kind: 'scopes', match: 'all', values: ['book:read', 'book:list'] },
              there: ['book:read'],
              unmet: [{ kind: 'scopes', match: 'all', values: ['book:read', 'book:list'] }],
            },
            {
              operator: 'and',
              answer: 'refuses',
              of: [
                {
                  permission: 'HasAccessTokenRoles',
                  answer: 'refuses',
                  needed: { kind: 'roles', match: 'any', values: ['editor'] },
                  there: [],
                  unmet: [{ kind: 'roles', match: 'any', values: ['editor'] }],
                },
                {
                  operator: 'not',
                  answer: 'depends on the object',
                  of: [
                    {
                      permission: 'IsSubOwner',
                      answer: 'depends on the object',
                      needed: { kind: 'owner', attribute: 'user' },
                      there: [],
                      unmet: [],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
      isAuthenticated: true,
      granted: { scopes: ['book:read', 'secret:scope'], roles: ['reader'], permissions: [] },
    });
  });

  it('tell the log what the configuration names, at debug, and nothing that only the token has', async () => {
    const { rules } = await refused('/scoped', { scope: 'secret:scope', permissions: ['secret:permission'] });
    const [entry] = logger.entries.filter(({ message }) => message.startsWith('ScopedController.list refused'));
    expect([entry?.level, (entry?.data as { why: unknown }).why]).to.deep.equal(['debug', rules]);
    expect(inspect(logger.entries, { depth: Infinity, showHidden: true })).not.to.contain('secret');
    // Late looks at the query: what it would say is not known before the body.
    expect(rules.map(rule => 'permission' in rule && [rule.permission, rule.answer])).to.deep.equal([
      ['HasAccessTokenScopes', 'refuses'],
      ['Late', 'was not asked'],
      ['hasRequiredPermissions', 'was not asked'],
    ]);
  });

  it('tell of the others what they said', async () => {
    const answers = async (path: string, permissions: readonly string[]) => {
      thrown.splice(0);
      const { rules } = await refused(path, { scope: 'book:read', permissions });
      return rules.map(rule => 'permission' in rule && [rule.permission, rule.answer]);
    };
    // What a decorator requires is asked before a rule that looks at the query.
    expect(await answers('/scoped?late', ['c'])).to.deep.equal([
      ['HasAccessTokenScopes', 'allows'],
      ['Late', 'was not asked'],
      ['hasRequiredPermissions', 'refuses'],
    ]);
    expect(await answers('/scoped', ['a'])).to.deep.equal([
      ['HasAccessTokenScopes', 'allows'],
      ['Late', 'refuses'],
      ['hasRequiredPermissions', 'allows'],
    ]);
  });

  it('tell which permission refused the object', async () => {
    // Alice owns the book, which the rule turns around.
    const { rules } = await refused('/books/1', { sub: 'alice', roles: ['editor'] });
    const [, either] = rules as unknown as [unknown, Composed<Composed<Composed>>];
    const [, both] = either.of;
    const [, other] = both!.of;
    expect([either.answer, both!.answer, other!.answer, other!.of[0]!.answer]).to.deep.equal([
      'refuses',
      'refuses',
      'refuses',
      'allows',
    ]);
  });

  it('are there where nobody is authenticated', async () => {
    const anonymous = await refused('/scoped', null);
    expect([anonymous.isAuthenticated, anonymous.granted.scopes]).to.deep.equal([false, []]);
    expect(anonymous.rules[0]).to.include({ permission: 'HasAccessTokenScopes', answer: 'refuses' });
    thrown.splice(0);
    const { rules } = await refused('/insisting', null);
    expect(rules).to.deep.equal([
      { permission: 'HasValidAccessToken', answer: 'refuses', needed: { kind: 'authenticated' }, there: [], unmet: [] },
    ]);
    thrown.splice(0);
    const closed = await refused('/nobody', null);
    expect(closed.rules.map(rule => rule.answer)).to.deep.equal(['refuses']);
  });

  it('hold at most 50 names a kind', async () => {
    const many = Array.from({ length: 400 }, (_, index) => `r${index}`);
    const { granted } = await refused('/books', { roles: many });
    expect(granted.roles).to.deep.equal(many.slice(0, 50));
  });

  it('are not there for a token that is bad', async () => {
    await request(app)
      .get('/scoped')
      .set('Authorization', `Bearer ${issuer.token({ exp: 1 })}`);
    expect(thrown[0]?.explanation).to.equal(undefined);
  });
});

describe('the setting explain', () => {
  async function served(axioms: Partial<SettingsInput>, check: (api: Api) => Promise<void>): Promise<void> {
    const api = await Api.start({ controllers, axioms });
    try {
      await check(api);
    } finally {
      await api.close();
    }
  }

  it('is off by default: the answer tells nothing', () =>
    served({}, async api => {
      expectRefusal(await api.as({}, 'get', '/scoped'), 'insufficient_scope', 'book:read');
      expectRefusal(await api.as({}, 'get', '/books/1'), 'insufficient_scope', 'book:read book:list');
      expectRefusal(await api.as(null, 'get', '/insisting'), 'not_authenticated');
    }));

  it('true: the answer tells why', () =>
    served({ explain: true }, async api => {
      const response = await api.as({ scope: 'book:write' }, 'get', '/scoped');
      const { error, explanation } = response.body as { error: string; explanation: Explanation };
      expect([response.status, error, explanation.granted.scopes]).to.deep.equal([
        403,
        'insufficient_scope',
        ['book:write'],
      ]);
      expect(explanation.rules[0]).to.deep.equal({
        permission: 'HasAccessTokenScopes',
        answer: 'refuses',
        needed: { kind: 'scopes', match: 'any', values: ['book:read'] },
        there: [],
        unmet: [{ kind: 'scopes', match: 'any', values: ['book:read'] }],
      });
      for (const path of ['/insisting', '/nobody', '/scoped']) {
        const anonymous = await api.as(null, 'get', path);
        expect((anonymous.body as { explanation: Explanation }).explanation.rules, path).to.have.length.above(0);
      }
      expect(Object.keys((await api.as({ exp: 1 }, 'get', '/scoped')).body as object)).to.deep.equal([
        'error',
        'error_description',
      ]);
    }));

  it('true in production: is turned off, and the start says so', async () => {
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    const logger = new RecordingLogger();
    try {
      await served({ explain: true, logger }, async api => {
        expect(api.server.settings.explain).to.equal(false);
        expect(logger.text('warn')).to.contain("Setting 'explain' (AXIOMS_EXPLAIN) is turned off");
        expectRefusal(await api.as({}, 'get', '/scoped'), 'insufficient_scope', 'book:read');
        expectRefusal(await api.as(null, 'get', '/insisting'), 'not_authenticated');
      });
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  });

  it('a description that throws does not change the answer', async () => {
    @JsonController('/t')
    class TalkativeController {
      declare request: Request;
      get permissionClasses() {
        return this.request.query.x === undefined ? [Talkative, IsFriday] : [];
      }
      @Get('/') list() {
        return answer;
      }
    }
    const api = await Api.start({ controllers: [TalkativeController] });
    try {
      expectRefusal(await api.as({}, 'get', '/t'), 'permission_denied');
    } finally {
      await api.close();
    }
  });
});
