/** What the document says of anonymous callers, against the audit and against real requests, for random rules. */
import { expect } from 'chai';
import fc from 'fast-check';
import {
  All,
  Authorized,
  Delete,
  Get,
  Head,
  JsonController,
  Method as MethodRoute,
  Patch,
  Post,
  Put,
} from 'routing-controllers';
import {
  AccessTokenAuthentication,
  AllowAny,
  and,
  BaseAuthentication,
  BasePermission,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasValidAccessToken,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAnyPostOrIsAccessTokenAuthenticated,
  IsAuthenticated,
  IsAuthenticatedOrPublicMethod,
  IsAuthenticatedOrReadOnly,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  not,
  or,
  SessionAuthentication,
  TokenHasReadWriteScope,
  TokenHasScope,
  type ApiView,
  type AuthenticationClass,
  type AxiomsRequest,
  type PermissionRule,
  type Requirement,
  type RouteAudit,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { allowAny, hasRequiredScopes, hasValidAccessToken } from 'axioms-routing-controllers/decorators';
import { allObjects, normalForm } from 'axioms-routing-controllers/filters';
import { openApiDocument, type OpenApiDocument, type OperationObject } from 'axioms-routing-controllers/openapi';
import { judge } from '../../src/core/requirements/judge';
import { Api, type ApiOptions, type Method } from '../api';
import { silentLogger } from '../issuer/test-issuer';
import { readMembers } from '../read-members';

class ApiKeyAuthentication extends BaseAuthentication {
  override readonly authorizationSchemes = [];

  authenticate() {
    return null;
  }
}

class Yes extends BasePermission {
  override hasPermission() {
    return true;
  }
}

class No extends BasePermission {
  override hasPermission() {
    return false;
  }
}

/** Its description is not its own, and does not tell what it decides. */
class IsAuthenticatedOrLocal extends IsAuthenticated {
  override hasPermission() {
    return true;
  }
}

class HasScopesOrLocal extends HasAccessTokenScopes {
  // The type allows only true: an app in JavaScript can write this.
  override readonly needsAuthentication = false as never;

  override hasPermission() {
    return true;
  }
}

class IsNeverScoped extends HasAccessTokenScopes {
  override hasPermission() {
    return true;
  }
}

/** It tells what it needs, and unlike the library's classes leaves anonymous callers to its negation. */
class HasScopeOfItsOwn extends BasePermission {
  override hasPermission() {
    return false;
  }

  override requirement(): Requirement {
    return { kind: 'scopes', match: 'any', values: ['own'] };
  }
}

class OwnsSomething extends BasePermission {
  override hasObjectPermission() {
    return true;
  }

  override objectFilter() {
    return allObjects;
  }
}

class HasLocalScope extends TokenHasScope {
  override getScopes(request: AxiomsRequest) {
    return [request.url];
  }
}

const permissions = [
  ...[AllowAny, DenyAll, IsAuthenticated, IsAuthenticatedOrReadOnly, IsAuthenticatedOrPublicMethod, IsSafeOnly],
  ...[HasAccessTokenScopes, HasAccessTokenRoles, TokenHasScope, TokenHasReadWriteScope, IsSubOwner],
  ...[IsSubOwnerOrSafeOnly, Yes, No, IsAuthenticatedOrLocal, HasScopesOrLocal, IsNeverScoped, HasScopeOfItsOwn],
  ...[OwnsSomething, HasLocalScope],
];

const rules: fc.Arbitrary<PermissionRule> = fc.letrec<{ rule: PermissionRule }>(tie => ({
  rule: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 5, arbitrary: fc.constantFrom<PermissionRule>(...permissions) },
    { weight: 2, arbitrary: fc.tuple(tie('rule'), tie('rule')).map(of => and(...of)) },
    { weight: 2, arbitrary: fc.tuple(tie('rule'), tie('rule')).map(of => or(...of)) },
    { weight: 1, arbitrary: tie('rule').map(of => not(of)) },
  ),
})).rule;

const authentications: fc.Arbitrary<AuthenticationClass[]> = fc.uniqueArray(
  fc.constantFrom<AuthenticationClass>(
    ...[AccessTokenAuthentication, HasValidAccessToken, IsAnyGetOrIsAccessTokenAuthenticated],
    ...[IsAnyPostOrIsAccessTokenAuthenticated, SessionAuthentication, ApiKeyAuthentication],
  ),
  { maxLength: 3 },
);

const routes: Record<string, (path: string) => MethodDecorator> = {
  GET: path => decorator(Get(path)),
  HEAD: path => decorator(Head(path)),
  POST: path => decorator(Post(path)),
  PUT: path => decorator(Put(path)),
  PATCH: path => decorator(Patch(path)),
  DELETE: path => decorator(Delete(path)),
  OPTIONS: path => decorator(MethodRoute('options', path)),
  ALL: path => decorator(All(path)),
};

