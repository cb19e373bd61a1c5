import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { ExpressDriver, Get, JsonController, createExpressServer as stockServer } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  ApiController,
  DenyAll,
  ImproperlyConfigured,
  IsAuthenticated,
  and,
  auditRoutes,
  createExpressServer,
  not,
  or,
  useExpressServer,
  type AxiomsServer,
  type PermissionRule,
  type SettingsInput,
} from 'axioms-routing-controllers';
import {
  authenticationClasses,
  hasRequiredScopes,
  permissionClasses,
  throttleClasses,
} from 'axioms-routing-controllers/decorators';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience, silentLogger } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';
import { loadedAgain, ownVersion, packageRoot, secondCopy, type OtherCopy, type SecondCopy } from '../second-copy';
import { forbidStrayErrors } from './stray-errors';

type ControllerClass = new (...dependencies: never[]) => object;

const settings = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };

const answer = { ok: true };

/** A controller with these members, each given per request as a field or a getter would be. */
function controllerWith(members: object): ControllerClass {
  @JsonController('/mixed')
  class MixedController {
    constructor() {
      Object.defineProperties(this, Object.getOwnPropertyDescriptors(members));
    }

    @Get('/') list() {
      return answer;
    }
  }
  return MixedController;
}

function handlerWith(...decorators: MethodDecorator[]): ControllerClass {
  class MixedController {
    list() {
      return answer;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(MixedController.prototype, 'list') as PropertyDescriptor;
  for (const decorator of [...decorators, Get('/') as MethodDecorator])
    decorator(MixedController.prototype, 'list', descriptor);
  JsonController('/mixed')(MixedController);
  return MixedController;
}

function classWith(decorator: ClassDecorator): ControllerClass {
  const controllerClass = handlerWith();
  decorator(controllerClass);
  return controllerClass;
}

function subclassOf(base: ControllerClass): ControllerClass {
  @JsonController('/mixed')
  class MixedController extends base {
    @Get('/own') own() {
      return answer;
    }
  }
  return MixedController;
}

/** Every form in which a controller can carry something of another copy. */
function mixedControllers({ root, decorators, throttling }: OtherCopy): Readonly<Record<string, ControllerClass>> {
  class OtherPermission extends root.BasePermission {}
  class OtherAuthentication extends root.BaseAuthentication {
    authenticate() {
      return null;
    }
  }
  class OtherThrottle extends throttling.BaseThrottle {
    allowRequest() {
      return true;
    }
  }
  abstract class OtherApiController extends root.ApiController {}
  const permissions = (...rules: PermissionRule[]): ControllerClass => controllerWith({ permissionClasses: rules });
  const handler = (decorator: unknown): ControllerClass => handlerWith(decorator as MethodDecorator);
  const parameter = (decorator: ParameterDecorator): ControllerClass =>
    handlerWith(target => {
      decorator(target, 'list', 0);
    });
  const scopes = decorators.hasRequiredScopes('admin');
  return {
    'a decorator on a handler': handler(scopes),
    'a decorator on a handler of a base class': subclassOf(handler(scopes)),
    'a decorator on the class': classWith(scopes),
    'a decorator on a base class': subclassOf(subclassOf(classWith(scopes))),
    '@hasValidAccessToken()': handler(decorators.hasValidAccessToken()),
    '@allowAny()': handler(decorators.allowAny()),
    '@permissionClasses()': handler(decorators.permissionClasses([root.DenyAll])),
    '@throttleClasses()': handler(decorators.throttleClasses([])),
    '@Claim()': parameter(root.Claim('email')),
    '@CurrentObject()': parameter(root.CurrentObject()),
    'a decorator under ours': handlerWith(scopes as MethodDecorator, hasRequiredScopes('admin') as MethodDecorator),
    'a decorator above ours': handlerWith(hasRequiredScopes('admin') as MethodDecorator, scopes as MethodDecorator),
    'the base class ApiController': subclassOf(root.ApiController as ControllerClass),
    'a subclass of ApiController': subclassOf(OtherApiController as ControllerClass),
    'a permission class': permissions(root.DenyAll),
    'a permission class that is not the first': permissions(IsAuthenticated, root.IsAuthenticated),
    'a subclass of a permission class': permissions(OtherPermission),
    'a permission class in a composition': permissions(and(IsAuthenticated, or(IsAuthenticated, not(root.DenyAll)))),
    'a composition': permissions(root.or(root.AllowAny, root.DenyAll)),
    'a composition of our classes': permissions(root.not(DenyAll)),
    'a composition in a composition': permissions(and(IsAuthenticated, root.not(DenyAll))),
    'a permission class from a getter': controllerWith({
      get permissionClasses() {
        return [root.DenyAll];
      },
    }),
    'an authentication class': controllerWith({ authenticationClasses: [root.AccessTokenAuthentication] }),
    'a subclass of an authentication class': controllerWith({ authenticationClasses: [OtherAuthentication] }),
    'a throttle class': controllerWith({ throttleClasses: [throttling.AnonRateThrottle] }),
    'a subclass of a throttle class': controllerWith({ throttleClasses: [OtherThrottle] }),
    'a permission class in our decorator': handler(permissionClasses([root.DenyAll])),
    'a composition in our decorator': handler(permissionClasses([root.or(root.AllowAny, DenyAll)])),
    'a permission class in our decorator and composition': handler(permissionClasses([or(DenyAll, root.AllowAny)])),
    'an authentication class in our decorator': handler(authenticationClasses([OtherAuthentication])),
    'a throttle class in our decorator': handler(throttleClasses([OtherThrottle])),
    'a permission class in our decorator on a base class': subclassOf(handler(permissionClasses([root.DenyAll]))),
  };
}

const plain = handlerWith();

function refusal(controllerClass: ControllerClass, axioms: Partial<SettingsInput> = {}): string {
  return thrownBy(() => createExpressServer({ controllers: [controllerClass], axioms: { ...settings, ...axioms } }));
}

function thrownBy(start: () => unknown): string {
  try {
    start();
  } catch (error) {
    expect((error as Error).name).to.equal('ImproperlyConfigured');
    return (error as Error).message;
  }
  throw new Error('It started.');
}

function closed(app: Express): void {
  (app.locals.axioms as AxiomsServer).close();
}

describe('two copies of the package', () => {
  forbidStrayErrors();

  const other: SecondCopy = secondCopy('9.8.7');

  after(() => {
    other.remove();
  });

  const own = `version ${ownVersion} in ${packageRoot}`;
  const foreign = `version 9.8.7 in ${other.path}`;

  describe('in two folders', () => {
    for (const [what, controllerClass] of Object.entries(mixedControllers(other)))
      it(`stop a server whose controller has ${what} of the other copy, naming both versions, both paths and the fix`, () => {
        const message = refusal(controllerClass);
        for (const part of [own, foreign, 'npm ls axioms-routing-controllers', 'npm dedupe', 'MixedController'])
          expect(message).to.include(part);
      });

    for (const [name, list] of Object.entries({
      defaultAuthenticationClasses: [other.root.AccessTokenAuthentication],
      defaultPermissionClasses: [IsAuthenticated, and(IsAuthenticated, other.root.IsAuthenticated)],
      defaultThrottleClasses: [other.throttling.AnonRateThrottle],
    }))
      it(`stop a server whose setting ${name} has a class of the other copy, even if no controller uses the default`, () => {
        const silent = controllerWith({
          authenticationClasses: [AccessTokenAuthentication],
          permissionClasses: [DenyAll],
          throttleClasses: [],
        });
        for (const controllerClass of [plain, silent]) {
          const message = refusal(controllerClass, { [name]: list });
          for (const part of [`'${name}'`, own, foreign, 'npm dedupe']) expect(message).to.include(part);
        }
      });

    it('stop a server of the other copy whose controllers have our rules', () => {
      const start = (controllerClass: ControllerClass): string =>
        thrownBy(() => other.root.createExpressServer({ controllers: [controllerClass], axioms: settings }));
      for (const controllerClass of [
        handlerWith(hasRequiredScopes('admin') as MethodDecorator),
        subclassOf(ApiController as ControllerClass),
        controllerWith({ permissionClasses: [DenyAll] }),
      ])
        expect(start(controllerClass)).to.include(`${own}, while the server is ${foreign}`);
    });

    it('stop an audit, and a server that extends an app, as well', () => {
      const controllers = [controllerWith({ permissionClasses: [other.root.DenyAll] })];
      expect(() => auditRoutes({ controllers, axioms: settings })).to.throw(ImproperlyConfigured, foreign);
      expect(() => useExpressServer(express(), { controllers, axioms: settings })).to.throw(
        ImproperlyConfigured,
        foreign,
      );
    });

    it('do not disturb each other while each serves its own controllers', async () => {
      const api = await Api.start({ controllers: [handlerWith(hasRequiredScopes('admin') as MethodDecorator)] });
      const rule = other.decorators.hasRequiredScopes('admin') as MethodDecorator;
      const app = other.root.createExpressServer({ controllers: [handlerWith(rule)], axioms: api.issuer.settings() });
      for (const server of [api.app, app])
        for (const [token, status] of [
          [undefined, 401],
          [api.issuer.token(), 403],
          [api.issuer.token({ scope: 'admin' }), 200],
        ] as const) {
          const asked = request(server).get('/mixed');
          const response = await (token === undefined ? asked : asked.set('Authorization', `Bearer ${token}`));
          expect(response.status).to.equal(status);
        }
      closed(app);
      await api.close();
    });

    it("are both seen by routing-controllers' own server, which refuses the rules of each", () => {
      const mixed = mixedControllers(other);
      for (const what of ['a decorator on a handler', 'a decorator on a base class', 'the base class ApiController'])
        expect(() => stockServer({ controllers: [mixed[what] as ControllerClass] }) as Express, what).to.throw(
          ImproperlyConfigured,
          'The rules of MixedController would not be obeyed',
        );
    });
  });

  describe('from one path, because the module registry was reset', () => {
    for (const [what, controllerClass] of Object.entries(mixedControllers(loadedAgain())))
      it(`stop a server whose controller has ${what} of the other loading, and say that the path was loaded twice`, () => {
        const message = refusal(controllerClass);
        for (const part of [own, 'the same path loaded twice', 'MixedController']) expect(message).to.include(part);
        expect(message).not.to.include('npm dedupe');
      });

    it("leave routing-controllers' own drivers watched once", () => {
      const registerAction = Object.getOwnPropertyDescriptor(ExpressDriver.prototype, 'registerAction');
      loadedAgain();
      expect(Object.getOwnPropertyDescriptor(ExpressDriver.prototype, 'registerAction')).to.deep.equal(registerAction);
    });

    it('serve their own controllers', () => {
      const { root, decorators } = loadedAgain();
      const rule = decorators.hasRequiredScopes('admin') as MethodDecorator;
      closed(root.createExpressServer({ controllers: [handlerWith(rule)], axioms: settings }));
    });
  });

  describe('per request', () => {
    let handled = 0;
    const cases: Readonly<Record<string, (isMixed: boolean) => object>> = {
      'authenticationClasses of a class': isMixed => ({
        authenticationClasses: [isMixed ? other.root.AccessTokenAuthentication : AccessTokenAuthentication],
      }),
      'permissionClasses of a class': isMixed => ({
        permissionClasses: [isMixed ? other.root.AllowAny : IsAuthenticated],
      }),
      'permissionClasses of a composition': isMixed => ({
        permissionClasses: [isMixed ? other.root.or(other.root.AllowAny) : or(IsAuthenticated)],
      }),
      'permissionClasses of a class in a composition': isMixed => ({
        permissionClasses: [or(IsAuthenticated, isMixed ? other.root.AllowAny : DenyAll)],
      }),
      'throttleClasses of a class': isMixed => ({
        throttleClasses: isMixed ? [other.throttling.AnonRateThrottle] : [],
      }),
    };

    for (const [what, members] of Object.entries(cases))
      it(`answer 500 and run nothing where a getter gives ${what} of the other copy for this request alone`, async () => {
        @JsonController('/mixed')
        class GetterController {
          declare request: Request;

          @Get('/') list() {
            handled++;
            return answer;
          }
        }
        const names = Object.keys(members(false));
        for (const name of names)
          Object.defineProperty(GetterController.prototype, name, {
            get(this: GetterController) {
              return (members('mixed' in this.request.query) as Record<string, unknown>)[name];
            },
          });
        const logger = new RecordingLogger();
        const api = await Api.start({ controllers: [GetterController], axioms: { logger } });
        handled = 0;
        for (let turn = 0; turn < 2; turn++) {
          const response = await api.as({}, 'get', '/mixed?mixed');
          expectRefusal(response, 'server_error');
          expect(response.text).not.to.include(other.path);
          expect(handled).to.equal(turn);
          expect((await api.as({}, 'get', '/mixed')).status).to.equal(200);
        }
        expect(logger.text('error')).to.include(foreign).and.to.include('GetterController');
        await api.close();
      });
  });

  it('are one copy where one app requires the package and imports it', async () => {
    const imported = await import('axioms-routing-controllers');
    const controllerClass = controllerWith({ permissionClasses: [imported.or(imported.IsAuthenticated, DenyAll)] });
    closed(createExpressServer({ controllers: [controllerClass], axioms: settings }));
  });

  it('are not meant by a permission class that extends no class of the package', async () => {
    class Duck {
      hasPermission() {
        return true;
      }
    }
    const api = await Api.start({ controllers: [controllerWith({ permissionClasses: [Duck] })] });
    expect((await api.as({}, 'get', '/mixed')).status).to.equal(200);
    await api.close();
  });
});
