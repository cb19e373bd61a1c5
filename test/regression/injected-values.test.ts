/** Fault: rules that compare an injected value were read at startup as if the comparison were false. */
import { expect } from 'chai';
import { Get, JsonController, useContainer, type IocAdapter } from 'routing-controllers';
import { Container, Inject, Service, Token } from 'typedi';
import {
  AccessTokenAuthentication,
  AllowAny,
  BasePermission,
  HasAccessTokenScopes,
  IsAuthenticated,
  type ApiView,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, notAuthenticated } from '../refusals';
import { RecordingLogger } from '../issuer/recording-logger';

const modeToken = new Token<string>('mode');

interface Mode {
  readonly name: string;
}

class OpenMode implements Mode {
  readonly name = 'open';
}

@Service()
class Notes {
  readonly all = ['a'];
}

class Listing {
  @Get('/') list() {
    return {};
  }
}

const ruleOf = (mode: unknown) => (mode === 'open' ? [AllowAny] : [IsAuthenticated]);

@JsonController('/text')
class TextController extends Listing {
  readonly permissionClasses: object[];
  constructor(@Inject('mode') mode: string) {
    super();
    this.permissionClasses = ruleOf(mode);
  }
}
@JsonController('/private')
class PrivateController extends Listing {
  readonly #mode: string;
  constructor(@Inject(modeToken) mode: string) {
    super();
    this.#mode = mode;
  }
  get permissionClasses() {
    return ruleOf(this.#mode);
  }
}
@JsonController('/union')
class UnionController extends Listing {
  readonly #mode: string | number;
  constructor(@Inject('mode') mode: string | number) {
    super();
    this.#mode = mode;
  }
  get permissionClasses() {
    return ruleOf(this.#mode);
  }
}
@JsonController('/setter')
class SetterController extends Listing {
  #mode = '';
  @Inject('mode') set mode(mode: string) {
    this.#mode = mode;
  }
  get permissionClasses() {
    return ruleOf(this.#mode);
  }
}

@Service()
class ChosenScope extends BasePermission {
  readonly #mode: string;
  constructor(@Inject('mode') mode: string) {
    super();
    this.#mode = mode;
  }
  override requirement(controller: ApiView) {
    return this.#mode === 'open' ? ({ kind: 'anyone' } as never) : new HasAccessTokenScopes().requirement(controller);
  }
  override hasPermission() {
    return this.#mode === 'open';
  }
}

@JsonController('/chosen')
class ChosenController extends Listing {
  permissionClasses = [ChosenScope];
  accessTokenScopes = ['note:read'];
}

describe('a rule that compares an injected value is decided per request', () => {
  before(() => {
    Container.set('mode', 'open');
    Container.set(modeToken, 'open');
  });
  after(() => {
    Container.remove('mode');
    Container.remove(modeToken);
  });

  for (const controller of [TextController, PrivateController, UnionController, SetterController])
    it(`of ${controller.name}, whose requests are open`, async () => {
      const logger = new RecordingLogger();
      const api = await Api.start({ controllers: [controller], axioms: { logger } });
      const [route] = api.server.audit();
      expect([route?.who, route?.rule]).to.deep.equal(['undecided', 'decided per request']);
      expect(logger.text('info')).to.contain(`The constructor of ${controller.name} takes an injected value`);
      expect((await api.as(null, 'get', String(route?.path))).status).to.equal(200);
      await api.close();
    });

  it('of a permission class, which the audit does not describe', async () => {
    const api = await Api.start({ controllers: [ChosenController] });
    expect(api.server.audit()[0]?.rule).to.equal('decided per request');
    expect((await api.as(null, 'get', '/chosen')).status).to.equal(200);
    await api.close();
  });

  it('of another container, also where it injects into a property that the class only declares', async () => {
    @JsonController('/parameter')
    class ParameterController extends Listing {
      readonly #mode: string;
      constructor(mode: string) {
        super();
        this.#mode = mode;
      }
      get permissionClasses() {
        return ruleOf(this.#mode);
      }
    }
    @JsonController('/declared')
    class DeclaredController extends Listing {
      declare mode: string;
      get permissionClasses() {
        return ruleOf(this.mode);
      }
    }
    Reflect.defineMetadata('design:type', String, DeclaredController.prototype, 'mode');
    const container = {
      get: (someClass: new (mode: string) => object) => Object.assign(new someClass('open'), { mode: 'open' }),
    };
    useContainer(container as IocAdapter);
    try {
      const api = await Api.start({ controllers: [ParameterController, DeclaredController] });
      for (const { path, rule } of api.server.audit()) {
        expect(rule, path).to.equal('decided per request');
        expect((await api.as(null, 'get', path)).status, path).to.equal(200);
      }
      await api.close();
    } finally {
      useContainer(undefined as unknown as IocAdapter);
    }
  });
});

describe('a rule beside injected services is read at startup', () => {
  @JsonController('/class')
  class ClassController extends Listing {
    permissionClasses = [IsAuthenticated];
    constructor(readonly notes: Notes) {
      super();
    }
  }
  @JsonController('/named-class')
  class NamedClassController extends Listing {
    permissionClasses = [IsAuthenticated];
    constructor(@Inject('open-mode') readonly mode: OpenMode) {
      super();
    }
  }
  @JsonController('/cycle')
  class CycleController extends Listing {
    permissionClasses = [IsAuthenticated];
    constructor(@Inject(() => Notes) readonly notes: Notes) {
      super();
    }
  }
  // What TypeScript emits in an import cycle.
  Reflect.defineMetadata('design:paramtypes', [Object], CycleController);
  @JsonController('/field')
  class FieldController extends Listing {
    authenticationClasses = [AccessTokenAuthentication];
    permissionClasses = [IsAuthenticated];
    @Inject('mode') readonly mode!: string;
  }

  for (const controller of [ClassController, NamedClassController, CycleController, FieldController])
    it(`in ${controller.name}`, async () => {
      Container.set('open-mode', new OpenMode());
      Container.set('mode', 'open');
      const api = await Api.start({ controllers: [controller] });
      const [route] = api.server.audit();
      expect([route?.who, route?.rule]).to.deep.equal(['authenticated', 'authenticated']);
      expectExactRefusal(await api.as(null, 'get', String(route?.path)), notAuthenticated);
      await api.close();
    });
});
