import 'reflect-metadata';
import { expect } from 'chai';
import { Body, Get, JsonController, Param, Post, QueryParam, QueryParams, Req } from 'routing-controllers';
import { Container, Inject, Service } from 'typedi';
import {
  BasePermission,
  createExpressServer,
  ImproperlyConfigured,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';
import { NewNote, NoteStore } from './erased/notes';
import type { NewNote as TypeOnlyNote, NoteShape, NoteStore as TypeOnlyStore, Store } from './erased/notes';
import { plainWarning } from '../../src/core/process/plain';

type Controller = new (...dependencies: never[]) => object;

const warnings: string[] = [];

function refusalOf(controller: Controller, options: { validation?: boolean } = {}): string {
  warnings.splice(0);
  try {
    const app = createExpressServer({
      controllers: [controller],
      axioms: { audience: 'api', issuerUrl: 'http://127.0.0.1:1', jwksPrefetch: false, logger: silent },
      ...options,
    });
    (app.locals['axioms'] as AxiomsServer).close();
  } catch (error) {
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    return (error as Error).message;
  }
  return 'accepted';
}

const ignore = (): void => undefined;
const warn = (message: string): void => {
  if (message !== plainWarning) warnings.push(message);
};
const silent = { debug: ignore, info: ignore, warn, error: ignore };

@JsonController('/a')
class InterfaceBodyController {
  @Post('/') create(@Body() note: NoteShape) {
    return note;
  }
}

@JsonController('/b')
class TypeOnlyBodyController {
  @Post('/') create(@Body({ required: true }) note: TypeOnlyNote) {
    return note;
  }
}

@JsonController('/c')
class UnknownBodyController {
  @Post('/') create(@Body() note: unknown) {
    return note;
  }
}

@JsonController('/d')
class InterfaceQueriesController {
  @Get('/') list(@QueryParams() query: NoteShape) {
    return query;
  }
}

@JsonController('/e')
class TypeOnlyQueryController {
  @Get('/') list(@QueryParam('note') note: TypeOnlyNote) {
    return note;
  }
}

@JsonController('/v')
class ValidatedController {
  @Post('/') create(@Body({ validate: true }) note: NoteShape) {
    return note;
  }
}

abstract class Base {
  @Post('/') create(@Body() note: NoteShape) {
    return note;
  }
}
@JsonController('/f')
class InheritingController extends Base {}

describe('a type that does not exist at run time stops the start', () => {
  const meant = '({ type: TheClass }), or say that it is meant with { validate: false }';
  for (const [title, controller, place, decorator] of [
    ['a body', TypeOnlyBodyController, 'TypeOnlyBodyController.create', '@Body'],
    ['one query parameter', TypeOnlyQueryController, 'TypeOnlyQueryController.list', '@QueryParam'],
  ] as const)
    it(`of the client's input: a class from import type for ${title}`, () => {
      const message = refusalOf(controller);
      expect(message).to.contain(`Parameter 0 of ${place}, ${decorator}(), has a type that does not exist at run time`);
      expect(message).to.contain("'import type'").and.to.contain(meant);
    });

  it('of the client’s input: an interface where the parameter asks for validation', () => {
    expect(refusalOf(ValidatedController)).to.contain('Parameter 0 of ValidatedController.create, @Body(), has a type');
  });

  // At run time it looks like any, which apps write on purpose.
  for (const [title, controller, place, decorator] of [
    ['an interface as the type of a body', InterfaceBodyController, 'InterfaceBodyController.create', '@Body'],
    ['unknown as the type of a body', UnknownBodyController, 'UnknownBodyController.create', '@Body'],
    [
      'an interface for all query parameters',
      InterfaceQueriesController,
      'InterfaceQueriesController.list',
      '@QueryParams',
    ],
    ['an interface in an inherited handler', InheritingController, 'InheritingController.create', '@Body'],
  ] as const)
    it(`and is a warning for ${title}`, () => {
      expect(refusalOf(controller)).to.equal('accepted');
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.contain(`Parameter 0 of ${place}, ${decorator}(), has a type that does not exist`);
      expect(warnings[0]).to.contain('an interface, a type alias, any, unknown or object').and.to.contain(meant);
    });

  it('and not where the app validates nothing', () => {
    for (const controller of [InterfaceBodyController, TypeOnlyBodyController])
      expect([refusalOf(controller, { validation: false }), warnings]).to.deep.equal(['accepted', []]);
    expect(refusalOf(TypeOnlyBodyController, { validation: true })).to.contain('Parameter 0');
  });

  it('and not where the class is named, nothing shall be validated, or the value is no input that a class describes', () => {
    @JsonController('/g')
    class FineController {
      @Post('/named') named(@Body({ type: NewNote }) note: TypeOnlyNote) {
        return note;
      }
      @Post('/meant') meant(@Body({ validate: false }) note: unknown) {
        return note;
      }
      @Post('/typed') typed(@Body() note: NewNote) {
        return note;
      }
      @Post('/text') text(@Body() note: string) {
        return note;
      }
      @Get('/:id') one(@Param('id') id: unknown, @QueryParam('x') x: NoteShape, @Req() request: TypeOnlyNote) {
        return { id, x, request };
      }
    }
    expect([refusalOf(FineController), warnings]).to.deep.equal(['accepted', []]);
  });

  it('of a dependency of a controller: an interface, or a class from import type', () => {
    @JsonController('/h')
    class InterfaceController {
      constructor(
        readonly known: NoteStore,
        readonly store: Store,
      ) {}
      @Get('/') list() {
        return this.store.notes;
      }
    }
    @JsonController('/i')
    class TypeOnlyController {
      constructor(readonly store: TypeOnlyStore) {}
      @Get('/') list() {
        return this.store.notes;
      }
    }
    const reason =
      "has a type that does not exist at run time (an interface, a type alias, or a class from 'import type')";
    expect(refusalOf(InterfaceController)).to.contain(`Constructor parameter 1 of InterfaceController ${reason}`);
    expect(refusalOf(TypeOnlyController)).to.contain(`Constructor parameter 0 of TypeOnlyController ${reason}`);
  });

  // Regression: typedi injected undefined, or the container itself.
  it('of a dependency of a base class whose constructor a controller inherits', () => {
    @Service()
    class DecoratedBase {
      constructor(readonly store: Store) {}
    }
    class PlainBase {
      constructor(readonly store: NoteStore) {}
    }
    class OwnBase extends PlainBase {
      constructor() {
        super(new NoteStore());
      }
    }
    @JsonController('/inherited-1')
    class InterfaceController extends DecoratedBase {
      @Get('/') list() {
        return this.store;
      }
    }
    @JsonController('/inherited-2')
    class UntypedController extends PlainBase {
      @Get('/') list() {
        return this.store;
      }
    }
    @JsonController('/inherited-3')
    class OwnController extends OwnBase {
      @Get('/') list() {
        return this.store;
      }
    }
    expect(refusalOf(InterfaceController)).to.contain(
      'Constructor parameter 0 of DecoratedBase has a type that does not',
    );
    expect(refusalOf(UntypedController)).to.contain(
      'PlainBase has constructor parameters, and TypeScript emitted no types',
    );
    expect(refusalOf(OwnController)).to.equal('accepted');
  });

  it('of a dependency of a service that is injected, however deep', () => {
    @Service()
    class Inner {
      constructor(readonly store: TypeOnlyStore) {}
    }
    @Service()
    class Outer {
      constructor(
        readonly known: NoteStore,
        readonly inner: Inner,
      ) {}
    }
    @JsonController('/l')
    class DeepController {
      constructor(readonly outer: Outer) {}
      @Get('/') list() {
        return this.outer.inner.store.notes;
      }
    }
    expect(refusalOf(DeepController)).to.contain('Constructor parameter 0 of Inner has a type that does not exist');
    Container.set(Inner, new Inner(new NoteStore()));
    expect(refusalOf(DeepController)).to.equal('accepted');
  });

  it('and not where the service is made by a factory, takes what is named by hand, or needs itself', () => {
    class Made {
      constructor(readonly store: Store) {}
    }
    (Service({ factory: () => new Made(new NoteStore()) }) as ClassDecorator)(Made);
    Reflect.defineMetadata('design:paramtypes', [Object], Made);
    @Service()
    class Named {
      constructor(
        @Inject(() => NoteStore) readonly store: Store,
        readonly made: Made,
      ) {}
    }
    Reflect.defineMetadata('design:paramtypes', [Object, Made, Named], Named);
    @JsonController('/m')
    class FactoryController {
      constructor(readonly named: Named) {}
      @Get('/') list() {
        return this.named.store.notes;
      }
    }
    expect(refusalOf(FactoryController)).to.equal('accepted');
  });

  it('of a dependency of a permission class', () => {
    @Service()
    class StorePermission extends BasePermission {
      constructor(readonly store: Store) {
        super();
      }
      override hasPermission(): boolean {
        return this.store.notes.length > 0;
      }
    }
    @JsonController('/j')
    class GuardedController {
      permissionClasses = [StorePermission];
      @Get('/') list() {
        return [];
      }
    }
    expect(refusalOf(GuardedController)).to.contain('Constructor parameter 0 of StorePermission has a type');
  });

  it('and not where the dependency is named by hand, or the parameter has a default value', async () => {
    Container.set('notes', new NoteStore());
    let calls = 0;
    class NonePermission extends BasePermission {
      override hasPermission(): boolean {
        calls++;
        return calls > 1;
      }
    }
    @JsonController('/k')
    class NamedController {
      permissionClasses = [NonePermission];
      constructor(
        @Inject('notes') readonly store: Store,
        @Inject(() => NoteStore) readonly other: TypeOnlyStore,
        readonly limit: Store = { notes: ['default'] },
      ) {}
      @Get('/') list() {
        return [...this.store.notes, ...this.other.notes, ...this.limit.notes];
      }
    }
    const api = await Api.start({ controllers: [NamedController] });
    expectExactRefusal(await api.as({}, 'get', '/k'), permissionDenied);
    const answer = await api.as({}, 'get', '/k');
    await api.close();
    expect([answer.status, answer.body]).to.deep.equal([200, ['first', 'first', 'default']]);
    Container.remove('notes');
  });
});
