/** Controllers come from the container that routing-controllers was given. */
import { expect } from 'chai';
import { Get, JsonController, Post, useContainer, type Action, type IocAdapter } from 'routing-controllers';
import { Container, Inject, Service } from 'typedi';
import {
  BasePermission,
  HasAccessTokenScopes,
  IsAuthenticated,
  Settings,
  type AxiomsRequest,
  type PermissionClass,
} from 'axioms-routing-controllers';
import { Api, type ApiOptions } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';

type Made = new (...given: unknown[]) => object;

const ran: string[] = [];

@Service()
class Notes {
  readonly from: string = 'typedi';
}

/** Another container, with a decorator of its own for properties. */
class OtherContainer implements IocAdapter {
  readonly asked: [someClass: unknown, isInRequest: boolean][] = [];
  constructor(private readonly make: (someClass: Made, action?: Action) => unknown) {}

  get<T>(someClass: new (...given: never[]) => T, action?: Action): T {
    this.asked.push([someClass, action !== undefined]);
    return this.make(someClass as unknown as Made, action) as T;
  }
}

const injected = new Map<object, string>();
const injectOther: PropertyDecorator = (prototype, name) => void injected.set(prototype, String(name));

/** Makes each object anew. */
function transient(someClass: Made): object {
  const made = new someClass({ from: 'the other container' });
  const property = injected.get(someClass.prototype as object);
  return property === undefined ? made : Object.assign(made, { [property]: { from: 'the other container' } });
}

async function withContainer(
  container: IocAdapter,
  options: ApiOptions,
  use: (api: Api) => Promise<void>,
  containerOptions?: Parameters<typeof useContainer>[1],
) {
  ran.splice(0);
  useContainer(container, containerOptions);
  try {
    const api = await Api.start(options);
    await use(api);
    await api.close();
  } finally {
    useContainer(undefined as unknown as IocAdapter);
  }
}

@JsonController('/notes')
class NoteController {
  declare request: AxiomsRequest;
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['note:read'];
  constructor(private readonly notes: Notes) {}

  @Get('/') list() {
    ran.push('list');
    return { from: this.notes.from, sub: this.request.user?.sub };
  }
}

@JsonController('/properties')
class PropertyController {
  @injectOther private readonly notes!: Notes;
  permissionClasses = [HasAccessTokenScopes];
  get accessTokenScopes() {
    return [`${this.notes.from}:read`.replaceAll(' ', '-')];
  }

  @Get('/') list() {
    ran.push('list');
    return { from: this.notes.from };
  }
}

/** Nothing says of this class that it can be injected. */
class Kept {
  readonly from: string = 'nowhere';
}

@JsonController('/kept')
class KeptController {
  constructor(private readonly kept: Kept) {}

  @Get('/') list() {
    return { from: this.kept.from };
  }
}

