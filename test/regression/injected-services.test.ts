import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { Inject, Service } from 'typedi';
import {
  AccessTokenVerifier,
  BaseAuthentication,
  IsAuthenticated,
  JwksManager,
  Settings,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, permissionDenied } from '../refusals';

@Service()
class Counter {
  made = 0;
}

/** Reads a token from a header of its own, by a service of the library. */
@Service()
class HeaderToken extends BaseAuthentication {
  override readonly isToken = true;
  @Inject() readonly counter!: Counter;
  @Inject() readonly keys!: JwksManager;

  constructor(
    private readonly verifier: AccessTokenVerifier,
    readonly settings: Settings,
  ) {
    super();
  }

  async authenticate(request: Request) {
    const token = request.get('X-Access-Token');
    if (token === undefined) return null;
    this.counter.made += 1;
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
});
