import { expect } from 'chai';
import express, { type Express } from 'express';
import request from 'supertest';
import {
  Get,
  JsonController,
  KoaDriver,
  createExecutor,
  createExpressServer as stockServer,
  useContainer,
  useExpressServer as useStockServer,
} from 'routing-controllers';
import { Container, Service } from 'typedi';
import {
  ApiController,
  Claim,
  CurrentObject,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  createExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import {
  allowAny,
  authenticationClasses,
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
  hasValidAccessToken,
  permissionClasses,
  throttleClasses,
} from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../../issuer/test-issuer';
import { forbidStrayErrors } from '../stray-errors';

@JsonController('/listed')
class ListedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['listed'];

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/scoped')
class ScopedController {
  get accessTokenAllScopes() {
    return ['scoped'];
  }

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/throttled')
class ThrottledController {
  throttleClasses = [];

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/inheriting')
class InheritingController extends ListedController {}

@JsonController('/based')
class BasedController extends ApiController {
  @Get('/')
  list() {
    return { ok: true };
  }
}

@Service()
class Later {
  readonly name = 'later';
}

@JsonController('/undecided')
class UndecidedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['undecided'];
  readonly name: string;

  constructor(later: Later) {
    if (typeof later.name !== 'string') throw new Error('There is no name yet.');
    this.name = later.name;
  }

  @Get('/')
  list() {
    return { name: this.name };
  }
}

type KoaHandler = (context: object, next: () => unknown) => unknown;

/** A driver for an app of Koa that is there in name only. */
function koaDriver(): { readonly driver: KoaDriver; readonly routes: readonly KoaHandler[] } {
  class Driver extends KoaDriver {
    override initialize(): void {}
    override registerRoutes(): void {}
  }
  const routes: KoaHandler[] = [];
  const router = { get: (_path: string, ...handlers: KoaHandler[]) => routes.push(...handlers) };
  return { driver: new Driver({ use: () => undefined }, router), routes };
}

let made = 0;

@JsonController('/plain')
class PlainController {
  constructor() {
    made += 1;
  }

  @Get('/')
  list() {
    return { ok: true };
  }
}

describe("routing-controllers' own server", () => {
  forbidStrayErrors();

  /** Every way to serve a controller without us. */
  const starts = (controller: new (...dependencies: never[]) => object): (() => unknown)[] => [
    () => stockServer({ controllers: [controller] }) as Express,
    () => useStockServer(express(), { controllers: [controller] }),
    () => {
      createExecutor(koaDriver().driver, { controllers: [controller] });
    },
  ];

  const marked = [ListedController, ScopedController, ThrottledController, InheritingController, BasedController];

  for (const controller of marked)
    it(`refuses to start with ${controller.name}, whose rules it would not obey`, () => {
      const refusal = new RegExp(`${controller.name}.*axioms-routing-controllers`);
      expect(() => stockServer({ controllers: [controller] }) as Express).to.throw(refusal);
      expect(() => useStockServer(express(), { controllers: [PlainController, controller] })).to.throw(refusal);
    });

  const words = [
    'authenticationClasses',
    'permissionClasses',
    'throttleClasses',
    'throttleScope',
    'accessTokenScopes',
    'accessTokenAnyScopes',
    'accessTokenAllScopes',
    'accessTokenRoles',
    'accessTokenAnyRoles',
    'accessTokenAllRoles',
    'accessTokenPermissions',
    'accessTokenAnyPermissions',
    'accessTokenAllPermissions',
    'requiredScopes',
    'requiredAlternateScopes',
    'ownerAttribute',
    'ownerIssuerAttribute',
    'ownerOf',
    'safeMethods',
    'objectActions',
    'notObjectActions',
  ];

  /** Every form in which a class can have the word. Its value does not matter. */
  function carriersOf(word: string): Readonly<Record<string, new () => object>> {
    class Field extends PlainController {
      constructor() {
        super();
        Object.defineProperty(this, word, { value: undefined });
      }
    }
    class Getter extends PlainController {}
    Object.defineProperty(Getter.prototype, word, { get: () => expect.fail('It was evaluated.') });
    class Method extends PlainController {}
    Object.defineProperty(Method.prototype, word, { value: () => undefined });
    class Static extends PlainController {}
    Object.defineProperty(Static, word, { value: [] });
    class InheritedField extends Field {}
    class InheritedGetter extends Getter {}
    return { Field, Getter, Method, Static, InheritedField, InheritedGetter };
  }

  for (const word of words)
    it(`refuses a controller with ${word}: as a field, a getter, a method or static, its own or inherited`, () => {
      for (const [name, carrier] of Object.entries(carriersOf(word))) {
        JsonController('/carrier')(carrier);
        for (const start of starts(carrier))
          expect(start, name).to.throw(ImproperlyConfigured, `${name}.${word} would not be obeyed`);
      }
    });

  for (const word of ['getObject', 'request', 'response', 'action'])
    it(`serves a controller with ${word} alone`, async () => {
      for (const carrier of Object.values(carriersOf(word))) {
        JsonController('/carrier')(carrier);
        for (const start of starts(carrier)) start();
        const app = stockServer({ controllers: [carrier] }) as Express;
        expect((await request(app).get('/carrier')).status).to.equal(200);
      }
    });

  const decorators: Readonly<Record<string, ClassDecorator | MethodDecorator | ParameterDecorator>> = {
    '@hasValidAccessToken()': hasValidAccessToken(),
    '@hasRequiredScopes() on the class': hasRequiredScopes('a'),
    '@hasRequiredScopes()': hasRequiredScopes('a'),
    '@hasRequiredRoles()': hasRequiredRoles('a'),
    '@hasRequiredPermissions()': hasRequiredPermissions('a'),
    '@authenticationClasses()': authenticationClasses([]) as MethodDecorator,
    '@permissionClasses()': permissionClasses([]) as MethodDecorator,
    '@throttleClasses()': throttleClasses([]) as MethodDecorator,
    '@allowAny()': allowAny() as MethodDecorator,
    '@Claim()': Claim('sub'),
    '@CurrentObject()': CurrentObject(),
  };

  for (const [name, decorator] of Object.entries(decorators))
    it(`refuses a controller with ${name}, own or inherited, although the container cannot make it`, () => {
      class Unmakeable {
        constructor() {
          throw new Error('It has no dependencies yet.');
        }
        list() {
          return { ok: true };
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(Unmakeable.prototype, 'list');
      const place = name.endsWith('the class')
        ? [Unmakeable]
        : [Unmakeable.prototype, 'list', /@C/.test(name) ? 0 : descriptor];
      (decorator as (...place: unknown[]) => void)(...place);
      (Get('/') as MethodDecorator)(Unmakeable.prototype, 'list', descriptor as PropertyDescriptor);
      class Inheriting extends Unmakeable {}
      for (const controller of [Unmakeable, Inheriting]) {
        JsonController('/unmakeable')(controller);
        for (const start of starts(controller))
          expect(start).to.throw(ImproperlyConfigured, `The rules of ${controller.name} would not be obeyed`);
      }
    });

  it('refuses getters and ApiController at startup, although the container cannot make the controller', () => {
    @JsonController('/getter')
    class GetterController {
      constructor() {
        throw new Error('It has no dependencies yet.');
      }
      get permissionClasses() {
        return [];
      }
      @Get('/') list() {
        return { ok: true };
      }
    }
    @JsonController('/api')
    class UnmakeableApiController extends ApiController {
      constructor() {
        super();
        throw new Error('It has no dependencies yet.');
      }
      @Get('/') list() {
        return { ok: true };
      }
    }
    for (const controller of [GetterController, UnmakeableApiController])
      for (const start of starts(controller)) expect(start).to.throw(ImproperlyConfigured, controller.name);
  });

  it('refuses with the Koa driver each request to a controller that cannot be made without its services', () => {
    const { driver, routes } = koaDriver();
    createExecutor(driver, { controllers: [UndecidedController] });
    useContainer(Container);
    try {
      Container.set({ id: UndecidedController, type: UndecidedController });
      const [handle] = routes.slice(-1);
      const context = { request: {}, response: {} };
      expect(() => handle?.(context, () => undefined)).to.throw(
        ImproperlyConfigured,
        'UndecidedController.permissionClasses would not be obeyed',
      );
    } finally {
      useContainer(undefined as unknown as typeof Container);
    }
  });

  it('refuses each request to a controller that cannot be made without its services', async () => {
    const app = express().set('env', 'test');
    useStockServer(app, { controllers: [UndecidedController] });
    useContainer(Container);
    try {
      Container.set({ id: UndecidedController, type: UndecidedController });
      const response = await request(app).get('/undecided');
      expect(response.status).to.equal(500);
      expect(response.text).not.to.contain('later');
    } finally {
      useContainer(undefined as unknown as typeof Container);
    }
  });

  it('serves other controllers as ever', async () => {
    made = 0;
    const app = stockServer({ controllers: [PlainController] }) as Express;
    for (let turn = 0; turn < 3; turn++) expect((await request(app).get('/plain')).body).to.deep.equal({ ok: true });
    expect(made).to.equal(1);
  });

  it('takes nothing from ours', async () => {
    const issuer = await TestIssuer.start();
    // No class reads the rule of ScopedController, which stops the start.
    const guarded = marked.filter(one => one !== ScopedController);
    const app = createExpressServer({ controllers: [...guarded, PlainController], axioms: issuer.settings() });
    stockServer({ controllers: [PlainController] });
    expect((await request(app).get('/listed')).status).to.equal(401);
    const get = (path: string) =>
      request(app)
        .get(path)
        .set('Authorization', `Bearer ${issuer.token({ scope: 'listed' })}`);
    expect((await get('/listed')).status).to.equal(200);
    expect((await get('/plain')).status).to.equal(200);
    expect((await request(app).get('/plain')).status).to.equal(401);
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
});
