import { expect } from 'chai';
import type { Request } from 'express';
import { Get, HttpCode, JsonController, Method, Post, UseBefore } from 'routing-controllers';
import type { Response } from 'supertest';
import { Service } from 'typedi';
import {
  AllowAny,
  DenyAll,
  HasAccessTokenScopes,
  type AxiomsRequest,
  type SettingsInput,
} from 'axioms-routing-controllers';
import {
  AnonRateThrottle,
  BaseThrottle,
  ClaimRateThrottle,
  MemoryThrottleStore,
  ScopedRateThrottle,
  SimpleRateThrottle,
  UserRateThrottle,
} from '../../src/throttling';
import { Api } from '../api';
import { expectHeadRefusal, expectRefusal } from '../refusals';
import { startError } from '../start-error';

const throttleRates = { anon: '2/minute', user: '3/minute', uploads: '1/day', off: null };

class Work {
  done = 0;
  loads = 0;
}

/** A controller at `/things` with these rules. */
function controllerOf(rules: object, work = new Work(), path = '/things') {
  @JsonController(path)
  class ThingController {
    constructor() {
      Object.assign(this, { permissionClasses: [AllowAny], ...rules });
    }
    @Get('/')
    list() {
      return { done: (work.done += 1) };
    }
    @Post('/')
    @HttpCode(201)
    create() {
      return { done: (work.done += 1) };
    }
    @Method('options', '/')
    options() {
      return { done: (work.done += 1) };
    }
    @Get('/fail')
    fail() {
      throw new Error('broken');
    }
  }
  return ThingController;
}

class Time {
  now = Date.UTC(2025, 0, 1);
  readonly store = new MemoryThrottleStore();
  constructor() {
    this.store.clock = () => this.now;
  }
  pass(seconds: number): void {
    this.now += seconds * 1000;
  }
}

