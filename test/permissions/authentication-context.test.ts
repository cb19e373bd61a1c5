/** Step-up (RFC 9470): the strength and the age of the sign-in. */
import { expect } from 'chai';
import express from 'express';
import { Get, JsonController, Post } from 'routing-controllers';
import request from 'supertest';
import {
  HasAccessTokenScopes,
  InsufficientUserAuthentication,
  ImproperlyConfigured,
  RequiresAuthenticationContext,
  SessionAuthentication,
  auditRoutes,
  createExpressServer,
  not,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestClock } from 'axioms-routing-controllers/testing';
import { decisions } from '../../src/core/reports/events';
import { Api } from '../api';
import { expectExactRefusal, notAuthenticated, permissionDenied, type Refusal } from '../refusals';

let handled = 0;
function handle(): { ok: boolean } {
  handled++;
  return { ok: true };
}

@JsonController('/strong')
class StrongController {
  permissionClasses = [RequiresAuthenticationContext];
  acrValues = ['gold', 'urn:example:platinum'];
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/recent')
class RecentController {
  permissionClasses = [RequiresAuthenticationContext];
  maxAuthenticationAge = 300;
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/both')
class BothController {
  declare action: string;
  declare request: { method: string };
  permissionClasses = [RequiresAuthenticationContext, HasAccessTokenScopes];
  accessTokenScopes = ['transfer:create'];
  get acrValues() {
    return this.action === 'create' ? ['gold'] : ['gold', 'silver'];
  }
  get maxAuthenticationAge() {
    return this.request.method === 'POST' ? 60 : undefined;
  }
  @Get('/') list() {
    return handle();
  }
  @Post('/') create() {
    return handle();
  }
}

@JsonController('/later')
class LaterController {
  permissionClasses = [RequiresAuthenticationContext];
  get acrValues() {
    return Promise.resolve(['gold']);
  }
  get maxAuthenticationAge() {
    return Promise.resolve(10);
  }
  @Get('/') list() {
    return handle();
  }
}

let age = 10;

@JsonController('/odd-age')
class OddAgeController {
  permissionClasses = [RequiresAuthenticationContext];
  get maxAuthenticationAge() {
    return age;
  }
  @Get('/') list() {
    return handle();
  }
}

@JsonController('/weak')
class WeakController {
  permissionClasses = [not(RequiresAuthenticationContext)];
  acrValues = ['gold'];
  @Get('/') list() {
    return handle();
  }
}

class ShopSession extends SessionAuthentication {
  override sessionUser(request: object): unknown {
    return (request as { account?: object }).account;
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [ShopSession];
  permissionClasses = [RequiresAuthenticationContext];
  acrValues = ['gold'];
  maxAuthenticationAge = 300;
  @Get('/') list() {
    return handle();
  }
}

const controllers = [
  OddAgeController,
  StrongController,
  RecentController,
  BothController,
  LaterController,
  WeakController,
  SessionController,
];

const description = 'The user must sign in again, or in a stronger way';
function stepUp(parameters: string, scope = ''): Refusal {
  const error = 'insufficient_user_authentication';
  const challenge = `Bearer realm="api", error="${error}", error_description="${description}"${scope}, ${parameters}`;
  return { status: 401, challenges: [challenge], error, description };
}

describe('RequiresAuthenticationContext (RFC 9470)', () => {
  let api: Api;
  let clock: TestClock;
  let now: number;
  beforeEach(async () => {
    api = await Api.start({ controllers, axioms: { clockTolerance: 5 } });
    clock = new TestClock(Date.now());
    clock.attachTo(api.app);
    now = Math.floor(clock.now() / 1000);
    handled = 0;
  });
  afterEach(() => api.close());

  async function expectRefused(claims: object, path: string, refusal: Refusal): Promise<void> {
    const before = handled;
    expectExactRefusal(await api.as(claims, 'get', path), refusal);
    expect(handled).to.equal(before);
  }

  const needsClass = stepUp('acr_values="gold urn:example:platinum"');
  const needsAge = stepUp('max_age="300"');

  it('admits a token with any of the classes', async () => {
    for (const acr of ['gold', 'urn:example:platinum']) await api.as({ acr }, 'get', '/strong').expect(200);
    expect(handled).to.equal(2);
  });

  for (const acr of [undefined, 'silver', 'Gold', 'gold ', '', ['gold'], { gold: true }, 1, null, 'gold silver'])
    it(`refuses acr ${acr === undefined ? 'that is missing' : JSON.stringify(acr)} with a challenge that names the classes`, async () => {
      await expectRefused({ acr }, '/strong', needsClass);
    });

  it('admits a sign-in up to the limit, with the tolerance of the clocks', async () => {
    for (const age of [0, 300, 304, -4]) await api.as({ auth_time: now - age }, 'get', '/recent').expect(200);
  });

  for (const [title, time] of [
    ['too long ago', (at: number) => at - 307],
    ['in the future', (at: number) => at + 60],
    ['as text', (at: number) => String(at)],
    ['missing', () => undefined],
    ['that is no number', () => [1]],
  ] as const)
    it(`refuses an auth_time ${title}`, async () => {
      await expectRefused({ auth_time: time(now) }, '/recent', needsAge);
    });

  it('measures the age anew for a cached token', async () => {
    const token = api.issuer.token({ auth_time: now - 290, exp: now + 3600 });
    await api.with(token, 'get', '/recent').expect(200);
    clock.advance(20);
    expectExactRefusal(await api.with(token, 'get', '/recent'), needsAge);
  });

  it('asks anonymous callers for credentials, as any rule does', async () => {
    expectExactRefusal(await api.as(null, 'get', '/strong'), notAuthenticated);
  });

  it('reads getters for each action and method', async () => {
    const scope = ', scope="transfer:create"';
    const claims = { scope: 'transfer:create', acr: 'silver' };
    await api.as(claims, 'get', '/both').expect(200);
    expectExactRefusal(await api.as(claims, 'post', '/both'), stepUp('acr_values="gold", max_age="60"', scope));
    await api.as({ ...claims, acr: 'gold', auth_time: now }, 'post', '/both').expect(200);
    const old = await api.as({ ...claims, acr: 'gold', auth_time: now - 100 }, 'post', '/both');
    expectExactRefusal(old, stepUp('acr_values="gold", max_age="60"', scope));
    expect((await api.as({ acr: 'gold' }, 'get', '/both')).status).to.equal(403);
  });

  it('answers 500 where a getter returns an age that is no whole number', async () => {
    age = 0.5;
    const { status, headers } = await api.as({ auth_time: now }, 'get', '/odd-age');
    expect([status, headers['www-authenticate'], handled]).to.deep.equal([500, undefined, 0]);
    age = 10;
    await api.as({ auth_time: now }, 'get', '/odd-age').expect(200);
  });

  it('sends no max_age that is no whole number, whatever an app throws', () => {
    for (const maxAge of [0.5, -1, 1e21, NaN])
      expect(new InsufficientUserAuthentication({ maxAge }).challenge).not.to.have.property('max_age');
    expect(new InsufficientUserAuthentication({ maxAge: 0 }).challenge.max_age).to.equal('0');
  });

  it('waits for async getters, also for the challenge', async () => {
    await api.as({ acr: 'gold', auth_time: now }, 'get', '/later').expect(200);
    await expectRefused({ acr: 'gold' }, '/later', stepUp('acr_values="gold", max_age="10"'));
  });

  it('refuses with 403 under not()', async () => {
    await api.as({ acr: 'silver' }, 'get', '/weak').expect(200);
    await expectRefused({ acr: 'gold' }, '/weak', permissionDenied);
  });

  it('reads the user of a session, and keeps the code of the refusal where there is no challenge', async () => {
    const account = { isAuthenticated: true, sub: 'ged', acr: 'gold', auth_time: now };
    const asked = (one: object) =>
      request(
        express()
          .use((incoming, _, next) => {
            Object.assign(incoming, { account: one });
            next();
          })
          .use(api.app),
      ).get('/session');
    await asked(account).expect(200);
    const response = await asked({ ...account, acr: 'silver' });
    expect([response.status, response.body]).to.deep.equal([
      403,
      { error: 'insufficient_user_authentication', error_description: description },
    ]);
    expect(handled).to.equal(1);
  });

  it('is in the audit and in the reasons of events', async () => {
    const audit = JSON.stringify(auditRoutes({ controllers, axioms: api.server.settings }));
    expect(audit).to.contain('{"kind":"context","acrValues":["gold","urn:example:platinum"]}');
    expect(audit).to.contain('{"kind":"context","acrValues":["gold"],"maxAge":60}');
    const reasons: string[] = [];
    const stop = decisions.subscribe(({ reason }) => reasons.push(reason));
    await api.as({}, 'get', '/strong').expect(401);
    stop();
    expect(reasons).to.deep.equal(['insufficient_user_authentication']);
  });

  for (const [title, members, message] of [
    ['nothing', {}, 'says nothing'],
    ['an empty list', { acrValues: [] }, 'says nothing'],
    ['a class with a space', { acrValues: ['a b'] }, 'each without spaces'],
    ['text instead of a list', { acrValues: 'gold' }, 'must be a list'],
    ['a negative age', { maxAuthenticationAge: -1 }, 'must be a whole number of seconds'],
    ['an age as text', { maxAuthenticationAge: '300' }, 'must be a whole number of seconds'],
    ['an age with a fraction', { maxAuthenticationAge: 0.5 }, 'must be a whole number of seconds'],
    ['an age that is written with an exponent', { maxAuthenticationAge: 1e21 }, 'must be a whole number of seconds'],
    ['an age without end', { maxAuthenticationAge: Infinity }, 'must be a whole number of seconds'],
  ] as const)
    it(`does not start with ${title}`, () => {
      @JsonController('/wrong')
      class WrongController {
        permissionClasses = [RequiresAuthenticationContext];
        constructor() {
          Object.assign(this, members);
        }
        @Get('/') list() {
          return handle();
        }
      }
      const start = (): AxiomsServer => {
        const axioms = { audience: 'a', domain: 'auth.example.com', jwksPrefetch: false };
        return createExpressServer({ controllers: [WrongController], axioms }).locals.axioms as AxiomsServer;
      };
      expect(start).to.throw(ImproperlyConfigured, message);
    });
});
