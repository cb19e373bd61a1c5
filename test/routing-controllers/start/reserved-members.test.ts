import { expect } from 'chai';
import type { Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { Inject, Service } from 'typedi';
import { ApiController, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../../api';
import { RecordingLogger } from '../../issuer/recording-logger';
import { expectRefusal } from '../../refusals';
import { startError } from '../../start-error';

type ControllerClass = new (...dependencies: never[]) => object;

@Service()
class Outbox {
  readonly name: string = 'outbox';
}

const ran: string[] = [];

/** Controllers with a member of their own of a reserved name, which they have in each of the possible ways. */
function controllers(name: 'request' | 'response' | 'action'): Readonly<Record<string, ControllerClass>> {
  abstract class Base {
    @Get('/') list() {
      ran.push('list');
      return {};
    }
  }
  @JsonController('/reserved')
  class Field extends Base {
    [name] = 'mine';
  }
  @JsonController('/reserved')
  class Method extends Base {
    [name]() {
      return 'mine';
    }
  }
  @JsonController('/reserved')
  class Getter extends Base {
    get [name]() {
      return 'mine';
    }
  }
  @JsonController('/reserved')
  class Inherited extends Field {}
  @JsonController('/reserved')
  class Parameter extends Base {
    constructor(outbox: Outbox) {
      super();
      Object.assign(this, { [name]: outbox });
    }
  }
  return { Field, Method, Getter, Inherited, Parameter };
}

describe('a member of a name that is set for each request stops the start', () => {
  for (const name of ['request', 'response', 'action'] as const)
    for (const [way, controller] of Object.entries(controllers(name)))
      it(`${name}: ${way}`, () => {
        expect(startError(controller))
          .to.contain(`${controller.name} has a member '${name}' of its own`)
          .and.contain(`declare ${name}: `);
      });

  it('request: injected by @Inject()', () => {
    @JsonController('/injected')
    class InjectedController {
      @Inject() request!: Outbox;
      @Get('/') list() {
        return {};
      }
    }
    expect(startError(InjectedController)).to.contain("InjectedController has a member 'request' of its own");
  });
});

describe('a member of such a name', () => {
  it('may be typed, with and without declare, and be inherited from ApiController', async () => {
    @JsonController('/typed')
    class TypedController extends ApiController {
      declare request: AxiomsRequest;
      override response = undefined as unknown as Response;
      @Get('/') list() {
        return { sub: this.request.user?.sub, action: this.action, isSet: typeof this.response };
      }
    }
    const api = await Api.start({ controllers: [TypedController] });
    expect((await api.as({ sub: 'bob' }, 'get', '/typed')).body).to.deep.equal({
      sub: 'bob',
      action: 'list',
      isSet: 'object',
    });
    await api.close();
  });

  it('that shows only with a service is refused with 500, and the handler does not run', async () => {
    @JsonController('/late')
    class LateController {
      readonly action: string;
      constructor(outbox: Outbox) {
        if (typeof outbox.name !== 'string') throw new Error('There is no name.');
        this.action = outbox.name;
      }
      @Get('/') list() {
        ran.push('list');
        return {};
      }
    }
    const logger = new RecordingLogger();
    const api = await Api.start({ controllers: [LateController], axioms: { logger } });
    expectRefusal(await api.as({}, 'get', '/late'), 'server_error');
    expect(ran).to.deep.equal([]);
    expect(logger.text('error')).to.contain("LateController has a member 'action' of its own");
    await api.close();
  });
});