const besides: Record<string, MethodDecorator | undefined> = {
  nothing: undefined,
  allowAny: decorator(allowAny()),
  hasValidAccessToken: decorator(hasValidAccessToken()),
  hasValidAccessTokenButForGet: decorator(hasValidAccessToken({ safeMethods: ['GET'] })),
  hasRequiredScopes: decorator(hasRequiredScopes('a')),
  Authorized: decorator(Authorized()),
};

function decorator(one: unknown): MethodDecorator {
  return one as MethodDecorator;
}

const specs = fc.record({
  method: fc.oneof(fc.constant('ALL'), fc.constantFrom(...Object.keys(routes))),
  hasParameter: fc.boolean(),
  authentication: fc.option(authentications, { nil: undefined, freq: 4 }),
  rules: fc.option(fc.array(rules, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 6 }),
  besides: fc.oneof(fc.constant('nothing'), fc.constantFrom(...Object.keys(besides))),
});

type Spec = typeof specs extends fc.Arbitrary<infer T> ? T : never;

function controllerOf(spec: Spec, index: number): new () => object {
  class MadeController {
    authenticationClasses = spec.authentication;
    permissionClasses = spec.rules;
    // A route without an object needs no object rule, on purpose.
    objectActions = [];

    constructor() {
      const members = { accessTokenScopes: ['a'], accessTokenRoles: ['r'], requiredScopes: ['a'] };
      Object.assign(this, readMembers(spec.rules, members));
    }

    getObject() {
      return { user: 'alice' };
    }

    declare authorizedFilter: ApiView['authorizedFilter'];

    async handle() {
      normalForm(await this.authorizedFilter());
      return {};
    }
  }
  const added = [routes[spec.method]!(spec.hasParameter ? '/:id' : '/'), besides[spec.besides]];
  const handler = Object.getOwnPropertyDescriptor(MadeController.prototype, 'handle')!;
  for (const one of added) one?.(MadeController.prototype, 'handle', handler);
  JsonController(`/c${index}`)(MadeController);
  return MadeController;
}

