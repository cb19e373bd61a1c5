import 'reflect-metadata';
import express, { type Request } from 'express';
import { expect } from 'chai';
import {
  All,
  Authorized,
  CurrentUser,
  Delete,
  Get,
  Head,
  JsonController,
  Post,
  Put,
  UseBefore,
} from 'routing-controllers';
import { Container } from 'typedi';
import {
  AccessTokenAuthentication,
  AllowAny,
  BasePermission,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  ImproperlyConfigured,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  Settings,
  and,
  auditRoutes,
  createExpressServer,
  defineSettings,
  not,
  or,
  useExpressServer,
  type AxiomsServer,
  type PermissionRule,
  type RouteAudit,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredScopes, permissionClasses } from 'axioms-routing-controllers/decorators';
import { RecordingLogger } from '../../issuer/recording-logger';
import { silentLogger } from '../../issuer/test-issuer';
import { readMembers } from '../../read-members';

type ControllerClass = new (...dependencies: never[]) => object;
const settings = { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };

function audit(controllers: ControllerClass | ControllerClass[], axioms: Partial<SettingsInput> = {}) {
  return auditRoutes({ controllers: [controllers].flat(), axioms: { ...settings, ...axioms } });
}

function refusalOf(controllers: ControllerClass | ControllerClass[], axioms: Partial<SettingsInput> = {}): string {
  try {
    audit(controllers, axioms);
  } catch (error) {
    if (error instanceof ImproperlyConfigured) return error.message;
    throw error;
  }
  return 'It started.';
}

function warningsOf(controllers: ControllerClass | ControllerClass[]): string {
  const logger = new RecordingLogger();
  audit(controllers, { logger });
  return logger.text('warn');
}

/** `GET /things`: who, rule, source. */
function told(audits: readonly RouteAudit[]): Record<string, string> {
  return Object.fromEntries(
    audits.map(({ method, path, who, rule, source }) => [`${method} ${path}`, `${who} | ${rule} | ${source}`]),
  );
}