describe('a controller of another container', () => {
  it('is made by it for each request, which the container sees', async () => {
    const container = new OtherContainer(transient);
    await withContainer(container, { controllers: [NoteController] }, async api => {
      expect(api.server.audit()[0]?.rule).to.equal('the scope note:read');
      expect(container.asked.filter(([one]) => one === NoteController)).to.deep.equal([]);
      expectRefusal(await api.as(null, 'get', '/notes'), 'not_authenticated');
      expectRefusal(await api.as({ scope: 'other' }, 'get', '/notes'), 'insufficient_scope', 'note:read');
      expect(ran).to.deep.equal([]);
      const answers = await Promise.all(
        ['alice', 'bob'].map(sub => api.as({ sub, scope: 'note:read' }, 'get', '/notes')),
      );
      expect(answers.map(({ body }) => body as unknown)).to.deep.equal([
        { from: 'the other container', sub: 'alice' },
        { from: 'the other container', sub: 'bob' },
      ]);
      const asked = container.asked.filter(([one]) => one === NoteController);
      expect(asked).to.deep.equal(asked.map(() => [NoteController, true]));
    });
  });

  it('may need a class that only that container knows, which is no warning', async () => {
    const logger = new RecordingLogger();
    const options = { controllers: [KeptController], axioms: { logger } };
    await withContainer(new OtherContainer(transient), options, async api => {
      expect(logger.text('warn')).to.equal('');
      expect((await api.as({}, 'get', '/kept')).body).to.deep.equal({ from: 'the other container' });
    });
  });

  it('has its properties injected, and a rule that reads one is decided per request', () =>
    withContainer(new OtherContainer(transient), { controllers: [PropertyController] }, async api => {
      expect(api.server.audit()[0]?.rule).to.equal('authenticated and decided per request');
      const scope = 'the-other-container:read';
      expectRefusal(await api.as({ scope: 'other' }, 'get', '/properties'), 'insufficient_scope', scope);
      expect(ran).to.deep.equal([]);
      const response = await api.as({ scope }, 'get', '/properties');
      expect(response.body).to.deep.equal({ from: 'the other container' });
    }));

  const refused: Readonly<Record<string, { make: (someClass: Made) => unknown; says: string }>> = {
    'returns the same object each time': {
      make: (() => {
        const known = new Map<Made, object>();
        return (one: Made) => known.get(one) ?? known.set(one, transient(one)).get(one);
      })(),
      says: 'returned the same NoteController twice',
    },
    'returns nothing': { make: () => undefined, says: 'returned undefined for NoteController' },
    'returns null': { make: () => null, says: 'returned null for NoteController' },
    'returns an object of another class': { make: () => ({ list: () => ran.push('list') }), says: 'returned object' },
    throws: {
      make: () => {
        throw new Error('It cannot be made.');
      },
      says: 'It cannot be made.',
    },
  };
  for (const [name, { make, says }] of Object.entries(refused))
    it(`answers each request with 500 where the container ${name}`, async () => {
      const logger = new RecordingLogger();
      await withContainer(
        // A server has the global middlewares of other tests, too.
        new OtherContainer(one => (one === (NoteController as unknown) ? make(one) : transient(one))),
        { controllers: [NoteController], axioms: { logger } },
        async api => {
          for (let turn = 0; turn < 3; turn++)
            expectRefusal(await api.as({ scope: 'note:read' }, 'get', '/notes'), 'server_error');
          expect(ran).to.deep.equal([]);
          expect(logger.text('error')).to.contain(says);
        },
      );
    });

  it('is refused where routing-controllers would hide an error of the container', async () => {
    const container = new OtherContainer(({ name }) => {
      throw new Error(`${name} cannot be made.`);
    });
    const logger = new RecordingLogger();
    const options = { controllers: [NoteController], axioms: { logger } };
    const use = async (api: Api) => {
      expectRefusal(await api.as({ scope: 'note:read' }, 'get', '/notes'), 'server_error');
      expect(ran).to.deep.equal([]);
      expect(logger.text('error')).to.contain('fallbackOnErrors');
    };
    await withContainer(container, options, use, { fallbackOnErrors: true });
  });
});

/** Open only where the container has given it its notes. */
class HasNotes extends BasePermission {
  constructor(private readonly notes: Notes) {
    super();
  }
  override hasPermission(): boolean {
    return this.notes.from === 'the other container';
  }
}

describe('a permission class of another container', () => {
  it('is made by it where it has constructor parameters', async () => {
    @JsonController('/ruled')
    class RuledController {
      permissionClasses = [IsAuthenticated, HasNotes];
      @Post('/') create() {
        ran.push('create');
        return {};
      }
    }
    Reflect.defineMetadata('design:paramtypes', [Notes], HasNotes);
    const from = { name: 'elsewhere' };
    const make = (someClass: Made) => new someClass({ from: from.name });
    await withContainer(new OtherContainer(make), { controllers: [RuledController] }, async api => {
      expectRefusal(await api.as({}, 'post', '/ruled'), 'permission_denied');
      expect(ran).to.deep.equal([]);
      from.name = 'the other container';
      expect((await api.as({}, 'post', '/ruled')).status).to.equal(200);
    });
  });
});

