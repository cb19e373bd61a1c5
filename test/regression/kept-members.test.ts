import { expect } from 'chai';
import { Delete, Get, JsonController, Post } from 'routing-controllers';
import { Container, Inject, Service } from 'typedi';
import { AllowAny, DenyAll, HasAccessTokenScopes, IsAuthenticated, IsSubOwner } from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectRefusal } from '../refusals';

/** Startup has an inert object in its place, whose members are all truthy and equal to nothing. */
@Service()
class Config {
  readonly isLenient: boolean = false;
  readonly mode: string = 'strict';
}

let ran: string[] = [];

abstract class Notes {
  permissionClasses = [IsSubOwner];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/') list() {
    return {};
  }
  @Delete('/:id') remove() {
    ran.push('remove');
    return {};
  }
  @Post('/publish') publish() {
    ran.push('publish');
    return {};
  }
}

@JsonController('/excluded')
@Service()
class Excluded extends Notes {
  readonly isLenient: boolean;
  readonly notObjectActions: readonly string[];
  constructor(config: Config) {
    super();
    this.isLenient = config.isLenient;
    this.notObjectActions = this.isLenient ? ['remove'] : [];
  }
}

@JsonController('/added')
@Service()
class Added extends Notes {
  readonly mode: string;
  readonly objectActions: readonly string[];
  constructor(config: Config) {
    super();
    this.mode = config.mode;
    this.objectActions = this.mode === 'strict' ? ['publish'] : [];
  }
}

@JsonController('/flag')
@Service()
class ExcludedByFlag extends Notes {
  readonly notObjectActions: readonly string[];
  constructor(@Inject('is-lenient') isLenient: boolean) {
    super();
    this.notObjectActions = isLenient ? ['remove'] : [];
  }
}

@JsonController('/lists')
@Service()
class OpenByMode {
  readonly mode: string;
  readonly permissionClasses: readonly (typeof AllowAny | typeof DenyAll)[];
  constructor(config: Config) {
    this.mode = config.mode;
    this.permissionClasses = this.mode === 'strict' ? [AllowAny] : [DenyAll];
  }
  @Get('/') list() {
    return {};
  }
}

@JsonController('/scopes')
@Service()
class ScopedByMode {
  readonly mode: string;
  readonly permissionClasses = [HasAccessTokenScopes];
  readonly accessTokenScopes: readonly string[];
  constructor(config: Config) {
    this.mode = config.mode;
    this.accessTokenScopes = this.mode === 'strict' ? ['note:admin'] : ['note:read'];
  }
  @Get('/') list() {
    return {};
  }
}

@JsonController('/unset')
@Service()
class ClosedUnlessLenient {
  readonly isLenient: boolean;
  declare permissionClasses?: readonly (typeof DenyAll)[];
  constructor(config: Config) {
    this.isLenient = config.isLenient;
    if (!this.isLenient) this.permissionClasses = [DenyAll];
  }
  @Get('/') list() {
    return {};
  }
}

@JsonController('/kept')
@Service()
class KeepsTheService {
  readonly permissionClasses = [IsAuthenticated];
  constructor(readonly config: Config) {}
  @Get('/') list() {
    return { mode: this.config.mode };
  }
}

describe('a constructor that kept a member of a service decided by it what startup took for the rule', () => {
  let api: Api;
  before(async () => {
    Container.set('is-lenient', false);
    const controllers = [
      Excluded,
      ExcludedByFlag,
      Added,
      OpenByMode,
      ScopedByMode,
      ClosedUnlessLenient,
      KeepsTheService,
    ];
    api = await Api.start({ controllers });
  });
  after(async () => {
    Container.remove('is-lenient');
    await api.close();
  });
  beforeEach(() => (ran = []));

  for (const path of ['/excluded/1', '/flag/1'])
    it(`an action that startup excluded from the object rules is not run: ${path}`, async () => {
      expectRefusal(await api.as({ sub: 'bob' }, 'delete', path), 'server_error');
      expect(ran).to.deep.equal([]);
    });

  it('an action that only startup left out of the object rules is not run', async () => {
    expectRefusal(await api.as({ sub: 'bob' }, 'post', '/added/publish'), 'server_error');
    expect(ran).to.deep.equal([]);
  });

  const whoOf = (path: string) => api.server.audit().find(one => one.path.startsWith(path))?.who;

  for (const path of ['/lists', '/scopes', '/unset'])
    it(`the audit claims nothing of ${path}`, () => {
      expect(whoOf(path)).to.equal('undecided');
    });

  it('a request has the rules of the real service', async () => {
    expect((await api.as(null, 'get', '/lists')).status).to.equal(200);
    expectRefusal(await api.as({ scope: 'note:read' }, 'get', '/scopes'), 'insufficient_scope', 'note:admin');
    expectRefusal(await api.as({}, 'get', '/unset'), 'permission_denied');
  });

  it('a constructor that keeps the service itself decides nothing', async () => {
    expect(whoOf('/kept')).to.equal('authenticated');
    expect((await api.as({}, 'get', '/kept')).body).to.deep.equal({ mode: 'strict' });
  });
});