describe('the route audit', () => {
  class Odd extends BasePermission {
    override hasPermission() {
      return true;
    }
  }

  @JsonController('/things')
  class ThingController {
    permissionClasses = [HasAccessTokenScopes];
    declare action: string;
    get accessTokenScopes() {
      return [`thing:${this.action}`];
    }
    @Get() list() {
      return [];
    }
    @Post() @hasRequiredScopes(['extra']) create() {
      return {};
    }
    @Get('/:id') @permissionClasses([AllowAny]) retrieve() {
      return {};
    }
  }

  @JsonController('/silent')
  class SilentController {
    @Get() list() {
      return [];
    }
    @All('/all') serve() {
      return {};
    }
  }

  @JsonController('/mixed')
  class MixedController {
    authenticationClasses = [IsAnyGetOrIsAccessTokenAuthenticated];
    @Get() list() {
      return [];
    }
    @Post() create() {
      return {};
    }
  }

  @JsonController('/owned')
  class OwnedController {
    permissionClasses = [IsSubOwnerOrSafeOnly];
    ownerAttribute = 'authorSub';
    getObject() {
      return {};
    }
    @Get() list() {
      return [];
    }
    @Put('/:id') update() {
      return {};
    }
    @All('/:id/all') serve() {
      return {};
    }
  }

  @JsonController('/composed')
  class ComposedController {
    authenticationClasses = [HasValidAccessToken];
    permissionClasses: readonly PermissionRule[] = [or(Odd, and(HasAccessTokenRoles, not(IsSubOwner)))];
    accessTokenRoles = ['admin'];
    @Get() list() {
      return [];
    }
    @Delete('/:id') destroy() {
      return {};
    }
  }

  @JsonController('/old')
  class OldController {
    permissionClasses = [AllowAny];
    @Authorized(['admin', 'editor']) @Get('/roles') roles() {
      return {};
    }
    @Get('/user') user(@CurrentUser({ required: true }) user: object) {
      return user;
    }
  }

  @JsonController('/nobody')
  class NobodyController {
    authenticationClasses = [];
    permissionClasses = [IsAuthenticatedOrReadOnly];
    @Get() list() {
      return [];
    }
    @Post() create() {
      return {};
    }
  }

  @JsonController('/request')
  class RequestController {
    permissionClasses = [HasAccessTokenScopes];
    declare request: { query: { all?: string } };
    get accessTokenScopes() {
      return this.request.query.all === '1' ? ['all'] : ['some'];
    }
    @Get() list() {
      return [];
    }
  }

  it('tells who may, by which rule, and where that is said', () => {
    expect(told(audit([ThingController, SilentController, MixedController]))).to.deep.equal({
      'GET /things': 'some | the scope thing:list | getter',
      'POST /things': 'some | the scope thing:create and the scope extra | getter, decorator',
      'GET /things/:id': 'anyone | anyone | decorator',
      'GET /silent': 'authenticated | authenticated | default',
      'ALL /silent/all': 'authenticated | authenticated | default',
      'GET /mixed': 'anyone | anyone | default',
      'POST /mixed': 'authenticated | authenticated | default',
    });
  });

  it('tells what is enforced, not what is written: methods, objects, insistence, decorators of routing-controllers', () => {
    expect(
      told(audit([OwnedController, ComposedController, OldController, NobodyController, RequestController])),
    ).to.deep.equal({
      'GET /owned': 'authenticated | authenticated | field',
      'PUT /owned/:id': 'some | the owner (authorSub) | field',
      'ALL /owned/:id/all':
        'some | (only GET, HEAD, OPTIONS and authenticated) or (any method but GET, HEAD, OPTIONS and the owner (authorSub)) | field',
      'GET /composed':
        'some | authenticated and (Odd or the role admin); each object of the list: authenticated and (Odd or (the role admin and not the owner (user))) | field',
      'DELETE /composed/:id': 'some | authenticated and (Odd or (the role admin and not the owner (user))) | field',
      'GET /old/roles': 'some | any of the roles admin, editor | field',
      'GET /old/user': 'authenticated | authenticated | field',
      'GET /nobody': 'anyone | anyone | field',
      'POST /nobody': 'nobody | nobody | field',
      'GET /request': 'some | authenticated and decided per request | getter',
    });
  });

  it('says of a composition that it is decided per request where one of its rules is', () => {
    @JsonController('/partly')
    class PartlyController {
      permissionClasses = [or(HasAccessTokenRoles, HasAccessTokenScopes)];
      accessTokenRoles = ['admin'];
      declare request: Request;
      get accessTokenScopes() {
        return [`tenant:${this.request.query.tenant as string}`];
      }
      @Get() list() {
        return [];
      }
    }
    expect(audit([PartlyController]).map(({ rule }) => rule)).to.deep.equal(['authenticated and decided per request']);
  });

  it('regression: does not name a getter as the source where it returns undefined and the default applies', () => {
    @JsonController('/sources')
    class SourceController {
      declare action: string;
      get permissionClasses() {
        return this.action === 'own' ? [AllowAny] : undefined;
      }
      @Get('/own') own() {
        return [];
      }
      @Get('/other') other() {
        return [];
      }
    }
    expect(audit([SourceController]).map(({ source, rule }) => [source, rule])).to.deep.equal([
      ['getter', 'anyone'],
      ['default', 'authenticated'],
    ]);
  });

  it('says so where who is known is decided per request', () => {
    class IsInternal extends HasValidAccessToken {
      override isPublic(request: Request) {
        return request.ip === '10.0.0.1';
      }
    }
    @JsonController('/by-request')
    class ByRequestController {
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['a'];
      declare request: Request;
      get authenticationClasses() {
        return this.request.query.key === undefined ? [HasValidAccessToken] : [];
      }
      @Get() list() {
        return [];
      }
    }
    @JsonController('/default-by-request')
    class DefaultByRequestController {
      declare request: Request;
      get authenticationClasses() {
        return this.request.query.key === undefined ? [HasValidAccessToken] : [];
      }
      @Get() list() {
        return [];
      }
    }
    @JsonController('/internal')
    class InternalController {
      authenticationClasses = [IsInternal];
      permissionClasses = [AllowAny];
      @Get() list() {
        return [];
      }
    }
    expect(told(audit([ByRequestController, DefaultByRequestController, InternalController]))).to.deep.equal({
      'GET /by-request': 'some | decided per request and the scope a | field',
      'GET /default-by-request': 'undecided | decided per request and (decided per request or authenticated) | default',
      'GET /internal': 'undecided | decided per request | field',
    });
  });

  it('says a negation as simply as it can be said', () => {
    const rules = [not(AllowAny), not(DenyAll), not(not(HasAccessTokenScopes)), not(IsAuthenticated)];
    const controllers = rules.map((rule, index) => {
      @JsonController(`/not-${index}`)
      class NotController {
        permissionClasses = [rule];
        constructor() {
          Object.assign(this, readMembers([rule], { accessTokenScopes: ['a'] }));
        }
        @Get() list() {
          return [];
        }
      }
      return NotController;
    });
    const audits = audit(controllers);
    expect(audits.map(({ who, rule }) => `${who} | ${rule}`)).to.deep.equal([
      'nobody | nobody',
      'anyone | anyone',
      'some | the scope a',
      'anyone | not authenticated',
    ]);
    expect(audits[2]?.requirement).to.deep.equal({ kind: 'scopes', match: 'any', values: ['a'] });
  });

  it('says that nobody may where one rule lets nobody in, or where nobody can be known', () => {
    @JsonController('/closed')
    class ClosedController {
      permissionClasses = [and(HasAccessTokenScopes, or(DenyAll, DenyAll))];
      accessTokenScopes = ['a'];
      @Get() list() {
        return [];
      }
    }
    @JsonController('/unknown')
    class UnknownController {
      authenticationClasses = [];
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['a'];
      accessTokenAllScopes = ['b', 'c'];
      @Get() list() {
        return [];
      }
    }
    expect(told(audit([ClosedController, UnknownController]))).to.deep.equal({
      'GET /closed': 'nobody | nobody | field',
      'GET /unknown': 'nobody | nobody | field',
    });
  });

  it('is plain data', () => {
    const [first] = audit(ThingController);
    expect(JSON.parse(JSON.stringify(first))).to.deep.equal(first);
    expect(first).to.deep.include({ handler: 'ThingController.list', authentication: ['AccessTokenAuthentication'] });
  });

  it('does not take the word of a description whose rules a subclass has replaced', () => {
    class Loose extends HasAccessTokenScopes {
      override hasPermission() {
        return true;
      }
    }
    @JsonController('/loose')
    class LooseController {
      permissionClasses = [Loose];
      accessTokenScopes = ['a'];
      @Get() list() {
        return [];
      }
    }
    expect(told(audit(LooseController))).to.deep.equal({ 'GET /loose': 'some | authenticated and Loose | field' });
  });

  it('reads the rules without a fetch, and does not disturb a server that runs', () => {
    const running = createExpressServer({ controllers: [SilentController], axioms: settings });
    const before = Container.get(Settings);
    const { fetch } = globalThis;
    globalThis.fetch = () => expect.fail('fetched');
    try {
      audit(SilentController, { jwksPrefetch: true });
      expect(Container.get(Settings)).to.equal(before);
      expect(running.locals.axioms).to.have.property('settings', before);
    } finally {
      globalThis.fetch = fetch;
      (running.locals.axioms as AxiomsServer).close();
    }
  });

  it('is logged at start, as a table and as data', () => {
    const logger = new RecordingLogger();
    const app = createExpressServer({ controllers: [SilentController], axioms: { ...settings, logger } });
    (app.locals.axioms as AxiomsServer).close();
    const entry = logger.entries.find(({ message }) => message.startsWith('Routes and who may'));
    expect(entry).to.deep.include({ level: 'info', data: { routes: audit(SilentController) } });
    expect(entry?.message).to.match(
      /\nMETHOD +PATH +HANDLER +WHO +RULE +SOURCE\nGET +\/silent +SilentController\.list +authenticated +authenticated +default\n/,
    );
  });

  it('has the routes of every server of an app', () => {
    const app = express();
    for (const controller of [SilentController, MixedController])
      useExpressServer(app, { controllers: [controller], axioms: settings });
    const { audit: ofAll } = app.locals.axioms as AxiomsServer;
    expect(ofAll().map(({ handler }) => handler)).to.deep.equal([
      'SilentController.list',
      'SilentController.serve',
      'MixedController.list',
      'MixedController.create',
    ]);
  });

  it('throws what the start throws', () => {
    expect(() => auditRoutes({ controllers: [], axioms: settings })).to.throw(ImproperlyConfigured, 'controllers');
    expect(() => audit(SilentController, { audience: '' })).to.throw(ImproperlyConfigured, 'audience');
  });
});