describe('throttles', () => {
  let api: Api;
  let time: Time;
  let work: Work;

  async function serve(rules: object, axioms: Partial<SettingsInput> = {}): Promise<void> {
    time = new Time();
    work = new Work();
    const controllers = [controllerOf(rules, work), controllerOf(rules, work, '/others')];
    api = await Api.start({ controllers, axioms: { throttleRates, throttleStore: time.store, ...axioms } });
  }
  afterEach(() => api.close());

  function expectThrottled(response: Response, retryAfter: string): void {
    expectRefusal(response, 'throttled');
    expect(response.headers['retry-after']).to.equal(retryAfter);
  }

  async function statuses(requests: readonly PromiseLike<Response>[]): Promise<number[]> {
    const found: number[] = [];
    for (const request of requests) found.push((await request).status);
    return found;
  }

  const get = (claims: object | null, path = '/things') => api.as(claims, 'get', path);

  describe('AnonRateThrottle', () => {
    it('counts anonymous requests, refuses with the time to wait, and forgets', async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      expect(await statuses([get(null), get(null)])).to.deep.equal([200, 200]);
      expectThrottled(await get(null), '60');
      time.pass(59.2);
      expectThrottled(await get(null), '1');
      time.pass(0.8);
      expect((await get(null)).status).to.equal(200);
      expect(work.done).to.equal(3);
    });

    it('counts no request with a token', async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      expect(await statuses([get({}), get({}), get({}), get(null), get(null), get(null)])).to.deep.equal([
        200, 200, 200, 200, 200, 429,
      ]);
    });

    it('never believes X-Forwarded-For by itself', async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      const from = (address: string) => get(null).set('X-Forwarded-For', address).set('Forwarded', `for=${address}`);
      expect(await statuses([from('192.0.2.1'), from('192.0.2.2'), from('192.0.2.3')])).to.deep.equal([200, 200, 429]);
    });

    it("follows Express's trust proxy", async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      api.app.set('trust proxy', 1);
      const from = (addresses: string) => get(null).set('X-Forwarded-For', addresses);
      const spoofed = ['6.6.6.1, 192.0.2.1', '6.6.6.2, 192.0.2.1', '6.6.6.3, 192.0.2.1'].map(from);
      expect(await statuses(spoofed)).to.deep.equal([200, 200, 429]);
      expect(await statuses([from('192.0.2.1, 192.0.2.2')])).to.deep.equal([200]);
      const subscriber = ['2001:db8::1', '2001:db8::2', '2001:db8::ffff:3', '2001:db8:0:1::1'].map(from);
      expect(await statuses(subscriber)).to.deep.equal([200, 200, 429, 200]);
    });
  });

  describe('UserRateThrottle', () => {
    it('counts by issuer and subject, whatever the token and the path', async () => {
      await serve({ throttleClasses: [UserRateThrottle] });
      const alice = [get({ jti: '1' }), get({ jti: '2' }, '/others'), get({ jti: '3' }), get({ jti: '4' })];
      expect(await statuses(alice)).to.deep.equal([200, 200, 200, 429]);
      expect(await statuses([get({ sub: 'bob' })])).to.deep.equal([200]);
    });

    it("counts a client's own tokens by client", async () => {
      await serve({ throttleClasses: [UserRateThrottle] });
      const own = { client_id: 'web', gty: 'client-credentials' };
      const requests = ['a', 'b', 'c', 'd'].map(sub => get({ ...own, sub }));
      expect(await statuses(requests)).to.deep.equal([200, 200, 200, 429]);
      expect(await statuses([get({ sub: 'alice', client_id: 'web' })])).to.deep.equal([200]);
    });

    it('counts anonymous requests by address', async () => {
      await serve({ throttleClasses: [UserRateThrottle] });
      expect(await statuses([get(null), get(null), get(null), get(null)])).to.deep.equal([200, 200, 200, 429]);
      expect(await statuses([get({})])).to.deep.equal([200]);
    });
  });

  describe('ScopedRateThrottle', () => {
    it('counts by the scope of the controller, across controllers', async () => {
      await serve({ throttleClasses: [ScopedRateThrottle], throttleScope: 'uploads' });
      expect(await statuses([get({}), get({}, '/others'), get({ sub: 'bob' })])).to.deep.equal([200, 429, 200]);
    });

    it('counts nothing without a scope, nor at a rate of null', async () => {
      for (const throttleScope of [undefined, 'off']) {
        await serve({ throttleClasses: [ScopedRateThrottle], throttleScope });
        expect(await statuses([get({}), get({}), get({}), get({})])).to.deep.equal([200, 200, 200, 200]);
        if (throttleScope === undefined) await api.close();
      }
    });

    it('reads a scope that depends on the action or the method', async () => {
      await serve({});
      await api.close();
      @JsonController('/files')
      class FileController {
        declare action: string;
        permissionClasses = [AllowAny];
        throttleClasses = [ScopedRateThrottle];
        get throttleScope() {
          return this.action === 'create' ? 'uploads' : undefined;
        }
        @Get('/')
        list() {
          return [];
        }
        @Post('/')
        create() {
          return {};
        }
      }
      api = await Api.start({ controllers: [FileController], axioms: { throttleRates } });
      const post = () => api.as({}, 'post', '/files');
      expect(await statuses([post(), get({}, '/files'), get({}, '/files'), post()])).to.deep.equal([
        200, 200, 200, 429,
      ]);
    });
  });

  describe('of an app', () => {
    it('may count by any claim, of one issuer, and by caller where a token has none', async () => {
      class TenantThrottle extends ClaimRateThrottle {
        claim = '/organization/id';
        override rate = '2/minute';
      }
      await serve({ throttleClasses: [TenantThrottle] });
      const of = (id: unknown, sub: string) => get({ sub, organization: { id } });
      expect(await statuses([of(1, 'a'), of(1, 'b'), of(1, 'c')])).to.deep.equal([200, 200, 429]);
      expect(await statuses([of('1', 'a'), of(2, 'a')])).to.deep.equal([200, 200]);
      expect(await statuses([get({}), get({}), get({}), get({ sub: 'bob' })])).to.deep.equal([200, 200, 429, 200]);
      expect(await statuses([get(null)])).to.deep.equal([200]);
    });

    it('may have a key and a rate that look at the request', async () => {
      class PlanThrottle extends SimpleRateThrottle {
        override scope = 'user';
        getCacheKey(request: Request) {
          const { iss, client_id: client } = (request as AxiomsRequest).authJwt ?? {};
          return client === undefined ? null : JSON.stringify([iss, client]);
        }
        override getRate(request: Request) {
          return (request as AxiomsRequest).authJwt?.plan === 'large' ? '2/minute' : '1/minute';
        }
      }
      await serve({ throttleClasses: [PlanThrottle] });
      const of = (client_id: string, plan = 'small') => get({ client_id, plan });
      expect(await statuses([of('a'), of('a'), of('b', 'large'), of('b', 'large'), of('b', 'large')])).to.deep.equal([
        200, 429, 200, 200, 429,
      ]);
      expect(await statuses([get({}), get({}), get({})])).to.deep.equal([200, 200, 200]);
    });

    it('of one scope and different rates do not count into each other', async () => {
      class Burst extends UserRateThrottle {
        override rate = '2/s';
      }
      await serve({ throttleClasses: [Burst, UserRateThrottle] });
      expect(await statuses([get({}), get({})])).to.deep.equal([200, 200]);
      expectThrottled(await get({}), '1');
      time.pass(1);
      // The refused request was counted by the one that would have let it through, as in DRF.
      expectThrottled(await get({}), '59');
    });

    it('keep the waits of concurrent requests apart, though they are one object', async () => {
      @Service()
      class Shared extends UserRateThrottle {
        override rate = '1/minute';
      }
      const slow = new MemoryThrottleStore();
      const hit = async (...given: Parameters<MemoryThrottleStore['hit']>) => {
        await new Promise(setImmediate);
        return slow.hit(...given);
      };
      await serve({ throttleClasses: [Shared] }, { throttleStore: { hit } });
      const answers = await Promise.all(['a', 'a', 'b', 'b'].map(sub => get({ sub })));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 429, 429]);
      for (const { headers, status } of answers) expect(headers['retry-after'] === undefined).to.equal(status === 200);
    });

    for (const key of [undefined, 7, Promise.resolve('alice'), {}])
      it(`whose key is ${key instanceof Promise ? 'a promise' : JSON.stringify(key)} let nobody through`, async () => {
        class Keyless extends SimpleRateThrottle {
          override rate = '1/minute';
          getCacheKey() {
            return key as string;
          }
        }
        await serve({ throttleClasses: [Keyless] });
        expectRefusal(await get({}), 'server_error');
        expect(work.done).to.equal(0);
      });
  });

  describe('together', () => {
    class PerSecond extends UserRateThrottle {
      override rate = '1/s';
    }
    class PerHour extends UserRateThrottle {
      override rate = '2/hour';
    }

    it('are all asked, and the client gets the longest wait', async () => {
      await serve({ throttleClasses: [PerHour, PerSecond] });
      expect((await get({})).status).to.equal(200);
      expectThrottled(await get({}), '1');
      expectThrottled(await get({}), '3600');
      time.pass(1);
      expectThrottled(await get({}), '3599');
    });

    it('that allow count a request that another refuses', async () => {
      await serve({ throttleClasses: [PerSecond, PerHour] });
      await get({});
      const refused = await get({});
      expectThrottled(refused, '1');
      time.pass(1);
      expectThrottled(await get({}), '3599');
      expect(refused.headers.ratelimit).to.equal('"user";r=0;t=1');
    });

    it('tell of no limit where the one that refuses has none to tell of', async () => {
      class Closed extends BaseThrottle {
        allowRequest() {
          return false;
        }
      }
      await serve({ throttleClasses: [PerHour, Closed] });
      const refused = await get({});
      expect(refused.status).to.equal(429);
      expect(Object.keys(refused.headers).filter(name => name.startsWith('ratelimit'))).to.deep.equal([]);
    });
  });

  describe('and the other rules', () => {
    it('are asked last: a request that is refused before uses nothing up', async () => {
      await serve({
        throttleClasses: [UserRateThrottle],
        permissionClasses: [HasAccessTokenScopes],
        accessTokenScopes: ['read'],
      });
      for (let times = 0; times < 5; times += 1) {
        expectRefusal(await get(null), 'not_authenticated');
        expectRefusal(await api.with('a.b.c', 'get', '/things'), 'invalid_token');
        expectRefusal(await get({ scope: 'write' }), 'insufficient_scope', 'read');
      }
      const good = { scope: 'read' };
      expect(await statuses([get(good), get(good), get(good), get(good)])).to.deep.equal([200, 200, 200, 429]);
    });

    it('count the authenticated caller, even if a middleware has set another one since', async () => {
      const others: Partial<AxiomsRequest>[] = [
        { user: { isAuthenticated: false }, authJwt: null },
        { authJwt: { iss: 'https://other.example.com', sub: 'eve' } },
      ];
      @JsonController('/renamed')
      @UseBefore((request: Request, _response: object, next: () => void) => {
        Object.assign(request, others.pop());
        next();
      })
      class RenamedController {
        throttleClasses = [UserRateThrottle];
        @Get('/')
        list() {
          return {};
        }
      }
      api = await Api.start({ controllers: [RenamedController], axioms: { throttleRates } });
      const ask = () => get({}, '/renamed');
      expect(await statuses([ask(), ask(), ask(), ask()])).to.deep.equal([200, 200, 200, 429]);
      expect(others).to.be.empty;
    });

    it('are looked at for each request, where a controller lists others each time', async () => {
      @JsonController('/changing')
      class ChangingController {
        declare request: AxiomsRequest;
        get throttleClasses(): unknown[] {
          return this.request.query.wrong === undefined ? [UserRateThrottle] : [UserRateThrottle, Work];
        }
        @Get('/')
        list() {
          return {};
        }
      }
      api = await Api.start({ controllers: [ChangingController], axioms: { throttleRates } });
      const [right, wrong] = ['/changing', '/changing?wrong'].map(path => () => get({}, path));
      expect(await statuses([right!(), wrong!(), right!(), wrong!(), right!(), right!()])).to.deep.equal([
        200, 500, 200, 500, 200, 429,
      ]);
    });

    it('do not throttle who may not come in at all', async () => {
      await serve({ throttleClasses: [UserRateThrottle], permissionClasses: [DenyAll] });
      for (let times = 0; times < 5; times += 1) expectRefusal(await get({}), 'permission_denied');
    });

    it('come from the settings where a controller says nothing, and none where it says so', async () => {
      await serve({}, { defaultThrottleClasses: [AnonRateThrottle] });
      expect(await statuses([get(null), get(null), get(null)])).to.deep.equal([200, 200, 429]);
      await api.close();
      await serve({ throttleClasses: [] }, { defaultThrottleClasses: [AnonRateThrottle] });
      expect(await statuses([get(null), get(null), get(null)])).to.deep.equal([200, 200, 200]);
    });

    it('a refused request costs neither the object nor the handler', async () => {
      let [loads, handled] = [0, 0];
      @JsonController('/objects')
      class ObjectController {
        permissionClasses = [AllowAny];
        throttleClasses = [UserRateThrottle];
        getObject() {
          return { loads: (loads += 1) };
        }
        @Get('/:id')
        show() {
          return { handled: (handled += 1) };
        }
      }
      api = await Api.start({ controllers: [ObjectController], axioms: { throttleRates } });
      const show = () => get({}, '/objects/1');
      expect(await statuses([show(), show(), show(), show(), show()])).to.deep.equal([200, 200, 200, 429, 429]);
      expect([loads, handled]).to.deep.equal([3, 3]);
    });
  });

  describe('and methods', () => {
    it('count HEAD as the GET that it is, and a POST beside it', async () => {
      await serve({ throttleClasses: [UserRateThrottle] });
      const head = () => api.as({}, 'head', '/things');
      expect(await statuses([head(), get({}), api.as({}, 'post', '/things')])).to.deep.equal([200, 200, 201]);
      const refused = await head();
      expectHeadRefusal(refused, 'throttled');
      expect(refused.headers['retry-after']).to.equal('60');
      expectThrottled(await get({}), '60');
    });

    it('count OPTIONS where a handler answers it', async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      const options = () => api.as(null, 'options', '/things');
      expect(await statuses([options(), options(), options(), get(null)])).to.deep.equal([200, 200, 429, 429]);
    });

    it('do not count the OPTIONS that Express answers', async () => {
      await serve({ throttleClasses: [AnonRateThrottle] });
      const options = () => api.as(null, 'options', '/things/fail');
      expect(await statuses([options(), options(), options(), get(null)])).to.deep.equal([200, 200, 200, 200]);
    });
  });

  describe('tell the client', () => {
    it('which limits refuse, and until when', async () => {
      await serve({ throttleClasses: [UserRateThrottle, ScopedRateThrottle], throttleScope: 'uploads' });
      expect((await get({})).status).to.equal(200);
      time.pass(10.5);
      const refused = await get({});
      expectThrottled(refused, '86390');
      expect(refused.headers['ratelimit-policy']).to.equal('"uploads";q=1;w=86400');
      expect(refused.headers.ratelimit).to.equal('"uploads";r=0;t=86390');
      await get({});
      const both = await get({});
      expect(both.headers['ratelimit-policy']).to.equal('"user";q=3;w=60, "uploads";q=1;w=86400');
      expect(both.headers.ratelimit).to.equal('"user";r=0;t=50, "uploads";r=0;t=86390');
    });

    it('nothing on a success', async () => {
      await serve({ throttleClasses: [UserRateThrottle] });
      const { headers } = await get({});
      expect(Object.keys(headers).filter(name => name.startsWith('ratelimit'))).to.deep.equal([]);
    });

    it('names as the fields can hold them', async () => {
      const scope = 'a "b" \\';
      await serve(
        { throttleClasses: [ScopedRateThrottle], throttleScope: scope },
        { throttleRates: { [scope]: '0/s' } },
      );
      expect((await get({})).headers['ratelimit-policy']).to.equal('"a \\"b\\" \\\\";q=0;w=1');
    });
  });
});

