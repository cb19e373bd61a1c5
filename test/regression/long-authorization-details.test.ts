/**
 * A long list of authorization details took time and memory with the square of its length, and then the stack: 20,000 elements in
 * the answer of an introspection took 9 seconds and ended in a 500, and 80,000 ended the process.
 */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  BaseAuthentication,
  HasAuthorizationDetails,
  type AuthenticationResult,
  type AuthorizationDetail,
} from 'axioms-routing-controllers';
import { Api } from '../api';

const elements = 12_000;

class LongTokenAuthentication extends BaseAuthentication {
  override readonly isToken = true;
  authenticate(): AuthenticationResult {
    const others = Array.from({ length: elements }, () => ({ type: 'payment' }));
    const claims = { sub: 'ged', authorization_details: [...others, { type: 'payment', actions: ['initiate'] }] };
    return { user: { sub: 'ged', isAuthenticated: true }, auth: { token: 'long', claims } };
  }
}

@JsonController('/payments')
class PaymentController {
  authenticationClasses = [LongTokenAuthentication];
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = { type: 'payment', actions: ['initiate'] };
  @Get('/') list() {
    return { ok: true };
  }
}

let asked = 0;

@JsonController('/consents')
class ConsentController {
  authenticationClasses = [LongTokenAuthentication];
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = {
    type: 'payment',
    // A promise for some elements, and a value for others.
    matches: ({ actions }: AuthorizationDetail) => {
      asked += 1;
      const isGood = actions !== undefined;
      return (asked % 3 === 0 ? Promise.resolve(isGood) : isGood) as boolean;
    },
  };
  @Get('/') list() {
    return { ok: true };
  }
}

describe('A long list of authorization details', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [PaymentController, ConsentController] });
  });
  after(() => api.close());

  it('is searched to its end, in a time that grows as the list does', async () => {
    const before = performance.now();
    await api.with(null, 'get', '/payments').expect(200);
    expect(performance.now() - before).to.be.below(1500);
  });

  it('is searched to its end by matches(), whether or not it answers with promises', async () => {
    await api.with(null, 'get', '/consents').expect(200);
    expect(asked).to.equal(elements + 1);
  });
});