describe('a scope that knownScopes does not have', () => {
  function asking(scopes: string[], rule: PermissionRule = HasAccessTokenScopes): ControllerClass {
    @JsonController('/asking')
    class AskingController {
      permissionClasses = [rule];
      accessTokenAllScopes = scopes;
      @Get() list() {
        return [];
      }
    }
    return AskingController;
  }

  it('stops the start, also below a not', () => {
    for (const rule of [HasAccessTokenScopes, not(HasAccessTokenScopes), or(AllowAny, HasAccessTokenScopes)])
      expect(
        refusalOf(asking(['book:read', 'bok:write'], rule), { knownScopes: ['book:read', 'book:write'] }),
      ).to.equal(
        "AskingController.list asks for the scope 'bok:write', which the setting 'knownScopes' (AXIOMS_KNOWN_SCOPES) does not have: correct its spelling, or add it there.",
      );
  });

  it('is not reported where the setting has it, and where there is no such setting', () => {
    expect(refusalOf(asking(['book:read']), { knownScopes: ['book:read'] })).to.equal('It started.');
    expect(refusalOf(asking(['anything']))).to.equal('It started.');
  });

  it('cannot be one with a space', () => {
    expect(() => defineSettings({ ...settings, knownScopes: ['book:read book:write'] })).to.throw('knownScopes');
    expect(() => defineSettings({ ...settings, knownScopes: [] })).to.throw('knownScopes');
  });
});