describe('a permission class whose property is injected', () => {
  // Regression: the property was undefined without a word, and a rule such as `!this.blocked?.has(…)` let everybody in.
  it('stops the start where typedi does not know the class', async () => {
    class Unknown extends BasePermission {
      @Inject() readonly notes!: Notes;
      override hasPermission() {
        return (this.notes as Notes | undefined) === undefined;
      }
    }
    const started = await Api.start({ controllers: [ruledBy(Unknown)] }).then(
      () => 'It started.',
      (error: unknown) => (error as Error).message,
    );
    expect(started).to.include(
      'Unknown has properties with @Inject(), and the container does not know it: add @Service() to it.',
    );
  });

  it('is made by another container where a decorator says that it is injectable', async () => {
    class Injectable extends BasePermission {
      @injectOther readonly notes!: Notes;
      override hasPermission() {
        ran.push(this.notes.from);
        return true;
      }
    }
    Reflect.defineMetadata('inversify:paramtypes', [], Injectable);
    await withContainer(new OtherContainer(transient), { controllers: [ruledBy(Injectable)] }, async api => {
      expect(api.server.audit()[0]?.rule).to.equal('Injectable');
      expect(ran).to.deep.equal([]);
      expect((await api.as({}, 'get', '/ruled-by')).status).to.equal(200);
      expect(ran).to.deep.equal(['the other container']);
    });
  });
});

function ruledBy(permission: PermissionClass) {
  @JsonController('/ruled-by')
  class RuledByController {
    permissionClasses = [permission];
    @Get('/') list() {
      return {};
    }
  }
  return RuledByController;
}

describe('a controller of a container of typedi', () => {
  @JsonController('/typedi')
  class TypediController {
    declare request: AxiomsRequest;
    @Inject() private readonly notes!: Notes;
    constructor(private readonly settings: Settings) {}
    @Get('/') who() {
      return { from: this.notes.from, realm: this.settings.realm, sub: this.request.user?.sub };
    }
  }

  const containers = { 'the default one': Container.of(), 'one of Container.of()': Container.of('tenant') };
  for (const [name, container] of Object.entries(containers))
    it(`has the services of ${name}, and each request has its own`, async () => {
      container.set(Notes, { from: name });
      await withContainer(container, { controllers: [TypediController] }, async api => {
        const answers = await Promise.all(['alice', 'bob'].map(sub => api.as({ sub }, 'get', '/typedi')));
        expect(answers.map(({ body }) => body as unknown)).to.deep.equal([
          { from: name, realm: 'api', sub: 'alice' },
          { from: name, realm: 'api', sub: 'bob' },
        ]);
      });
      container.remove(Notes);
      Container.set({ id: Notes, type: Notes });
    });

  it('comes from the default one where useContainer() was not called', async () => {
    const api = await Api.start({ controllers: [TypediController] });
    expect((await api.as({ sub: 'bob' }, 'get', '/typedi')).body).to.deep.equal({
      from: 'typedi',
      realm: 'api',
      sub: 'bob',
    });
    await api.close();
  });

  it('has no service that only another container of typedi has', async () => {
    class Elsewhere {
      readonly name = 'elsewhere';
    }
    @JsonController('/elsewhere')
    class ElsewhereController {
      constructor(readonly elsewhere: Elsewhere) {}
      @Get('/') name() {
        ran.push('name');
        return { name: this.elsewhere.name };
      }
    }
    const tenant = Container.of('tenant');
    tenant.set(Elsewhere, new Elsewhere());
    const logger = new RecordingLogger();
    const options = { controllers: [ElsewhereController], axioms: { logger } };
    await withContainer(tenant, options, async api => {
      expect((await api.as({}, 'get', '/elsewhere')).status).to.equal(200);
      expect(logger.text('warn')).to.equal('');
    });
    await withContainer(Container.of(), options, async api => {
      expectRefusal(await api.as({}, 'get', '/elsewhere'), 'server_error');
      expect(ran).to.deep.equal([]);
      expect(logger.text('warn')).to.contain('ElsewhereController needs Elsewhere');
    });
  });
});
