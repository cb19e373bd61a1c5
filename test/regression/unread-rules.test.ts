/** Fault: a rule of a controller that no listed class reads was ignored, and the handler ran for every caller with a token. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  BasePermission,
  createExpressServer,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  IsSubOwner,
  or,
  TokenHasScope,
  type ApiView,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { allowAny, permissionClasses } from 'axioms-routing-controllers/decorators';
import { ScopedRateThrottle, UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience } from '../issuer/test-issuer';
import { startWarnings } from '../start-error';

function controllerWith(fields: object, ofPrototype: object = {}): new () => object {
  @JsonController('/notes')
  class NotesController {
    constructor() {
      Object.assign(this, fields);
    }
    @Get('/') list() {
      return 'notes';
    }
  }
  Object.defineProperties(NotesController.prototype, Object.getOwnPropertyDescriptors(ofPrototype));
  return NotesController;
}

class Own extends BasePermission {
  override hasPermission(_request: Request, controller: ApiView) {
    return reads(controller);
  }
}

class Naming extends BasePermission {
  override hasPermission(_request: Request, controller: ApiView) {
    return controller.accessTokenRoles !== undefined;
  }
}

class Declaring extends Own {
  override members() {
    return ['accessTokenRoles'];
  }
}

class OfficeHours extends BasePermission {
  override hasPermission() {
    return true;
  }
}

class Passing extends BasePermission {
  override hasPermission(...passed: [Request, ApiView]) {
    return reads(passed[1]);
  }
}

function reads(controller: ApiView): boolean {
  return Object.keys(controller).length > 0;
}

describe('a rule that no listed class reads', () => {
  const faults: readonly [what: string, word: string, fields: object, ofPrototype?: object][] = [
    ['scopes, without a class', 'accessTokenScopes', { accessTokenScopes: ['admin'] }],
    ['scopes as a getter', 'accessTokenScopes', {}, { accessTokenScopes: undefined }],
    [
      'roles beside the class of scopes',
      'accessTokenRoles',
      { permissionClasses: [HasAccessTokenScopes], accessTokenScopes: ['a'], accessTokenRoles: ['admin'] },
    ],
    [
      'all scopes beside the class of roles',
      'accessTokenAllScopes',
      { permissionClasses: [HasAccessTokenRoles], accessTokenRoles: ['r'], accessTokenAllScopes: ['admin'] },
    ],
    ['requiredScopes', 'requiredScopes', { permissionClasses: [IsAuthenticated], requiredScopes: ['admin'] }],
    ['requiredAlternateScopes', 'requiredAlternateScopes', { requiredAlternateScopes: { GET: [['admin']] } }],
    ['an owner attribute', 'ownerAttribute', { ownerAttribute: 'author' }],
    ["an owner's issuer", 'ownerIssuerAttribute', { ownerIssuerAttribute: 'iss' }],
    ['ownerOf()', 'ownerOf', {}, { ownerOf: () => 'alice' }],
    ['safe methods', 'safeMethods', { permissionClasses: [IsAuthenticatedOrReadOnly], safeMethods: [] }],
    ['a throttle scope', 'throttleScope', { throttleClasses: [UserRateThrottle], throttleScope: 'uploads' }],
    [
      'a class of the app that gets no controller',
      'accessTokenRoles',
      { permissionClasses: [OfficeHours], accessTokenRoles: ['r'] },
    ],
  ];
  for (const [what, word, fields, ofPrototype = {}] of faults)
    it(`is warned of at startup: ${what}`, () => {
      const getter = Object.defineProperty({}, word, { get: () => ['admin'], configurable: true });
      const members = word in ofPrototype && Object.values(ofPrototype)[0] === undefined ? getter : ofPrototype;
      const rates = { throttleRates: { user: '9/s', uploads: '9/s' } };
      const warnings = startWarnings(controllerWith(fields, members), rates);
      expect(warnings.match(/A rule of a controller is read by nothing/g)).to.have.lengthOf(1);
      expect(warnings).to.contain('NotesController').and.to.contain(`"rule":"${word}"`);
    });

  it('is named with the classes of the handlers, and with those that would read it', () => {
    const warnings = startWarnings(
      controllerWith({ accessTokenScopes: ['admin'], permissionClasses: [IsAuthenticated] }),
    );
    expect(warnings).to.contain('"listed":["IsAuthenticated"]').and.to.contain('"readers":["HasAccessTokenScopes"]');
  });

  it('is warned of in other words where a class of the app gets the controller', () => {
    for (const own of [Own, Passing]) {
      const warnings = startWarnings(controllerWith({ permissionClasses: [own], accessTokenRoles: ['r'] }));
      expect(warnings.match(/A rule of a controller may be read by nothing/g)).to.have.lengthOf(1);
      expect(warnings).to.contain('accessTokenRoles').and.to.contain(own.name);
    }
  });

  it('is no matter where a class of the app names it', () => {
    for (const own of [Naming, Declaring])
      expect(startWarnings(controllerWith({ permissionClasses: [own], accessTokenRoles: ['r'] }))).to.equal('');
  });

  it('is no matter where it says nothing', () => {
    const nothing = {
      accessTokenScopes: [],
      accessTokenRoles: undefined,
      requiredScopes: null,
      throttleScope: undefined,
    };
    expect(startWarnings(controllerWith(nothing))).to.equal('');
  });

  it('is no matter where the list is decided per request', () => {
    const list = Object.defineProperty({}, 'permissionClasses', {
      get(this: ApiView) {
        return this.request.get('X-Kind') === 'a' ? [HasAccessTokenScopes] : [IsAuthenticated];
      },
      configurable: true,
    });
    expect(startWarnings(controllerWith({ accessTokenScopes: ['a'] }, list))).to.equal('');
  });

  it('is no matter where the class is inside a composition, in a default list, or a throttle', () => {
    const composed = { permissionClasses: [or(IsAuthenticated, HasAccessTokenScopes)], accessTokenScopes: ['a'] };
    expect(startWarnings(controllerWith(composed))).to.equal('');
    const app = createExpressServer({
      controllers: [controllerWith({ requiredScopes: ['a'], throttleScope: 'uploads' })],
      axioms: {
        audience,
        issuerUrl: 'http://127.0.0.1:9',
        jwksPrefetch: false,
        logger: new RecordingLogger(),
        defaultPermissionClasses: [TokenHasScope],
        defaultThrottleClasses: [ScopedRateThrottle],
        throttleRates: { uploads: '9/s' },
      },
    });
    (app.locals.axioms as AxiomsServer).close();
  });

  it('is read where one handler of the controller has the class, by a decorator, and refuses there', async () => {
    @JsonController('/notes')
    class MixedController {
      permissionClasses = [IsAuthenticated];
      accessTokenScopes = ['admin'];
      @Get('/') list() {
        return 'notes';
      }
      @permissionClasses([HasAccessTokenScopes]) @Get('/secret') secret() {
        return 'secret';
      }
    }
    const api = await Api.start({ controllers: [MixedController] });
    try {
      expect((await api.as({ sub: 'mallory' }, 'get', '/notes')).status).to.equal(200);
      const refused = await api.as({ sub: 'mallory' }, 'get', '/notes/secret');
      expect(refused.status).to.equal(403);
      expect(refused.headers['www-authenticate']).to.equal(
        'Bearer realm="api", error="insufficient_scope", error_description="The access token does not have the scope that this request needs", scope="admin"',
      );
      expect(refused.text).not.to.contain('secret');
    } finally {
      await api.close();
    }
  });

  it('is no matter where decorators replace the list that has the class', () => {
    @JsonController('/notes')
    class OpenedController {
      permissionClasses = [TokenHasScope];
      requiredScopes = ['a'];
      @allowAny() @Get('/') list() {
        return 'notes';
      }
    }
    expect(startWarnings(OpenedController)).to.equal('');
  });
});

describe('a rule of a base class', () => {
  class Base {
    accessTokenScopes = ['admin'];
    get requiredScopes() {
      return ['admin'];
    }
  }

  function sub(path: string, rules: readonly object[], fields: object = {}): new () => object {
    @JsonController(path)
    class SubController extends Base {
      permissionClasses = rules;
      constructor() {
        super();
        Object.assign(this, fields);
      }
      @Get('/') list() {
        return 'notes';
      }
    }
    return SubController;
  }

  function startOf(...controllers: (new () => object)[]): string {
    const settings = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: new RecordingLogger() };
    const app = createExpressServer({ controllers, axioms: settings });
    (app.locals.axioms as AxiomsServer).close();
    return settings.logger.text('warn');
  }

  const reader = sub('/reader', [HasAccessTokenScopes, TokenHasScope]);

  it('is no fault where another controller with this base class reads it', () => {
    expect(startOf(sub('/open', [AllowAny]), reader)).to.equal('');
  });

  it('is warned of where no controller with this base class reads it', () => {
    expect(startOf(sub('/open', [AllowAny]), sub('/owned', [IsSubOwner], { objectActions: [] }))).to.match(
      /is read by nothing.*"rule":"accessTokenScopes","declaredBy":"Base"/,
    );
  });

  it('is warned of where the controller has a value of its own for it', () => {
    expect(startOf(reader, sub('/open', [AllowAny], { accessTokenScopes: ['other'] }))).to.match(
      /is read by nothing.*"rule":"accessTokenScopes"/,
    );
  });

  it('is no fault where the base class lists the class that reads it', () => {
    class Guarded {
      permissionClasses: readonly object[] = [HasAccessTokenScopes];
      accessTokenScopes = ['admin'];
    }
    @JsonController('/health')
    class HealthController extends Guarded {
      override permissionClasses = [AllowAny];
      @Get('/') list() {
        return 'up';
      }
    }
    expect(startOf(HealthController)).to.equal('');
  });
});