describe('an object rule that is never asked', () => {
  function withRule(rule: PermissionRule, more: object = {}): ControllerClass {
    @JsonController('/listed')
    class ListedController {
      permissionClasses = [rule];
      constructor() {
        Object.assign(this, more);
      }
      @Post('/search') search() {
        return [];
      }
      @Post() create() {
        return {};
      }
    }
    return ListedController;
  }

  class HasStrictObject extends BasePermission {
    override hasObjectPermission() {
      return false;
    }
  }

  class HasBoth extends HasStrictObject {
    override hasPermission() {
      return true;
    }
  }

  it('stops the start where no handler of the controller is about an object', () => {
    for (const rule of [
      IsSubOwner,
      or(IsSubOwner, IsAuthenticated),
      not(IsSubOwner),
      HasStrictObject,
      IsSubOwnerOrSafeOnly,
    ])
      expect(refusalOf(withRule(rule))).to.match(
        /^ListedController\.(?:search|create) has the permission \w+, a rule about an object, and no handler of ListedController/,
      );
  });

  it('is not reported where a handler is about an object, by its path, its method, or objectActions', () => {
    @JsonController('/usual')
    class UsualController {
      permissionClasses = [IsSubOwner];
      @Get() list() {
        return [];
      }
      @Get('/:id') retrieve() {
        return {};
      }
    }
    @JsonController('/every')
    class EveryController {
      permissionClasses = [IsSubOwner];
      @All() serve() {
        return {};
      }
    }
    expect(refusalOf([UsualController, EveryController])).to.equal('It started.');
    expect(refusalOf(withRule(IsSubOwner, { objectActions: ['create'] }))).to.equal('It started.');
  });

  it('is not reported where the controller has a list, whose filter asks the rule', () => {
    @JsonController('/lists')
    class OnlyListsController {
      permissionClasses: readonly PermissionRule[] = [IsSubOwner];
      @Get() list() {
        return [];
      }
    }
    @JsonController('/open-lists')
    class OpenListsController extends OnlyListsController {
      override permissionClasses = [IsSubOwnerOrSafeOnly];
    }
    expect(refusalOf(OnlyListsController)).to.equal('It started.');
    expect(refusalOf(withRule(IsSubOwner, { listActions: ['search'] }))).to.equal('It started.');
    expect(refusalOf(OpenListsController)).to.equal('It started.');
  });

  it('is not reported where objectActions is empty, where the class has another rule, and where the object does not matter', () => {
    expect(refusalOf(withRule(IsSubOwner, { objectActions: [] }))).to.equal('It started.');
    expect(refusalOf(withRule(HasBoth))).to.equal('It started.');
    expect(refusalOf(withRule(IsSubOwnerOrSafeOnly, { safeMethods: ['GET', 'POST'] }))).to.equal('It started.');
  });
});

