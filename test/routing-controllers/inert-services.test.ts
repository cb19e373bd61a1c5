/** Startup reads the rules of controllers without making any service of the app. */
import { expect } from 'chai';
import type { NextFunction, Request, Response } from 'express';
import {
  Get,
  JsonController,
  Middleware,
  Post,
  createExpressServer as stockServer,
  type ExpressErrorMiddlewareInterface,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import { Container, Inject, Service, Token } from 'typedi';
import {
  AccessTokenAuthentication,
  AllowAny,
  BasePermission,
  DenyAll,
  HasAccessTokenScopes,
  IsSubOwner,
  Settings,
  auditRoutes,
  type AxiomsRequest,
  type Requirement,
  type RouteAudit,
} from 'axioms-routing-controllers';
import { Api, type ApiOptions } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';
import { startError } from '../start-error';

type ControllerClass = new (...dependencies: never[]) => object;

const made: string[] = [];
const ran: string[] = [];

/** It cannot be made before the app has connected, as a client of a database. */
@Service()
class Database {
  static isConnected = false;
  readonly strict: boolean = true;
  readonly mode: string = 'open';
  readonly scope: string = 'note:read';
  readonly action: string = 'read';

  constructor() {
    made.push('Database');
    if (!Database.isConnected) throw new Error('There is no connection yet.');
  }

  repository(): { all(): string[] } {
    return { all: () => ['of the database'] };
  }

  on(_event: string, _listener: () => void): void {}

  has(): boolean {
    return false;
  }
}

async function withApi(controllers: ControllerClass[], use: (api: Api) => Promise<void>, options?: ApiOptions) {
  Database.isConnected = false;
  Container.remove(Database);
  Container.set({ id: Database, type: Database });
  made.splice(0);
  ran.splice(0);
  const api = await Api.start({ ...options, controllers });
  expect(made, 'what startup made').to.deep.equal([]);
  Database.isConnected = true;
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

/** The audit of the only route. */
function auditOf(api: Api): RouteAudit {
  return api.server.audit()[0] as RouteAudit;
}

@JsonController('/notes')
class NoteController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['note:read'];
  constructor(private readonly database: Database) {}

  @Get('/')
  list() {
    ran.push('list');
    return this.database.repository().all();
  }
}

describe('a controller with services of the app', () => {
  it('starts before its services can be made, and has them in its requests', () =>
    withApi([NoteController], async api => {
      expect(auditOf(api).rule).to.equal('the scope note:read');
      expectRefusal(await api.as(null, 'get', '/notes'), 'not_authenticated');
      expectRefusal(await api.as({ scope: 'other' }, 'get', '/notes'), 'insufficient_scope', 'note:read');
      expect(ran).to.deep.equal([]);
      expect((await api.as({ scope: 'note:read' }, 'get', '/notes')).body).to.deep.equal(['of the database']);
      expect(made).to.deep.equal(['Database']);
    }));

  it('gets a mock that a test gives the container after startup', () =>
    withApi([NoteController], async api => {
      Container.set(Database, { repository: () => ({ all: () => ['of the mock'] }) });
      expect((await api.as({ scope: 'note:read' }, 'get', '/notes')).body).to.deep.equal(['of the mock']);
      expect(made).to.deep.equal([]);
    }));

  it('is audited without making a service', () => {
    Database.isConnected = false;
    made.splice(0);
    const axioms = { audience: 'https://api.example.com', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false };
    expect(auditRoutes({ controllers: [NoteController], axioms })[0]?.rule).to.equal('the scope note:read');
    expect(made).to.deep.equal([]);
  });

  it('starts with a warning if the container does not know a service yet, and gets it later', async () => {
    class Mailer {
      readonly address = 'a@example.com';
    }
    @JsonController('/mail')
    class MailController {
      constructor(private readonly mailer: Mailer) {}
      @Get('/') address() {
        ran.push('address');
        return { address: this.mailer.address };
      }
    }
    const logger = new RecordingLogger();
    await withApi(
      [MailController],
      async api => {
        expect(logger.text('warn')).to.contain('MailController needs Mailer, which the container does not have yet');
        expectRefusal(await api.as({}, 'get', '/mail'), 'server_error');
        expect(ran).to.deep.equal([]);
        Container.set(Mailer, new Mailer());
        expect((await api.as({}, 'get', '/mail')).body).to.deep.equal({ address: 'a@example.com' });
        Container.remove(Mailer);
      },
      { axioms: { logger } },
    );
  });

  it('of which the container knows every service starts without a warning', async () => {
    const logger = new RecordingLogger();
    await withApi([NoteController], () => Promise.resolve(), { axioms: { logger } });
    expect(logger.text('warn', 'error')).not.to.contain('does not have yet');
  });

  it('whose constructor has parameters with a default, of types that no service has, is read with the defaults', async () => {
    const usual = { text: 'note', count: 7, isRead: true, options: { end: 'read' } };
    @JsonController('/defaults')
    class DefaultsController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes: string[];
      constructor(
        text: string = usual.text,
        count: number = usual.count,
        isRead: boolean = usual.isRead,
        options: { readonly end: string } = usual.options,
      ) {
        this.accessTokenScopes = [`${text}:${count}:${isRead}:${options.end}`];
      }
      @Get('/') list() {
        return this.accessTokenScopes;
      }
    }
    const logger = new RecordingLogger();
    await withApi(
      [DefaultsController],
      async api => {
        expect(logger.text('warn', 'error')).not.to.contain('does not have yet');
        expect(auditOf(api).rule).to.equal('the scope note:7:true:read');
        const answer = await api.as({ scope: 'note:7:true:read' }, 'get', '/defaults');
        expect(answer.body).to.deep.equal(['note:7:true:read']);
      },
      { axioms: { logger } },
    );
  });

  it('that keeps in its constructor what its services give is decided per request', async () => {
    @JsonController('/kept')
    class KeptController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['note:read'];
      private readonly notes: { all(): string[] };
      constructor(database: Database) {
        this.notes = database.repository();
      }
      @Get('/') list() {
        return this.notes.all();
      }
    }
    const logger = new RecordingLogger();
    await withApi(
      [KeptController],
      async api => {
        expect(auditOf(api).rule).to.equal('decided per request');
        expectRefusal(await api.as({ scope: 'other' }, 'get', '/kept'), 'insufficient_scope', 'note:read');
        expect((await api.as({ scope: 'note:read' }, 'get', '/kept')).body).to.deep.equal(['of the database']);
      },
      { axioms: { logger } },
    );
    expect(logger.text('info')).to.contain('uses its dependencies');
  });

  it('may still be refused at startup for a rule that is missing', () => {
    @JsonController('/missing')
    class MissingController {
      permissionClasses = [HasAccessTokenScopes];
      constructor(readonly database: Database) {}
      @Get('/') list() {
        return [];
      }
    }
    expect(startError(MissingController)).to.contain('MissingController.list has the permission class');
  });

  it('may still be refused at startup for an error of its own', () => {
    @JsonController('/broken')
    class BrokenController {
      constructor(readonly database: Database) {
        throw new Error('It is broken.');
      }
      @Get('/') list() {
        return [];
      }
    }
    expect(startError(BrokenController)).to.contain('BrokenController cannot be made: It is broken.');
  });

  it('has the services of the library at startup', () =>
    withApi([RealmController], async api => {
      expect(auditOf(api).rule).to.equal('the scope api:read');
      expect((await api.as({ scope: 'api:read' }, 'get', '/realm')).status).to.equal(200);
    }));
});

