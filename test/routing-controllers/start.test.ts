import { expect } from 'chai';
import { Body, Get, JsonController, Param, Post } from 'routing-controllers';
import { Inject, Service } from 'typedi';
import {
  AllowAny,
  BaseAuthentication,
  BasePermission,
  CurrentObject,
  ImproperlyConfigured,
  IsSubOwner,
  createExpressServer,
  type AxiomsServerOptions,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { audience, silentLogger } from '../issuer/test-issuer';

type Controllers = AxiomsServerOptions['controllers'];

type Decorator = (target: object, name: string, index?: number) => void;

const axioms = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };

function start(controllers: unknown, options: Partial<AxiomsServerOptions> = {}): void {
  const app = createExpressServer({ controllers: controllers as Controllers, axioms, ...options });
  (app.locals.axioms as AxiomsServer).close();
}

function expectStartRefused(controllers: unknown, ...words: string[]): void {
  let refusal: unknown;
  try {
    start(controllers);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).to.be.instanceOf(ImproperlyConfigured);
  for (const word of words) expect((refusal as Error).message).to.contain(word);
}

@JsonController('/good')
class GoodController {
  @Get('/:id')
  retrieve(@Param('id') id: number) {
    return { id };
  }
}

class UndecoratedController {
  list() {
    return [];
  }
}

class HeirlessController extends GoodController {}

@JsonController('/empty')
class EmptyController {}