describe('throttles that can never work stop the start:', () => {
  class NoRate extends SimpleRateThrottle {
    getCacheKey() {
      return 'all';
    }
  }
  class BadRate extends NoRate {
    override rate = '10/fortnight';
  }
  class NumericRate extends NoRate {
    override rate = 10 as unknown as string;
  }
  class OtherScope extends NoRate {
    override scope = 'other';
  }
  class InheritedScope extends NoRate {
    override scope = 'toString';
  }

  for (const [name, rules, message] of [
    ['neither rate nor scope', { throttleClasses: [NoRate] }, 'NoRate has neither a rate nor a scope'],
    [
      'a rate with an unknown period',
      { throttleClasses: [BadRate] },
      "The rate of BadRate is '10/fortnight'; expected 'N/period'",
    ],
    ['a rate that is a number', { throttleClasses: [NumericRate] }, "The rate of NumericRate is '10'"],
    [
      'a scope without a rate',
      { throttleClasses: [OtherScope] },
      "OtherScope has the scope 'other', for which the setting 'throttleRates' has no rate",
    ],
    ['a scope that every object has', { throttleClasses: [InheritedScope] }, "has the scope 'toString'"],
    ['no rate for anon', { throttleClasses: [AnonRateThrottle] }, "AnonRateThrottle has the scope 'anon'"],
    [
      'no rate for the controller',
      { throttleClasses: [ScopedRateThrottle], throttleScope: 'x' },
      "ScopedRateThrottle has the scope 'x'",
    ],
    ['an empty scope', { throttleClasses: [ScopedRateThrottle], throttleScope: '' }, 'neither a rate nor a scope'],
    [
      'a scope that is a list',
      { throttleClasses: [ScopedRateThrottle], throttleScope: ['x'] },
      'neither a rate nor a scope',
    ],
    ['a misspelled scope', { throttleScopes: 'x' }, 'did you mean throttleScope?'],
    [
      'an object',
      {
        throttleClasses: [
          new (class extends BaseThrottle {
            allowRequest() {
              return true;
            }
          })(),
        ],
      },
      'list the class itself',
    ],
  ] as const)
    it(name, () => {
      const said = startError(controllerOf(rules));
      expect(said).to.include(message);
      if (!message.includes('did you') && !message.includes('list the')) expect(said).to.include('ThingController.');
    });
});
