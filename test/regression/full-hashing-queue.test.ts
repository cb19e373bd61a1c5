/** A client with right passwords cannot hold all the places in which passwords wait to be hashed. */
import { expect } from 'chai';
import request, { type Response } from 'supertest';
import { memoryStore, MemoryUserStore, PhcPasswordHasher } from '../../src/microservice';
import { eventually } from '../issuer/fake-time';
import { SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal, type Refusal } from '../refusals';

const busy: Refusal = {
  status: 503,
  retryAfter: '1',
  error: 'temporarily_unavailable',
  description: 'Too many passwords are being checked at the moment',
};

/** A hash that every password matches here. */
const passwordHash = new PhcPasswordHasher().decoy;

class RecordingUsers extends MemoryUserStore {
  lookups = 0;

  override findByUsername(username: string) {
    this.lookups++;
    return super.findByUsername(username);
  }
}

describe('regression: a hashing queue that one client has filled', () => {
  let app: SignInApp;
  let users: RecordingUsers;
  /** Passwords that are verified, and what ends each verification. */
  let verified: string[];
  let ends: (() => void)[];

  beforeEach(async () => {
    [verified, ends, users] = [[], [], new RecordingUsers()];
    for (const username of ['ged', 'mallory']) await users.create({ username, passwordHash });
    const verify = (_hash: string, password: string): Promise<boolean> => {
      verified.push(password);
      return new Promise(resolve =>
        ends.push(() => {
          resolve(true);
        }),
      );
    };
    const unused = () => Promise.reject(new Error('is not called'));
    const bounds = { concurrency: 1, longestQueue: 3 };
    const passwordHasher = new PhcPasswordHasher(bounds, { verify, hash: unused, hashRaw: unused });
    app = new SignInApp({ store: memoryStore(), users, passwordHasher, refusalTime: 0 });
    app.app.set('trust proxy', true);
  });
  afterEach(() => app.close());

  /** Sends a sign-in, and waits until its password waits to be hashed. */
  async function signIn(username: string, password: string, address: string): Promise<{ answer: Promise<Response> }> {
    const { lookups } = users;
    const asked = request(app.app).post('/auth/sign-in').set('X-Forwarded-For', address).send({ username, password });
    const answer = asked.then();
    await eventually(() => users.lookups > lookups);
    await new Promise(setImmediate);
    return { answer };
  }

  async function endAll(count: number): Promise<void> {
    for (let ended = 0; ended < count; ended++) {
      await eventually(() => ends.length > 0);
      ends.shift()!();
    }
  }

  for (const [who, addressOf, owner] of [
    ['one address', () => '203.0.113.1', '192.0.2.1'],
    ['one address of the same site', () => '192.0.2.66', '192.0.2.1'],
    ['the addresses of one IPv6 /64', (n: number) => `2001:db8::${n}`, '2001:db8:0:1::1'],
    ['the networks of one IPv6 /48', (n: number) => `2001:db8:0:${n}::1`, '2001:db8:1::1'],
  ] as const)
    it(`has room for somebody else, although its places are held by ${who}`, async () => {
      const filling: Promise<Response>[] = [];
      for (let n = 1; n <= 4; n++) filling.push((await signIn('mallory', `right ${n}`, addressOf(n))).answer);
      const { answer } = await signIn('ged', 'sparrowhawk', owner);
      const refused = await Promise.race([
        ...filling.map(each => each.then(() => 'mallory')),
        answer.then(() => 'ged'),
      ]);
      expect(refused).to.equal('mallory');
      expectExactRefusal((await filling[3])!, busy);
      expectExactRefusal(await (await signIn('mallory', 'right 5', addressOf(1))).answer, busy);
      await endAll(4);
      expect((await answer).status).to.equal(200);
      expect((await Promise.all(filling.slice(0, 3))).map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      expect(verified).to.deep.equal(['right 1', 'right 2', 'right 3', 'sparrowhawk']);
    });
});