describe('the start is refused', () => {
  it('and not for what is right', () => {
    start([GoodController]);
    start([EmptyController, GoodController]);
  });

  for (const [what, controllers, word] of [
    ['without controllers', undefined, 'controllers'],
    ['with no controllers', [], 'empty'],
    ['with an undefined controller', [GoodController, undefined], 'import cycle'],
    ['with a controller that is null', [GoodController, null], 'null'],
    ['with an object for a class', [new GoodController()], 'controller class'],
    ['with a class that is not decorated', [UndecoratedController], 'UndecoratedController'],
    ['with an undecorated subclass of a controller', [HeirlessController], 'HeirlessController'],
    ['with controllers that have no handlers', [EmptyController], 'EmptyController'],
    ['with a glob that matches nothing', [`${__dirname}/nowhere/*.js`], 'nowhere'],
    ['with a glob that matches a file without controllers', [`${__dirname}/stray-errors.js`], 'stray-errors'],
  ] as const)
    it(what, () => {
      expectStartRefused(controllers, word);
    });

  it('where controllers are missing, even when settings are, too', () => {
    expect(() => createExpressServer({})).to.throw(ImproperlyConfigured);
  });

  it('where parameters have no types, since nothing would be validated', () => {
    // As a compiler without decorator metadata leaves it: decorators applied by hand.
    class UntypedController {
      create(book: object) {
        return book;
      }
    }
    (Body() as Decorator)(UntypedController.prototype, 'create', 0);
    (Post('/') as Decorator)(UntypedController.prototype, 'create');
    (JsonController('/untyped') as ClassDecorator)(UntypedController);
    expectStartRefused([UntypedController], 'UntypedController.create', 'emitDecoratorMetadata');

    @JsonController('/erased')
    class ErasedController {
      @Post('/')
      create(@Body() book: object) {
        return book;
      }
    }
    Reflect.deleteMetadata('design:paramtypes', ErasedController.prototype, 'create');
    expectStartRefused([ErasedController], 'ErasedController.create', 'emitDecoratorMetadata');
  });

  it('where an inherited handler has no types', () => {
    abstract class Base {
      @Post('/')
      create(@Body() book: object) {
        return book;
      }
    }
    Reflect.deleteMetadata('design:paramtypes', Base.prototype, 'create');
    @JsonController('/sub')
    class Sub extends Base {}
    expectStartRefused([Sub], 'Sub.create');
  });

  it('where a dependency is undefined or has no type', () => {
    class Undecorated {}
    @JsonController('/a')
    class CycleController {
      constructor(readonly dependency: Undecorated) {}
      @Get('/') list() {
        return [];
      }
    }
    Reflect.defineMetadata('design:paramtypes', [undefined], CycleController);
    expectStartRefused([CycleController], 'CycleController', 'import cycle');
    Reflect.deleteMetadata('design:paramtypes', CycleController);
    expectStartRefused([CycleController], 'CycleController', 'emitDecoratorMetadata');
  });

  it('and not where the dependency is named by hand', () => {
    @Service()
    class Known {}
    @JsonController('/b')
    class InjectedController {
      constructor(@Inject(() => Known) readonly dependency: unknown) {}
      @Get('/') list() {
        return [];
      }
    }
    Reflect.defineMetadata('design:paramtypes', [undefined], InjectedController);
    start([InjectedController]);
  });

  it('where @CurrentObject() has nobody to load it, or no object to be', () => {
    @JsonController('/c')
    class LoaderlessController {
      permissionClasses = [IsSubOwner];
      @Get('/:id') retrieve(@CurrentObject() object: object) {
        return object;
      }
    }
    expectStartRefused([LoaderlessController], 'LoaderlessController.retrieve', 'getObject');

    @JsonController('/d')
    class ObjectlessController {
      getObject() {
        return {};
      }
      @Get('/') list(@CurrentObject() object: object) {
        return object;
      }
    }
    expectStartRefused([ObjectlessController], 'ObjectlessController.list', 'objectActions');
  });

  it('where objectActions is a text instead of a list', () => {
    @JsonController('/e')
    class TextController {
      objectActions = 'retrieve';
      @Get('/:id') retrieve() {
        return {};
      }
    }
    expectStartRefused([TextController], "TextController.objectActions must be a list of handlers' names.");
  });

  it('where objectActions names no handler', () => {
    @JsonController('/e')
    class MisnamingController {
      objectActions = ['retrieve', 'retreive'];
      @Get('/:id') retrieve() {
        return {};
      }
    }
    expectStartRefused([MisnamingController], "'retreive'", 'retrieve');

    @JsonController('/f')
    class BaseNamed {
      objectActions = ['retrieve'];
      @Get('/:id') retrieve() {
        return {};
      }
    }
    @JsonController('/g')
    class SubNamed extends BaseNamed {}
    start([SubNamed]);
  });

  it('where a listed class needs dependencies that nobody gives', () => {
    class Needy extends BasePermission {
      constructor(readonly dependency: GoodController) {
        super();
      }
    }
    class NeedyAuthentication extends BaseAuthentication {
      constructor(readonly dependency: object) {
        super();
      }
      authenticate() {
        return null;
      }
    }
    @JsonController('/h')
    class NeedyController {
      permissionClasses: unknown[] = [Needy];
      authenticationClasses: unknown[] | undefined = undefined;
      @Get('/') list() {
        return [];
      }
    }
    expectStartRefused([NeedyController], 'Needy', '@Service()');
    @JsonController('/i')
    class OtherController extends NeedyController {
      override permissionClasses = [AllowAny];
      override authenticationClasses = [NeedyAuthentication];
    }
    expectStartRefused([OtherController], 'NeedyAuthentication', '@Service()');
  });

  it('where a listed class is undefined', () => {
    @JsonController('/j')
    class CycledController {
      permissionClasses = [undefined];
      @Get('/') list() {
        return [];
      }
    }
    expectStartRefused([CycledController], 'CycledController.permissionClasses[0]', 'import cycle');
  });

  for (const name of ['request', 'response', 'action'])
    it(`where a handler is called ${name}, which the library sets`, () => {
      class TakenController {
        [name: string]: unknown;
      }
      Object.defineProperty(TakenController.prototype, name, { value: () => [], configurable: true });
      (Get('/') as Decorator)(TakenController.prototype, name);
      (JsonController('/taken') as ClassDecorator)(TakenController);
      expectStartRefused([TakenController], `TakenController.${name}`, 'Call the handler something else');
    });
});
