/**
 * A DPoP proof that was used at the microservice was accepted again after the clock of Redis or of the database had been set:
 * the store remembered it for two minutes, by that clock. Ten minutes were enough, and only for a moment.
 */
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { TestClient } from 'axioms-routing-controllers/testing';
import type { MicroserviceStore } from '../../src/microservice';
import { InvalidProof } from '../../src/core/http/possession-exceptions';
import { DpopProofs } from '../../src/microservice/tokens/dpop-proofs';
import { TestIssuer } from '../issuer/test-issuer';
import { needsServer, places, redisUrl, type OpenStore } from '../microservice/stores/places';

const externalUrl = 'https://auth.example.com';
const url = `${externalUrl}/auth/refresh/`;
const [minutes, day] = [60, 86_400];

/** A store whose clock is set. */
class SetStore {
  readonly store: MicroserviceStore;
  #ahead = 0;

  constructor(private readonly open: OpenStore) {
    const { store } = open;
    const now = async (): Promise<number> => (await store.now!()) + this.#ahead * 1000;
    this.store = new Proxy(store, {
      get: (_, name) => (name === 'now' ? now : store[name as 'close'].bind(store)),
    });
  }

  async set(ahead: number): Promise<void> {
    const passed = ahead - this.#ahead;
    this.#ahead = ahead;
    const { address } = this.open;
    if (address !== undefined && 'prefix' in address) await passAt(address.prefix, passed * 1000);
    await this.store.removeExpired(await this.store.now!());
  }
}

/** Changes lifetimes as setting the clock of Redis does, which is shared with other tests. */
async function passAt(prefix: string, passed: number): Promise<void> {
  const client = new Redis(redisUrl);
  for (const key of await client.keys(`${prefix}*`))
    await client.pexpire(key, Math.max(0, (await client.pttl(key)) - passed));
  client.disconnect();
}

for (const place of places.filter(({ server }) => server !== undefined))
  describe(`regression: a used proof where the clock of ${place.name} is set`, function () {
    this.timeout(30_000);
    let issuer: TestIssuer;
    let open: OpenStore;
    let clock: SetStore;

    needsServer(place);
    beforeEach(async () => {
      [issuer, open] = await Promise.all([TestIssuer.start(), place.open()]);
      clock = new SetStore(open);
    });
    afterEach(async () => {
      await Promise.all([issuer.close(), open.remove()]);
    });

    // Of another process each time.
    async function answerTo(proof: string): Promise<string> {
      const proofs = new DpopProofs(clock.store, Date.now);
      try {
        await proofs.thumbprint({ request: {}, proofs: [proof], method: 'POST', urls: [url] });
        return 'accepted';
      } catch (error) {
        expect(error).to.be.instanceOf(InvalidProof);
        return 'refused';
      }
    }

    for (const [title, steps] of [
      ['right all the time', [0, 0]],
      ['behind, and then right', [-10 * minutes, -10 * minutes, 0]],
      ['ahead for a moment', [0, 10 * minutes, 0]],
      ['ahead for a moment, without a request', [0, 0]],
      ['ahead for nearly a day', [0, day - 1, 0]],
      ['behind for nearly a day', [1 - day, 0, 1 - day]],
    ] as const)
      it(`is refused again: ${title}`, async () => {
        const proof = new TestClient(issuer, { externalUrl }).proof({ method: 'POST', url });
        const answers: string[] = [];
        for (const ahead of steps) {
          await clock.set(ahead);
          answers.push(await answerTo(proof));
          if (title.includes('without')) await clock.set(10 * minutes);
        }
        expect(answers).to.deep.equal(['accepted', ...steps.slice(1).map(() => 'refused')]);
      });
  });