const usual = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function methodsOf({ method }: RouteAudit): readonly string[] {
  if (method === 'ALL') return usual;
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

/** Whether the audit says that an anonymous caller is admitted; `undefined`: only code can decide. */
function audited({ method, requirement }: RouteAudit, asked: string): boolean | undefined {
  const shown = asked === 'HEAD' && method !== 'HEAD' ? 'GET' : asked;
  return judge(requirement, { method: shown, says: ({ isOfCaller }) => (isOfCaller ? false : undefined) });
}

function isOpen({ security }: OperationObject): boolean {
  return security.length === 0 || security.some(entry => Object.keys(entry).length === 0);
}

function expectSame(operation: OperationObject, truth: boolean | undefined): void {
  expect(isOpen(operation)).to.equal(truth !== false);
  if (truth === undefined) expect(operation.description).to.match(/what `\w+|decided per request/);
}

function operationOf({ paths }: OpenApiDocument, { path }: RouteAudit, method: string): OperationObject | undefined {
  return paths[path.replace(/\/$/, '').replace(':id', '{id}')]?.[method.toLowerCase()];
}

describe('what the document says of anonymous callers', () => {
  it('is what the audit says, and what happens to a request without credentials', async () => {
    let admitted = 0;
    const publicMethods = fc.constantFrom<string[]>([], ['GET'], ['POST', 'OPTIONS'], ['HEAD']);
    await fc.assert(
      fc.asyncProperty(fc.array(specs, { minLength: 12, maxLength: 16 }), publicMethods, async (made, isPublic) => {
        const controllers = made.map(controllerOf);
        const api = await Api.start({ controllers, axioms: { publicMethods: isPublic, logger: silentLogger } });
        try {
          admitted += await compare(api);
        } finally {
          await api.close();
        }
      }),
      { numRuns: 25, seed: 6750, interruptAfterTimeLimit: 8_000 },
    );
    expect(admitted).to.be.greaterThan(5);
  });

  it('regression: does not show the rule of a base class for a class that decides otherwise', async () => {
    @JsonController('/local')
    class LocalController {
      permissionClasses = [IsAuthenticatedOrLocal];
      @Get('/') read() {
        return {};
      }
    }
    @JsonController('/scoped')
    class ScopedController {
      permissionClasses = [HasScopesOrLocal];
      accessTokenScopes = ['a'];
      @Get('/') read() {
        return {};
      }
    }
    const shown = await shownOf([LocalController, ScopedController], {}, ['get /local', 'get /scoped']);
    expect(shown).to.deep.equal([
      [200, [{ bearer: [] }, {}], 'Who may: what `IsAuthenticatedOrLocal` decides.'],
      [200, [{ bearer: [] }, {}], 'Who may: what `HasScopesOrLocal` decides.'],
    ]);
  });

  it('regression: does not call a method guarded that publicMethods opens for a decorator', async () => {
    @JsonController('/public')
    @hasValidAccessToken()
    class PublicController {
      permissionClasses = [AllowAny];
      @Get('/') read() {
        return {};
      }
      @Post('/') write() {
        return {};
      }
    }
    const shown = await shownOf([PublicController], { publicMethods: ['GET'] }, ['get /public', 'post /public']);
    expect(shown).to.deep.equal([
      [200, [], 'Who may: anyone.'],
      [401, [{ bearer: [] }], 'Who may: any authenticated caller.'],
    ]);
  });

  it('regression: describes HEAD of an @All route by the rules of GET, which it is asked', async () => {
    @JsonController('/all')
    class AllController {
      @All('/') any() {
        return {};
      }
    }
    const asked = ['head /all', 'get /all', 'post /all'];
    const [head, get, post] = await shownOf([AllController], { publicMethods: ['GET'] }, asked);
    expect([head, get]).to.deep.equal(Array(2).fill([200, [], 'Who may: anyone.']));
    expect(post).to.deep.equal([401, [{ bearer: [] }], 'Who may: any authenticated caller.']);
  });

  it('regression: describes no HEAD of an @All route where an earlier @Get handler takes it', async () => {
    @JsonController('/both')
    class BothController {
      @allowAny() @Get('/') read() {
        return {};
      }
      @All('/') any() {
        return {};
      }
    }
    const [head, post] = await shownOf([BothController], {}, ['head /both', 'post /both']);
    expect(head).to.deep.equal([200, undefined, undefined]);
    expect(post).to.deep.equal([401, [{ bearer: [] }], 'Who may: any authenticated caller.']);
  });

  it('regression: does not call the negation of a rule closed to anonymous callers whose class admits them', async () => {
    @JsonController('/unscoped')
    class UnscopedController {
      permissionClasses = [not(HasScopeOfItsOwn)];
      @Get('/') read() {
        return {};
      }
    }
    const shown = await shownOf([UnscopedController], {}, ['get /unscoped']);
    expect(shown).to.deep.equal([[200, [], 'Who may: not: the scope `own`.']]);
  });

  it('regression: the audit knows that a scope is needed where only its name is decided per request', async () => {
    @JsonController('/tenants')
    class TenantController {
      permissionClasses = [HasLocalScope];
      @Get('/') list() {
        return {};
      }
    }
    const api = await Api.start({ controllers: [TenantController], axioms: { logger: silentLogger } });
    const [route] = api.server.audit();
    await api.close();
    expect([route?.who, route?.rule]).to.deep.equal(['some', 'authenticated and decided per request']);
  });
});

/** Returns the status of each request without credentials, and the security and the description of its operation. */
async function shownOf(controllers: ApiOptions['controllers'], axioms: Partial<SettingsInput>, requests: string[]) {
  const api = await Api.start({ controllers, axioms: { ...axioms, logger: silentLogger } });
  const { paths } = await openApiDocument(api.app);
  const shown = [];
  for (const request of requests) {
    const [method = '', path = ''] = request.split(' ');
    const { status } = await api.as(null, method as Method, path);
    shown.push([status, paths[path]?.[method]?.security, paths[path]?.[method]?.description]);
  }
  await api.close();
  return shown;
}

/** Returns how many requests without credentials were admitted. */
async function compare(api: Api): Promise<number> {
  const document = await openApiDocument(api.app);
  let admitted = 0;
  for (const route of api.server.audit())
    for (const method of methodsOf(route)) {
      const truth = audited(route, method);
      const operation = operationOf(document, route, method);
      const { status } = await api.as(null, method.toLowerCase() as Method, route.path.replace(':id', '1'));
      const seen = `${method} ${route.path}: ${status}, ${route.rule}, ${JSON.stringify(operation)}`;
      expect(status, seen).to.be.oneOf(truth === false ? [401, 403] : truth === true ? [200] : [200, 401, 403]);
      // An @Get handler takes HEAD, too, and is one operation.
      if (operation === undefined) expect(method, seen).to.equal('HEAD');
      // Without authentication classes there are no credentials to require. The description says that nobody may.
      else if (operation.description !== 'Who may: nobody.') expectSame(operation, truth);
      admitted += status === 200 ? 1 : 0;
    }
  return admitted;
}