describe('a route that an earlier one shadows', () => {
  type Verb = typeof Get | typeof All | typeof Head | typeof Post;

  interface Handler {
    readonly verb?: Verb;
    readonly path: string | RegExp;
    readonly rules?: readonly PermissionRule[];
    readonly scopes?: readonly string[];
    readonly before?: boolean;
  }

  /** Two controllers, in this order. */
  function pair(earlier: Handler, later: Handler): ControllerClass[] {
    return [controllerOf('Earlier', earlier), controllerOf('Later', later)];
  }

  function controllerOf(
    name: string,
    { verb = Get, path, rules = [HasAccessTokenScopes], scopes = ['a'], before }: Handler,
  ) {
    class Made {
      permissionClasses = rules;
      constructor() {
        Object.assign(this, readMembers(rules, { accessTokenScopes: scopes }));
      }
      serve() {
        return {};
      }
    }
    Object.defineProperty(Made, 'name', { value: `${name}Controller` });
    const prototype = Made.prototype;
    (verb as unknown as (path: string | RegExp) => MethodDecorator)(path)(
      prototype,
      'serve',
      Object.getOwnPropertyDescriptor(prototype, 'serve')!,
    );
    if (before === true) (UseBefore(passOn) as unknown as (target: object, name: string) => void)(prototype, 'serve');
    JsonController()(Made);
    return Made;
  }

  function passOn(_request: unknown, _response: unknown, next: () => void): void {
    next();
  }

  const open = [AllowAny];
  const refused = 'LaterController.serve (';

  for (const [what, earlier, later] of [
    ['the same path', { path: '/x', rules: open }, { path: '/x' }],
    ['a parameter', { path: '/x/:id', rules: open }, { path: '/x/new' }],
    ['a parameter of another name', { path: '/x/:id', rules: open }, { path: '/x/:slug' }],
    ['two parameters', { path: '/:a/:b', rules: open }, { path: '/x/:id' }],
    ['other letters of the same path', { path: '/X', rules: open }, { path: '/x/' }],
    ['every method', { verb: All, path: '/x', rules: open }, { path: '/x' }],
    ['GET, of HEAD', { path: '/x', rules: open }, { verb: Head, path: '/x' }],
    ['IsAuthenticated, of a scope', { path: '/x', rules: [IsAuthenticated] }, { path: '/x' }],
    ['one scope more', { path: '/x', scopes: ['a', 'b'] }, { path: '/x' }],
    ['a regex', { path: /^\/x\/.*$/, rules: open }, { path: '/x/new' }],
    ['a regex without anchors', { path: /\/x/, rules: open }, { path: '/x/new' }],
    ['the same regex', { path: /^\/x\/\d+$/, rules: open }, { path: /^\/x\/\d+$/ }],
    ['a regex of everything', { path: /.*/, rules: open }, { path: '/x/:id' }],
    ['every method, of every method', { verb: All, path: '/:x', rules: open }, { verb: All, path: '/x' }],
  ] as readonly (readonly [string, Handler, Handler])[])
    it(`stops the start: ${what}`, () => {
      expect(refusalOf(pair(earlier, later)))
        .to.contain(refused)
        .and.to.contain('is never reached: EarlierController.serve (');
    });

  it('says which rule the requests of the later route meet instead of its own', () => {
    expect(refusalOf(pair({ path: '/x', rules: open }, { path: '/x' }))).to.contain(
      'takes its requests, by its own rule (anyone, not the scope a).',
    );
  });

  const isExpress4 = 'lazyrouter' in express.application;

  it('stops it by a wildcard, as the Express of this run spells it', () => {
    const wildcard = isExpress4 ? '/x/*' : '/x/*rest';
    expect(refusalOf(pair({ path: wildcard, rules: open }, { path: '/x/:id/y' }))).to.contain(refused);
    expect(refusalOf(pair({ path: wildcard, rules: open }, { path: '/x' }))).to.equal('It started.');
    expect(refusalOf(pair({ path: wildcard, rules: open }, { path: '/y/z' }))).to.equal('It started.');
  });

  it('stops it by an optional parameter, as the Express of this run spells it', () => {
    const optional = isExpress4 ? '/x/:id?' : '/x{/:id}';
    expect(refusalOf(pair({ path: optional, rules: open }, { path: '/x' }))).to.contain(refused);
    expect(refusalOf(pair({ path: optional, rules: open }, { path: '/x/new' }))).to.contain(refused);
    expect(refusalOf(pair({ path: optional, rules: open }, { path: optional }))).to.contain(refused);
    expect(refusalOf(pair({ path: optional, rules: open }, { path: '/y' }))).to.equal('It started.');
  });

  it('may be shadowed in part where both paths are more than segments, and begin alike', () => {
    const optional = (name: string): string => (isExpress4 ? `/${name}?` : `{/${name}}`);
    const warnings = (earlier: string | RegExp, later: string | RegExp): string =>
      warningsOf(pair({ path: earlier, rules: open }, { path: later }));
    expect(warnings(`/x${optional(':id')}`, `/x${optional(':key')}`)).to.contain('may never be reached');
    expect(warnings(`/x${optional(':id')}`, `/y${optional(':id')}`)).to.equal('');
    expect(warnings(/^\/x\/(\d+)$/, `/x${optional(':id')}`)).to.contain('may never be reached');
    expect(warnings(/^\/x\/(\d+)$/, `/y${optional(':id')}`)).to.equal('');
    expect(warnings(/\/x\/(\d+)$/, `/y${optional(':id')}`)).to.contain('may never be reached');
  });

  const everything = isExpress4 ? '/*' : '/*all';
  for (const [earlier, later] of [
    ['/:name', '/report-:id'],
    ['/:name', '/:id.json'],
    ['/:name', '/v:major.:minor'],
    ['/:x/:y', '/files/:name.pdf'],
    [everything, '/report-:id'],
    [everything, '/files/:name.pdf'],
  ] as const)
    it(`stops the start where a segment has text and a parameter: ${later} behind ${earlier}`, () => {
      expect(refusalOf(pair({ path: earlier, rules: open }, { path: later })))
        .to.contain(refused)
        .and.to.contain('is never reached');
    });

  for (const [earlier, later] of [
    ['/:name/x', '/report-:id'],
    ['/report', '/report-:id'],
    ['/report-', '/report-:id'],
    ['/files/:name', '/files-:kind/:name'],
  ] as const)
    it(`is not reported where a segment has text and a parameter: ${later} behind ${earlier}`, () => {
      const controllers = pair({ path: earlier, rules: open }, { path: later });
      expect(refusalOf(controllers)).to.equal('It started.');
      expect(warningsOf(controllers)).to.equal('');
    });

  for (const [earlier, later] of isExpress4
    ? ([
        ['/:name', '/:id(report.*)'],
        ['/:name', '/reports?'],
        ['/reports', '/reports?'],
        ['/:name', '/report(s)?'],
        ['/:name', '/rep*'],
        ['/*', '/report-:id/*'],
        ['/:a/:b', '/report-:id/:part?'],
      ] as const)
    : ([
        ['/:name', '/reports{-:id}'],
        ['/:name', '/rep{or{t}}s'],
        ['/repos', '/rep{or{t}}os'],
        ['/:name', '/:id{.:format}'],
        ['/:name', '/report-\\::id'],
        ['/*all', '/report-:id/*rest'],
        ['/:a/:b', '/report-:id{/:part}'],
      ] as const))
    it(`is warned of where the path has optional parts or patterns: ${later} behind ${earlier}`, () => {
      const controllers = pair({ path: earlier, rules: open }, { path: later });
      expect(refusalOf(controllers)).to.equal('It started.');
      expect(warningsOf(controllers)).to.contain(refused).and.to.contain('may never be reached');
    });

  it('is looked for where a path has a percent sign that encodes nothing', () => {
    for (const earlier of ['/:name', '/:name-:kind'])
      expect(warningsOf(pair({ path: earlier, rules: open }, { path: /^\/tea-100%$/ }))).to.contain(refused);
  });

  for (const [what, earlier, later] of [
    ['takes other paths', { path: '/x/:id', rules: open }, { path: '/x' }],
    ['takes a part of the paths only', { path: '/x/new', rules: open }, { path: '/x/:id' }],
    ['has another method', { verb: Post, path: '/x', rules: open }, { path: '/x' }],
    ['has one of all methods', { path: '/x', rules: open }, { verb: All, path: '/x' }],
    ['is HEAD, of GET', { verb: Head, path: '/x', rules: open }, { path: '/x' }],
    ['has a longer path', { path: '/x/:id/y', rules: open }, { path: '/x/:id' }],
    ['is a regex of other paths', { path: /^\/y\/\d+$/, rules: open }, { path: '/x/1' }],
    ['has fewer segments than the regex', { path: '/x/:id', rules: open }, { path: /^\/x\/(\d+)\/edit-\d$/ }],
    ['is a regex of fewer paths', { path: /^\/x\/\d+$/, rules: open }, { path: '/x/new' }],
  ] as readonly (readonly [string, Handler, Handler])[])
    it(`is not reported where the earlier ${what}`, () => {
      expect(refusalOf(pair(earlier, later))).to.equal('It started.');
      expect(warningsOf(pair(earlier, later))).to.equal('');
    });

  for (const [what, earlier, later] of [
    ['asks as much', { path: '/x' }, { path: '/x' }],
    ['asks for more', { path: '/x' }, { path: '/x', rules: open }],
    ['asks for something else', { path: '/x', scopes: ['b'] }, { path: '/x' }],
    ['may pass requests on', { path: '/x', rules: open, before: true }, { path: '/x' }],
    ['is a regex that takes some of the paths', { path: /^\/x\/\d+$/, rules: open }, { path: '/x/:id' }],
    ['is a parameter where a regex wants some text', { path: '/x/:id', rules: open }, { path: /^\/x\/report-\d{4}$/ }],
    [
      'is a parameter where a regex has groups',
      { path: '/x/:id', rules: open },
      { path: /^\/x(?:\/(red|blue)s?)\/?$/ },
    ],
    ['is a regex in the case of the path', { path: /^\/X\/New$/, rules: open }, { path: '/X/New' }],
    ['is a regex of some paths in the case of the path', { path: /^\/X\/\d+$/, rules: open }, { path: '/X/:id' }],
    ['is taken in its case by a complex regex', { path: '/X/:id', rules: open }, { path: /^\/X\/(?=\d)\d+$/ }],
    ...(isExpress4
      ? ([
          ['has an optional character', { path: '/xy?z', rules: open }, { path: /^\/xz$/ }],
          ['has alternatives', { path: '/y|/x', rules: open }, { path: /^\/x\d?$/ }],
        ] as const)
      : []),
    ['is taken by a regex in part', { path: '/x/:id', rules: open }, { path: /^\/x\/(\d+)$/ }],
  ] as readonly (readonly [string, Handler, Handler])[])
    it(`is warned of where the earlier ${what}`, () => {
      expect(refusalOf(pair(earlier, later))).to.equal('It started.');
      expect(warningsOf(pair(earlier, later)))
        .to.contain(refused)
        .and.to.match(/(?:is never|may never be) reached/);
    });

  it('is warned of where only code can say which is more open', () => {
    class Custom extends BasePermission {
      override hasPermission() {
        return true;
      }
    }
    const controllers = pair({ path: '/x', rules: [Custom] }, { path: '/x', rules: [Custom, HasAccessTokenScopes] });
    expect(refusalOf(controllers)).to.equal('It started.');
    expect(warningsOf(controllers)).to.contain('is never reached');
  });

  it('is judged as the app reads paths', () => {
    const controllers = pair({ path: '/X', rules: open }, { path: '/x' });
    const app = express();
    app.enable('case sensitive routing');
    useExpressServer(app, { controllers, axioms: settings });
    (app.locals.axioms as AxiomsServer).close();
    const strict = express();
    strict.enable('strict routing');
    useExpressServer(strict, { controllers: pair({ path: '/x/', rules: open }, { path: '/x' }), axioms: settings });
    (strict.locals.axioms as AxiomsServer).close();
  });

  it('is compared by method where a rule differs by it', () => {
    @JsonController('/y')
    class ReadableController {
      permissionClasses = [IsAuthenticatedOrReadOnly];
      @All('/:id') serve() {
        return {};
      }
    }
    @JsonController('/y')
    class ReadingController {
      @Get('/mine') mine() {
        return {};
      }
    }
    @JsonController('/y')
    class WritingController {
      @Post('/mine') mine() {
        return {};
      }
    }
    expect(refusalOf([ReadableController, ReadingController])).to.contain(
      'ReadingController.mine (GET /y/mine) is never reached',
    );
    expect(refusalOf([ReadableController, WritingController])).to.equal('It started.');
  });

  it('is no matter of ownership in another controller', () => {
    @JsonController('/z')
    class OneController {
      permissionClasses: readonly PermissionRule[] = [IsSubOwner];
      authenticationClasses = [AccessTokenAuthentication];
      @Get('/:id') retrieve() {
        return {};
      }
    }
    @JsonController('/z')
    class OtherController {
      permissionClasses = [IsSubOwner, HasAccessTokenScopes];
      accessTokenScopes = ['a'];
      @Get('/:key') retrieve() {
        return {};
      }
    }
    expect(refusalOf([OneController, OtherController])).to.equal('It started.');
  });
});
