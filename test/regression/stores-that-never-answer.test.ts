/**
 * A request hung while a store of used proofs, a denylist or a throttle store never answered. A store of used proofs that
 * answered nothing was 500, and one whose wait was no finite number got `Retry-After: Infinity` or `NaN` into the response.
 */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  MemoryDenylist,
  ServiceUnavailable,
  Throttled,
  type ProofStore,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';

let handled = 0;

class AHundredASecond extends UserRateThrottle {
  override rate = '100/second';
}

@JsonController('/books')
class BookController {
  throttleClasses = [AHundredASecond];
  @Get('/') list() {
    handled++;
    return [];
  }
}

const never = () => new Promise<never>(() => undefined);
const externalUrl = 'https://api.example.com';
const timeout = 0.02;

describe('A store that gives no usable answer', () => {
  let api: Api | undefined;
  beforeEach(() => (handled = 0));
  afterEach(() => api?.close());

  async function answerWith(axioms: Partial<SettingsInput>) {
    api = await Api.start({ controllers: [BookController], axioms });
    const client = new TestClient(api.issuer, { externalUrl });
    return request(api.app)
      .get('/books')
      .set(client.fields('GET', '/books', client.token()));
  }

  function proven(use: () => unknown) {
    return answerWith({ dpop: 'allowed', externalUrl, proofStore: { use, timeout } as ProofStore });
  }

  it('is an outage of a store of used proofs after its time limit', async () => {
    const { status, headers } = await proven(never);
    expect([status, headers['retry-after'], handled]).to.deep.equal([503, '1', 0]);
  });

  it('is an outage of a denylist after its time limit', async () => {
    const denylist = Object.assign(new MemoryDenylist(), { isRevoked: never, timeout });
    const { status } = await answerWith({ dpop: 'allowed', externalUrl, denylist });
    expect([status, handled]).to.deep.equal([503, 0]);
  });

  it('is an outage of a throttle store after its time limit', async () => {
    const throttleStore = { hit: never, timeout, fail: 'closed' as const };
    const { status } = await answerWith({ dpop: 'allowed', externalUrl, throttleStore });
    expect([status, handled]).to.deep.equal([503, 0]);
  });

  for (const [name, answer] of Object.entries({ undefined, null: null, true: true, text: 'first' }))
    it(`is an outage of a store of used proofs where it is ${name}`, async () => {
      const { status, headers } = await proven(() => answer);
      expect([status, headers['retry-after'], handled]).to.deep.equal([503, '1', 0]);
    });

  it('says that a proof was issued in the future where the store of used proofs says that it came early', async () => {
    const { status, headers } = await proven(() => ({ answer: 'early' }));
    expect([status, handled]).to.deep.equal([401, 0]);
    expect(headers['www-authenticate']).to.include('error_description="The DPoP proof was issued in the future"');
  });

  it('says that a proof is too old where the store of used proofs says that it came late', async () => {
    const { status, headers } = await proven(() => ({ answer: 'late' }));
    expect([status, handled]).to.deep.equal([401, 0]);
    expect(headers['www-authenticate']).to.include('error_description="The DPoP proof is too old"');
  });

  for (const [wait, seconds] of [
    [NaN, '1'],
    [-5, '1'],
    ['soon', '1'],
    [Infinity, '300'],
    [1e21, '300'],
  ] as const)
    it(`gets a bounded Retry-After where a store of used proofs asks for a wait of ${wait}`, async () => {
      for (const [answer, expected] of [
        ['share', 429],
        ['full', 503],
      ] as const) {
        const { status, headers } = await proven(() => ({ answer, wait }));
        expect([status, headers['retry-after']]).to.deep.equal([expected, seconds]);
        await api?.close();
      }
    });
});

describe('Retry-After', () => {
  it('is a whole number of seconds, whatever the error was given', () => {
    for (const [wait, expected] of [
      [Infinity, '2147483647'],
      [1e21, '2147483647'],
      [0.2, '1'],
    ] as const) {
      expect(new Throttled(wait).headers).to.deep.equal({ 'Retry-After': expected });
      expect(new ServiceUnavailable(undefined, wait).headers).to.deep.equal({ 'Retry-After': expected });
    }
    expect(new ServiceUnavailable(undefined, NaN).headers).to.deep.equal({ 'Retry-After': '1' });
  });
});