@JsonController('/realm')
class RealmController {
  permissionClasses = [HasAccessTokenScopes];
  @Inject() private readonly database!: Database;
  constructor(private readonly settings: Settings) {}
  get accessTokenScopes() {
    return [`${this.settings.realm}:read`];
  }
  @Get('/') list() {
    return this.database.repository().all();
  }
}

const scopeToken = new Token<string[]>('scopes');

/** Controllers whose scope `note:read` is known to a service alone. */
function scopedControllers(): Readonly<Record<string, ControllerClass>> {
  @JsonController('/scoped')
  class Getter {
    permissionClasses = [HasAccessTokenScopes];
    constructor(private readonly database: Database) {}
    get accessTokenScopes() {
      return [this.database.scope];
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class Field {
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes: string[];
    constructor(database: Database) {
      this.accessTokenScopes = [database.scope];
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class Text {
    permissionClasses = [HasAccessTokenScopes];
    accessTokenScopes: string[];
    constructor(database: Database) {
      this.accessTokenScopes = [`note:${database.action}`];
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class KeptMember {
    permissionClasses = [HasAccessTokenScopes];
    private readonly scope: string;
    constructor(database: Database) {
      this.scope = database.scope;
    }
    get accessTokenScopes() {
      return [this.scope];
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class Private {
    permissionClasses = [HasAccessTokenScopes];
    readonly #scope: string;
    constructor(database: Database) {
      this.#scope = database.scope;
    }
    get accessTokenScopes() {
      return [this.#scope];
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class InjectedField {
    permissionClasses = [HasAccessTokenScopes];
    @Inject(scopeToken) accessTokenScopes!: string[];
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/scoped')
  class InjectedPrivate {
    permissionClasses = [HasAccessTokenScopes];
    readonly #scopes: string[];
    constructor(@Inject(scopeToken) scopes: string[]) {
      this.#scopes = scopes;
    }
    get accessTokenScopes() {
      return this.#scopes;
    }
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  return { Getter, Field, Text, KeptMember, Private, InjectedField, InjectedPrivate };
}

describe('a rule that touches a service is decided per request', () => {
  before(() => Container.set(scopeToken, ['note:read']));
  after(() => Container.remove(scopeToken));

  for (const [name, controller] of Object.entries(scopedControllers()))
    it(`where the scope is one of a service: ${name}`, () =>
      withApi([controller], async api => {
        // What these constructors do is not known, so that nothing is known of the whole list.
        const isListKnown = !['Field', 'Text', 'KeptMember', 'Private'].includes(name);
        const known = { rule: 'authenticated and decided per request', who: 'some' };
        expect(auditOf(api)).to.include(isListKnown ? known : { rule: 'decided per request', who: 'undecided' });
        expectRefusal(await api.as(null, 'get', '/scoped'), 'not_authenticated');
        expectRefusal(await api.as({ scope: 'other' }, 'get', '/scoped'), 'insufficient_scope', 'note:read');
        expect(ran).to.deep.equal([]);
        expect((await api.as({ scope: 'note:read' }, 'get', '/scoped')).status).to.equal(200);
      }));

  const byMember: Readonly<Record<string, (database: Database) => boolean>> = {
    truthiness: database => database.strict,
    comparison: database => database.mode === 'strict',
    'a member test': database => 'strict' in database,
    'its members': database => Object.keys(database).length > 0,
    'a call': database => database.has(),
  };
  for (const [name, isStrict] of Object.entries(byMember))
    for (const isClosed of [true, false])
      it(`where the constructor chooses the classes by ${name}, and chooses ${isClosed ? 'refusal' : 'everybody'}`, async () => {
        @JsonController('/chosen')
        class ChosenController {
          permissionClasses: (typeof DenyAll | typeof AllowAny)[];
          constructor(database: Database) {
            this.permissionClasses = isStrict(database) ? [DenyAll] : [AllowAny];
          }
          @Get('/') list() {
            ran.push('list');
            return {};
          }
        }
        const logger = new RecordingLogger();
        await withApi(
          [ChosenController],
          async api => {
            expect(auditOf(api).who).to.equal('undecided');
            expect(logger.text('info')).to.contain('The constructor of ChosenController uses its dependencies');
            const fake = isClosed
              ? { strict: true, mode: 'strict', has: () => true }
              : (Object.create({ mode: 'open', has: () => false }) as object);
            Container.set(Database, fake);
            const response = await api.as({}, 'get', '/chosen');
            if (isClosed) expectRefusal(response, 'permission_denied');
            else expect(response.status).to.equal(200);
            expect(ran).to.deep.equal(isClosed ? [] : ['list']);
          },
          { axioms: { logger } },
        );
      });

  it('where the constructor cannot do without its service', () =>
    withApi([NeedyController], async api => {
      expect(auditOf(api).rule).to.contain('decided per request');
      Container.set(Database, { scope: 'note:read' });
      expectRefusal(await api.as(null, 'get', '/needy'), 'not_authenticated');
      expectRefusal(await api.as({ scope: 'other' }, 'get', '/needy'), 'insufficient_scope', 'note:read');
      expect((await api.as({ scope: 'note:read' }, 'get', '/needy')).status).to.equal(200);
    }));

  it('and is refused with 500 where its name turns out to be misspelled', async () => {
    const logger = new RecordingLogger();
    await withApi(
      [MisspelledController],
      async api => {
        Container.set(Database, { scope: 'note:read' });
        for (let turn = 0; turn < 2; turn++)
          expectRefusal(await api.as({ scope: 'note:read' }, 'get', '/misspelled'), 'server_error');
        expect(ran).to.deep.equal([]);
        expect(logger.text('error')).to.contain('did you mean permissionClasses');
      },
      { axioms: { logger } },
    );
  });

  it('but what is about an object is known at startup, and another list is a 500', async () => {
    const logger = new RecordingLogger();
    await withApi(
      [FickleController],
      async api => {
        Container.set(Database, { strict: false });
        expectRefusal(await api.as({}, 'post', '/fickle'), 'server_error');
        expect(ran).to.deep.equal([]);
        expect(logger.text('error')).to.contain('FickleController.objectActions is another list than at startup');
        Container.set(Database, { strict: true });
        expectRefusal(await api.as({ sub: 'bob' }, 'post', '/fickle'), 'permission_denied');
        expect((await api.as({ sub: 'alice' }, 'post', '/fickle')).status).to.equal(200);
      },
      { axioms: { logger } },
    );
  });
});

@JsonController('/needy')
class NeedyController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes: string[];
  constructor(database: Database) {
    if (typeof database.scope !== 'string') throw new Error('There is no scope.');
    this.accessTokenScopes = [database.scope];
  }
  @Get('/') list() {
    return {};
  }
}

@JsonController('/misspelled')
class MisspelledController {
  permisionClasses = [DenyAll];
  constructor(database: Database) {
    if (typeof database.scope !== 'string') throw new Error('There is no scope.');
  }
  @Get('/') list() {
    ran.push('list');
    return {};
  }
}

@JsonController('/fickle')
class FickleController {
  permissionClasses = [IsSubOwner];
  objectActions: string[];
  constructor(database: Database) {
    this.objectActions = database.strict ? ['publish'] : [];
  }
  getObject() {
    return { user: 'alice' };
  }
  @Post('/') publish() {
    ran.push('publish');
    return {};
  }
}

/** A rule of the app's own with a service. */
@Service()
class HasScopeOfDatabase extends BasePermission {
  override readonly needsAuthentication = true;
  constructor(private readonly database: Database) {
    super();
  }
  override hasPermission(request: Request): boolean {
    return (request as unknown as AxiomsRequest).user?.scopes?.includes(this.database.scope) === true;
  }
  override requirement(): Requirement {
    return { kind: 'scopes', match: 'any', values: [this.database.scope] };
  }
}

@Service()
class AccountAuthentication extends AccessTokenAuthentication {
  constructor(readonly database: Database) {
    super();
  }
}

describe('a permission or authentication class with services of the app', () => {
  it('is asked per request for what it requires', async () => {
    @JsonController('/own-rule')
    class OwnRuleController {
      authenticationClasses = [AccountAuthentication];
      permissionClasses = [HasScopeOfDatabase];
      @Get('/') list() {
        ran.push('list');
        return {};
      }
    }
    Container.set({ id: HasScopeOfDatabase, type: HasScopeOfDatabase });
    await withApi([OwnRuleController], async api => {
      expect(auditOf(api)).to.deep.include({ authentication: ['AccountAuthentication'], who: 'some' });
      expectRefusal(await api.as(null, 'get', '/own-rule'), 'not_authenticated');
      expectRefusal(await api.as({ scope: 'other' }, 'get', '/own-rule'), 'insufficient_scope', 'note:read');
      expect(ran).to.deep.equal([]);
      expect((await api.as({ scope: 'note:read' }, 'get', '/own-rule')).status).to.equal(200);
    });
  });
});

/** A rule of the app's own that needs authentication only in some modes of a service. */
@Service()
class IsOpenInSomeModes extends BasePermission {
  override readonly needsAuthentication: boolean;
  constructor(database: Database) {
    super();
    this.needsAuthentication = database.mode !== 'open';
  }
  override hasPermission(): boolean {
    return true;
  }
}

/** The same, and its requirement is decided per request, too. */
@Service()
class IsOpenPerRequest extends BasePermission {
  constructor(readonly database: Database) {
    super();
  }
  override hasPermission(): boolean {
    return true;
  }
  override requirement(): Requirement {
    return { kind: 'scopes', match: 'any', values: [this.database.scope] };
  }
}
// TypeScript allows no getter here, but JavaScript does.
Object.defineProperty(IsOpenPerRequest.prototype, 'needsAuthentication', {
  get(this: IsOpenPerRequest) {
    return this.database.mode !== 'open';
  },
});

describe('a permission class whose need for authentication is one of a service', () => {
  const permissions: readonly (new (database: Database) => BasePermission)[] = [IsOpenInSomeModes, IsOpenPerRequest];
  for (const permission of permissions)
    it(`is decided per request: ${permission.name}`, async () => {
      @JsonController('/modes')
      class ModeController {
        permissionClasses = [permission];
        @Get('/') list() {
          return {};
        }
      }
      Container.set({ id: permission, type: permission });
      await withApi([ModeController], api => {
        expect(auditOf(api).who).to.equal('undecided');
        return Promise.resolve();
      });
    });
});

describe("a server that 'routing-controllers' makes", () => {
  it('makes no service at startup because of this library', () => {
    @JsonController('/stock')
    class StockController {
      constructor(readonly database: Database) {}
      @Get('/') list() {
        return [];
      }
    }
    Database.isConnected = false;
    made.splice(0);
    stockServer({ controllers: [StockController] });
    expect(made).to.deep.equal([]);
  });
});

/** Made by the test alone: without the option `middlewares` a server takes every class that is declared. */
function globalMiddlewares(): ControllerClass[] {
  @Middleware({ type: 'before' })
  @Service()
  class CountingMiddleware implements ExpressMiddlewareInterface {
    constructor() {
      made.push('CountingMiddleware');
    }
    use(_request: Request, _response: Response, next: NextFunction) {
      next();
    }
  }

  @Middleware({ type: 'after' })
  @Service()
  class ReportingMiddleware implements ExpressErrorMiddlewareInterface {
    constructor() {
      made.push('ReportingMiddleware');
    }
    error(error: unknown, _request: Request, _response: Response, next: (error: unknown) => void) {
      next(error);
    }
  }

  return [CountingMiddleware, ReportingMiddleware];
}

describe('middleware of the whole app', () => {
  it('is not made at startup', () =>
    withApi(
      [NoteController],
      async api => {
        expect((await api.as({ scope: 'note:read' }, 'get', '/notes')).status).to.equal(200);
        expect(made).to.include('CountingMiddleware');
      },
      { middlewares: globalMiddlewares() as never },
    ));
});
