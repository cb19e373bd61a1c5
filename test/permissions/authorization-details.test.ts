/** Rich authorization requests (RFC 9396). */
import { expect } from 'chai';
import { Body, Get, JsonController, Post } from 'routing-controllers';
import {
  HasAuthorizationDetails,
  ImproperlyConfigured,
  auditRoutes,
  createExpressServer,
  type AuthorizationDetail,
  type AxiomsRequest,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectExactRefusal, notAuthenticated, permissionDenied } from '../refusals';

let handled = 0;
function handle(): { ok: boolean } {
  handled++;
  return { ok: true };
}

@JsonController('/payments')
class PaymentController {
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = {
    type: 'payment_initiation',
    actions: ['initiate'],
    locations: ['https://api.example.com/payments'],
    matches: ({ creditor }: AuthorizationDetail, { body }: AxiomsRequest) =>
      typeof creditor === 'string' && creditor === (body as { creditor?: string }).creditor,
  };
  @Post('/') create(@Body() _: object) {
    return handle();
  }
}

@JsonController('/accounts')
class AccountController {
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = { type: 'account_information' };
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/odd')
class OddController {
  permissionClasses = [HasAuthorizationDetails];
  authorizationDetails = { type: 'account_information', matches: () => 'yes' as unknown as boolean };
  @Get('/') list() {
    return handle();
  }
}

const controllers = [PaymentController, AccountController, OddController];
const good = {
  type: 'payment_initiation',
  actions: ['status', 'initiate'],
  locations: ['https://api.example.com/payments'],
  creditor: 'ged',
};

describe('HasAuthorizationDetails (RFC 9396)', () => {
  let api: Api;
  beforeEach(async () => {
    api = await Api.start({ controllers });
    handled = 0;
  });
  afterEach(() => api.close());

  const pay = (details: unknown, creditor = 'ged') =>
    api.as({ authorization_details: details }, 'post', '/payments').send({ creditor });

  it('admits a token with one element that fits, whatever the others are', async () => {
    await pay([good]).expect(200);
    await pay([{ type: 'other' }, 'text', null, { ...good, creditor: 'tenar' }, good]).expect(200);
    expect(handled).to.equal(2);
  });

  for (const [title, details] of [
    ['no details', undefined],
    ['an empty list', []],
    ['an object instead of a list', good],
    ['another type', [{ ...good, type: 'payment' }]],
    ['no actions', [{ ...good, actions: undefined }]],
    ['other actions', [{ ...good, actions: ['status'] }]],
    ['an action as text', [{ ...good, actions: 'initiate' }]],
    ['other locations', [{ ...good, locations: ['https://evil.example'] }]],
    [
      'what fits, in two elements',
      [
        { ...good, actions: ['status'] },
        { ...good, locations: [] },
      ],
    ],
    ['what the app refuses', [{ ...good, creditor: 'tenar' }]],
  ] as const)
    it(`refuses ${title}`, async () => {
      expectExactRefusal(await pay(details), permissionDenied);
      expect(handled).to.equal(0);
    });

  it('refuses anonymous callers with 401, and an answer that is not true', async () => {
    expectExactRefusal(await api.as(null, 'get', '/accounts'), notAuthenticated);
    const claims = { authorization_details: [{ type: 'account_information' }] };
    await api.as(claims, 'get', '/accounts').expect(200);
    expectExactRefusal(await api.as(claims, 'get', '/odd'), permissionDenied);
  });

  it('is in the audit', () => {
    const audit = JSON.stringify(auditRoutes({ controllers, axioms: api.server.settings }));
    expect(audit).to.contain(
      '{"kind":"details","type":"payment_initiation","actions":["initiate"],"locations":["https://api.example.com/payments"],"byMatches":true}',
    );
  });

  for (const wrong of [undefined, {}, { type: '' }, { type: 'a', actions: [] }, { type: 'a', action: ['b'] }])
    it(`does not start with ${wrong === undefined ? 'nothing' : JSON.stringify(wrong)}`, () => {
      @JsonController('/wrong')
      class WrongController {
        permissionClasses = [HasAuthorizationDetails];
        authorizationDetails = wrong;
        @Get('/') list() {
          return handle();
        }
      }
      const axioms = { audience: 'a', domain: 'auth.example.com', jwksPrefetch: false };
      expect(() => createExpressServer({ controllers: [WrongController], axioms }) as unknown).to.throw(
        ImproperlyConfigured,
        'give authorizationDetails an object with a type',
      );
    });
});
