import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import type { OutagePolicy } from 'axioms-routing-controllers/throttling';
import type { ThrottleStore } from 'axioms-routing-controllers/throttling';
import { storeChanges, type StoreEvent } from '../../src/core/reports/events';
import { MemoryThrottleStore, UserRateThrottle } from '../../src/throttling';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

class TwoAMinute extends UserRateThrottle {
  override rate = '2/minute';
}

@JsonController('/things')
class ThingController {
  permissionClasses = [AllowAny];
  throttleClasses = [TwoAMinute];
  @Get('/')
  list() {
    return [];
  }
}

/** A store that can be cut off. */
class CuttableStore implements ThrottleStore {
  isCut = false;
  readonly fail: OutagePolicy | undefined;
  readonly #memory = new MemoryThrottleStore();

  constructor(fail?: OutagePolicy) {
    this.fail = fail;
  }

  hit(...given: Parameters<MemoryThrottleStore['hit']>) {
    if (this.isCut) return Promise.reject(new Error('cut off'));
    return this.#memory.hit(...given);
  }
}

describe('while the store of throttles cannot be reached', () => {
  let api: Api;
  let logger: RecordingLogger;
  let events: StoreEvent[];
  let unsubscribe: () => void;

  async function serve(throttleStore: ThrottleStore): Promise<void> {
    logger = new RecordingLogger();
    events = [];
    unsubscribe = storeChanges.subscribe(event => events.push(event));
    api = await Api.start({ controllers: [ThingController], axioms: { throttleStore, logger } });
  }
  afterEach(async () => {
    unsubscribe();
    await api.close();
  });

  async function statuses(times: number): Promise<number[]> {
    const found: number[] = [];
    for (; times > 0; times -= 1) found.push((await api.as({}, 'get', '/things')).status);
    return found;
  }

  for (const [policy, during] of [
    ['open', [200, 200, 200, 200]],
    ['closed', [503, 503, 503, 503]],
    ['local', [200, 200, 429, 429]],
    [undefined, [200, 200, 429, 429]],
  ] as const)
    it(`the policy ${policy ?? 'that nobody chose'} answers ${during.join(', ')}`, async () => {
      const store = new CuttableStore(policy);
      await serve(store);
      expect(await statuses(1)).to.deep.equal([200]);
      store.isCut = true;
      expect(await statuses(4)).to.deep.equal(during);
      store.isCut = false;
      expect(await statuses(2)).to.deep.equal([200, 429]);
    });

  it('a closed policy says when to come again, and nothing of why', async () => {
    const store = new CuttableStore('closed');
    store.isCut = true;
    await serve(store);
    const response = await api.as({}, 'get', '/things');
    expect([response.status, response.headers['retry-after'], response.body]).to.deep.equal([
      503,
      '1',
      { error: 'temporarily_unavailable', error_description: 'The request cannot be checked at the moment' },
    ]);
  });

  it('it is logged and published once, and so is its end', async () => {
    const store = new CuttableStore();
    await serve(store);
    await statuses(1);
    expect([logger.text('error'), events]).to.deep.equal(['', []]);
    store.isCut = true;
    await statuses(3);
    store.isCut = false;
    await statuses(2);
    expect(events).to.deep.equal([
      { store: 'throttle', outcome: 'failed' },
      { store: 'throttle', outcome: 'recovered' },
    ]);
    expect(logger.text('error')).to.equal(
      'The throttle store cannot be used; until it can, every process counts for itself {"cause":"cut off"}',
    );
    expect(logger.text('info')).to.include('The throttle store works again');
  });

  it('a store that throws at once is out, too', async () => {
    const hit = () => {
      throw new Error('broken');
    };
    await serve({ hit, fail: 'local' });
    expect(await statuses(3)).to.deep.equal([200, 200, 429]);
  });

  for (const answer of [undefined, null, true, {}, { isAllowed: true }, { isAllowed: 1, remaining: 1, reset: 1 }])
    it(`a store that answers ${JSON.stringify(answer)} is out`, async () => {
      await serve({ hit: () => answer as never });
      expect(await statuses(3)).to.deep.equal([200, 200, 429]);
      expect(logger.text('error')).to.include('must answer { isAllowed, remaining, reset }');
    });
});
