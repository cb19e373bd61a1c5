import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { Container, Inject, Service } from 'typedi';
import {
  AccessTokenVerifier,
  BaseAuthentication,
  IsAuthenticated,
  JwksManager,
  Settings,
  type AxiomsRequest,
  type Logger,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

@Service()
class Counter {
  asked = 0;
}

Container.set('header-of-tokens', 'X-Access-Token');

/** Reads a token from a header of its own, by a service of the library. */
@Service()
class HeaderToken extends BaseAuthentication {
  override readonly isToken = true;
  @Inject() readonly counter!: Counter;
  @Inject('header-of-tokens') readonly header!: string;
  asked = 0;
  @Inject() readonly keys!: JwksManager;

  constructor(
    private readonly verifier: AccessTokenVerifier,
    readonly settings: Settings,
  ) {
    super();
  }

  async authenticate(request: Request) {
    const token = request.get(this.header);
    if (token === undefined) return null;
    this.asked += 1;
    this.counter.asked += 1;
    const { claims } = await this.verifier.verify(token);
    return { user: { isAuthenticated: true, sub: claims['sub'] as string }, auth: { token, claims } };
  }
}

let handled = 0;

class Who {
  authenticationClasses = [HeaderToken];
  permissionClasses = [IsAuthenticated];
  declare request: AxiomsRequest;
  @Get('/') who() {
    handled += 1;
    return { sub: this.request.user?.sub };
  }
}
@JsonController('/payroll')
class PayrollController extends Who {}
@JsonController('/cart')
class CartController extends Who {}
@JsonController('/help')
class HelpController {
  @Get('/') list() {
    return {};
  }
}

describe('an authentication class that a service of the library is injected into', () => {
  let staff: Api, shop: Api;
  beforeEach(() => {
    handled = 0;
  });
  afterEach(async () => {
    await staff.close();
    await shop.close();
  });

  const asked = (api: Api, path: string, token: string) => api.with(null, 'get', path).set('X-Access-Token', token);

  it('takes no token of a later server', async () => {
    staff = await Api.start({ controllers: [PayrollController] });
    shop = await Api.start({ controllers: [HelpController] });
    const foreign = await asked(staff, '/payroll', shop.issuer.token({ sub: 'customer' }));
    expectExactRefusal(foreign, permissionDenied);
    expect(handled).to.equal(0);
    expect((await asked(staff, '/payroll', staff.issuer.token({ sub: 'employee' }))).body).to.deep.equal({
      sub: 'employee',
    });
  });

  it('works for each of two servers with its own service', async () => {
    staff = await Api.start({ controllers: [PayrollController] });
    expect((await asked(staff, '/payroll', staff.issuer.token({ sub: 'a' }))).status).to.equal(200);
    shop = await Api.start({ controllers: [CartController] });
    expect((await asked(shop, '/cart', shop.issuer.token({ sub: 'b' }))).body).to.deep.equal({ sub: 'b' });
    expect((await asked(shop, '/cart', staff.issuer.token({ sub: 'a' }))).status).not.to.equal(200);
    expect((await asked(staff, '/payroll', shop.issuer.token({ sub: 'b' }))).status).not.to.equal(200);
    expect((await asked(staff, '/payroll', staff.issuer.token({ sub: 'c' }))).body).to.deep.equal({ sub: 'c' });
    expect(handled).to.equal(3);
  });

  for (const [title, option] of [
    ['a class of its own', {}],
    ['a transient class', { transient: true }],
  ] as const)
    it(`takes no token of a later server once it has answered a request: ${title}`, async () => {
      class Fresh extends HeaderToken {}
      Reflect.defineMetadata('design:paramtypes', [AccessTokenVerifier, Settings], Fresh);
      (Service(option) as (target: typeof Fresh) => void)(Fresh);
      @JsonController('/fresh')
      class FreshController extends Who {
        override authenticationClasses = [Fresh];
      }
      staff = await Api.start({ controllers: [FreshController] });
      const counted = Container.get(Counter).asked;
      const employee = staff.issuer.token({ sub: 'employee' });
      expect((await asked(staff, '/fresh', employee)).status).to.equal(200);
      shop = await Api.start({ controllers: [HelpController] });
      expectExactRefusal(await asked(staff, '/fresh', shop.issuer.token({ sub: 'customer' })), permissionDenied);
      expect((await asked(staff, '/fresh', employee)).status).to.equal(200);
      expect(handled).to.equal(2);
      expect(Container.get(Counter).asked - counted).to.equal(3);
      expect(Container.get(Fresh).asked).to.equal(title === 'a transient class' ? 0 : 3);
    });
});

@Service()
class Tokens {
  constructor(readonly verifier: AccessTokenVerifier) {}
}

@Service()
class Directory {
  @Inject() readonly tokens!: Tokens;
}

@Service()
class OwnToken extends BaseAuthentication {
  constructor(readonly directory: Directory) {
    super();
  }

  authenticate() {
    return null;
  }
}

@JsonController('/directory')
class DirectoryController {
  authenticationClasses = [OwnToken];
  @Get('/') list() {
    return {};
  }
}

describe('an authentication class whose service has a service of the library', () => {
  let said: string[];
  const logger = (): Logger => {
    const warn = (message: string): void => {
      if (message.startsWith('OwnToken uses')) said.push(message);
    };
    return { debug: () => undefined, info: () => undefined, warn, error: () => undefined };
  };
  let opened: Api[];
  beforeEach(() => {
    [said, opened] = [[], []];
  });
  afterEach(async () => {
    for (const api of opened) await api.close();
  });
  const open = async (controllers: (typeof HelpController | typeof DirectoryController)[]): Promise<Api> => {
    const api = await Api.start({ controllers, axioms: { logger: logger() } });
    opened.push(api);
    return api;
  };

  it('gets no warning in a process with one server', async () => {
    const only = await open([DirectoryController]);
    await only.as(null, 'get', '/directory');
    expect(said).to.deep.equal([]);
  });

  it('gets one warning once another server is there, since the service is that of one of them', async () => {
    const first = await open([DirectoryController]);
    await open([HelpController]);
    for (let times = 0; times < 3; times++) await first.as(null, 'get', '/directory');
    expect(said).to.have.lengthOf(1);
    expect(said[0]).to.match(/^OwnToken uses Tokens, into which .* this process has several servers/);
  });
});
