/** A sign-in to one's own account must not allow more guesses at the account of somebody else. */
import { expect } from 'chai';
import { memoryStore, MemoryUserStore } from '../../src/microservice';
import { cheapHasher, SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal, type Refusal } from '../refusals';

const throttled: Refusal = {
  status: 429,
  retryAfter: '900',
  error: 'throttled',
  description: 'Request was throttled',
};

class RecordingUsers extends MemoryUserStore {
  readonly lookups: string[] = [];

  override findByUsername(username: string) {
    this.lookups.push(username);
    return super.findByUsername(username);
  }
}

describe("regression: guesses between sign-ins to one's own account", () => {
  let app: SignInApp;
  let users: RecordingUsers;

  beforeEach(async () => {
    users = new RecordingUsers();
    for (const [username, password] of [
      ['ged', 'sparrowhawk'],
      ['Ged', 'mine'],
    ] as const)
      await users.create({ username, passwordHash: await cheapHasher.hash(password) });
    app = new SignInApp({ store: memoryStore(), users, refusalTime: 0 });
  });
  afterEach(() => app.close());

  async function guess(count: number): Promise<void> {
    for (let tried = 0; tried < count; tried++)
      expect((await app.browser().signIn('ged', `guess ${tried}`)).status).to.equal(401);
  }

  it('are counted on where the own name differs in case only', async () => {
    await guess(9);
    expect((await app.browser().signIn('Ged', 'mine')).status).to.equal(200);
    await guess(1);
    users.lookups.length = 0;
    for (const password of ['guess', 'sparrowhawk'])
      expectExactRefusal(await app.browser().signIn('ged', password), throttled);
    expect(users.lookups).to.deep.equal([]);
  });

  it('are forgotten with the right password for the same spelling', async () => {
    for (let round = 0; round < 2; round++) {
      await guess(9);
      expect((await app.browser().signIn('ged', 'sparrowhawk')).status).to.equal(200);
    }
  });
});
