/** A controller's object belongs to one request: a class that hands out shared objects would mix users. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Container, Service } from 'typedi';
import { type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';
import { startError } from '../start-error';

type ControllerClass = new (...dependencies: never[]) => object;

interface Asked {
  readonly request: AxiomsRequest;
}

const ran: (string | undefined)[] = [];

/** A controller whose constructor returns what this function makes of the new object. */
function controllerReturning(returned: (made: object) => object): ControllerClass {
  class Base {
    constructor() {
      return returned(this);
    }
  }
  @JsonController('/shared')
  class SharedController extends Base {
    declare request: AxiomsRequest;
    @Get('/') async who() {
      ran.push(this.request.user?.sub);
      await new Promise(resolve => setImmediate(resolve));
      return { sub: this.request.user?.sub };
    }
  }
  return SharedController;
}

describe('a controller class stops the start', () => {
  it('where its constructor returns the same object each time', () => {
    let only: object | undefined;
    const refusal = startError(controllerReturning(made => (only ??= made)));
    expect(refusal)
      .to.contain('SharedController cannot be a controller')
      .and.to.contain('the same object')
      .and.to.contain('Make a new object for each request');
  });

  it('where its own constructor returns a static member', () => {
    @JsonController('/single')
    class SingleController {
      private static readonly only = Object.create(SingleController.prototype) as SingleController;
      constructor() {
        return SingleController.only;
      }
      @Get('/') who() {
        return {};
      }
    }
    expect(startError(SingleController)).to.contain('SingleController').and.to.contain('the same object');
  });

  it('where the container injects its dependencies, and its constructor returns the same object', () => {
    @Service()
    class Repository {}
    @Service()
    @JsonController('/injected')
    class InjectedController {
      private static readonly only = Object.create(InjectedController.prototype) as InjectedController;
      constructor(readonly repository: Repository) {
        return InjectedController.only;
      }
      @Get('/') who() {
        return {};
      }
    }
    expect(startError(InjectedController)).to.contain('InjectedController').and.to.contain('the same object');
  });

  it('where its objects are proxies of the same object', () => {
    let only: object | undefined;
    expect(startError(controllerReturning(made => new Proxy((only ??= made), {})))).to.contain('shares this.request');
  });

  for (const member of ['request', 'response', 'action'])
    it(`where an accessor keeps this.${member} for all objects`, () => {
      let kept: unknown;
      const controller = controllerReturning(made =>
        Object.defineProperty(made, member, { get: () => kept, set: (value: unknown) => (kept = value) }),
      );
      expect(startError(controller)).to.contain(`shares this.${member}`);
    });
});

describe('a controller class starts', () => {
  it('where its constructor returns another object each time', async () => {
    const api = await Api.start({ controllers: [controllerReturning(made => Object.create(made) as object)] });
    const answers = await Promise.all(['alice', 'bob'].map(sub => api.as({ sub }, 'get', '/shared')));
    expect(answers.map(({ body }) => body as unknown)).to.deep.equal([{ sub: 'alice' }, { sub: 'bob' }]);
    await api.close();
  });

  it('where the container holds a shared object of the class, which no request gets', async () => {
    @Service()
    @JsonController('/held')
    class HeldController {
      declare request: AxiomsRequest;
      @Get('/') who() {
        return { sub: this.request.user?.sub, isHeld: this === Container.get(HeldController) };
      }
    }
    Container.set(HeldController, new HeldController());
    const api = await Api.start({ controllers: [HeldController] });
    expect((await api.as({ sub: 'bob' }, 'get', '/held')).body).to.deep.equal({ sub: 'bob', isHeld: false });
    expect(Container.get(HeldController)).not.to.have.own.property('request');
    expect(Container.get(HeldController).request).to.equal(undefined);
    Container.remove(HeldController);
    await api.close();
  });
});

describe('a controller object that another request has already', () => {
  it('is refused with 500, and the other request keeps its own caller', async () => {
    ran.splice(0);
    let count = 0;
    let pooled: object | undefined;
    // Two different objects at startup; the requests share the third.
    const controller = controllerReturning(made => (++count <= 2 ? made : (pooled ??= made)));
    const logger = new RecordingLogger();
    const api = await Api.start({ controllers: [controller], axioms: { logger } });
    const [first, second] = await Promise.all([
      api.as({ sub: 'alice' }, 'get', '/shared'),
      api.as({ sub: 'bob' }, 'get', '/shared'),
    ]);
    const [served, refused] = first.status === 200 ? [first, second] : [second, first];
    expect(served.body).to.deep.equal({ sub: ran[0] });
    expectRefusal(refused, 'server_error');
    expectRefusal(await api.as({ sub: 'carol' }, 'get', '/shared'), 'server_error');
    expect(ran).to.have.length(1);
    expect((pooled as Asked).request.user?.sub).to.equal(ran[0]);
    expect(logger.text('error')).to.contain('SharedController returned an object that another request uses');
    await api.close();
  });
});
