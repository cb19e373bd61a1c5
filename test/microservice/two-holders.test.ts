/** Two parties hold one refresh token: in every order of their refreshes the session ends (RFC 9700 §4.14.2). */
import { expect } from 'chai';
import { memoryStore } from '../../src/microservice';
import { RefreshFamilies, SessionEnded } from '../../src/microservice/refresh/refresh-families';
import type { RefreshToken } from '../../src/microservice/refresh/refresh-token';
import { Secrets } from '../../src/microservice/secrets';
import { silentLogger } from '../issuer/test-issuer';
import { secret } from './sign-in-app';

const grace = 10;

/** Every order of 12 uses by two parties, in which each uses its token at least three times. */
const orders = Array.from({ length: 2 ** 12 }, (_, bits) =>
  Array.from({ length: 12 }, (_, place) => (bits >> place) & 1),
).filter(order => order.filter(party => party === 1).length >= 3 && order.filter(party => party === 0).length >= 3);

class Session {
  #now = Date.UTC(2025, 0, 1);
  readonly #families = new RefreshFamilies(
    {
      issuer: 'https://auth.example.com',
      clientId: 'web',
      rotateRefreshTokens: true,
      refreshTokenLifetime: 86_400,
      sessionLifetime: 2_592_000,
      refreshGracePeriod: grace,
      maxSessionsPerUser: 20,
      logger: silentLogger,
      clock: () => this.#now,
    },
    { store: memoryStore(), secrets: new Secrets(secret), denylist: undefined },
  );

  async begin(): Promise<RefreshToken> {
    return (await this.#families.begin('ged', null, () => Promise.resolve())).token;
  }

  async use(token: RefreshToken, gap: number): Promise<RefreshToken> {
    this.#now += 1000 * gap;
    return (await this.#families.rotate(await this.#families.check(token))).token;
  }
}

/** Returns the number of uses of each party until the session ended; `undefined` if it did not. */
async function usesUntilEnd(order: readonly number[], gap: number): Promise<readonly [number, number] | undefined> {
  const session = new Session();
  const first = await session.begin();
  const held: [RefreshToken, RefreshToken] = [first, first];
  const uses: [number, number] = [0, 0];
  for (const party of order as (0 | 1)[]) {
    uses[party]++;
    try {
      held[party] = await session.use(held[party], gap);
    } catch (error) {
      if (error instanceof SessionEnded) return uses;
      throw error;
    }
  }
  return undefined;
}

describe('two parties who hold one refresh token', function () {
  this.timeout(60_000);

  it('are found before the less active one has used it a third time, in every order', async () => {
    expect(orders).to.have.length(3938);
    for (const order of orders) {
      const uses = await usesUntilEnd(order, grace + 1);
      expect(uses, order.join('')).not.to.equal(undefined);
      expect(Math.min(...uses!), order.join('')).to.be.lessThan(3);
    }
  });

  it('are not found while they always come within one grace period of each other', async () => {
    expect(await usesUntilEnd([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], grace / 2)).to.equal(undefined);
  });

  it('do not end the session of one party that repeats what it did not hear of', async () => {
    const session = new Session();
    const first = await session.begin();
    const lost = await session.use(first, 1);
    const again = await session.use(first, grace + 60);
    expect(again.text).not.to.equal(lost.text);
    expect((await session.use(again, 60)).text).not.to.equal(again.text);
  });
});
