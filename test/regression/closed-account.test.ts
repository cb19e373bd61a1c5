/** An account that one site tries from many addresses stays open to its owner, at an address that is new to it. */
import { expect } from 'chai';
import express from 'express';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  BasicAuthentication,
  MemorySignInAttempts,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { memoryStore, PhcPasswordHasher } from '../../src/microservice';
import { eventually, FakeTime } from '../issuer/fake-time';
import { TestIssuer } from '../issuer/test-issuer';
import { SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal, type Refusal } from '../refusals';

let time: FakeTime;
let attempts: MemorySignInAttempts;
let verified: string[];

class StaffAuthentication extends BasicAuthentication {
  protected override readonly attempts = attempts;
  protected override readonly refusalTime = 0;

  override authenticateCredentials(name: string, password: string) {
    verified.push(password);
    return name === 'alice' && password === 'right' ? { id: 1 } : null;
  }
}

@JsonController('/staff')
class StaffController {
  authenticationClasses = [StaffAuthentication];

  @Get('/') get() {
    return 'in';
  }
}

const refused: Refusal = {
  status: 401,
  challenges: ['Basic realm="api", charset="UTF-8"'],
  error: 'authentication_failed',
  description: 'Incorrect authentication credentials',
};
const throttled: Refusal = {
  status: 429,
  retryAfter: '5',
  error: 'throttled',
  description: 'Request was throttled',
};

describe('regression: an account that is tried from many addresses of one site', () => {
  let issuer: TestIssuer;
  let app: express.Express;
  let answered: number;

  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());

  beforeEach(() => {
    time = new FakeTime();
    // After ten first tries, the tries of a site need places.
    attempts = Object.assign(new MemorySignInAttempts({ firstTriesPerSite: 10 }), {
      clock: time.clock,
      timers: time.timers,
    });
    verified = [];
    answered = 0;
    app = express().set('trust proxy', 1);
    useExpressServer(app, { controllers: [StaffController], axioms: issuer.settings() });
  });
  afterEach(() => {
    (app.locals.axioms as AxiomsServer).close();
  });

  function ask(password: string, address: string): Promise<Response> {
    const credentials = `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`;
    const asked = request(app).get('/staff').set({ Authorization: credentials, 'X-Forwarded-For': address });
    return asked.then(response => {
      answered++;
      return response;
    });
  }

  /** Tries with wrong passwords, each from another network of one /48, until each is answered or waits. */
  async function flood(count: number, first = 0): Promise<Promise<Response>[]> {
    const waiting = time.waiting;
    const before = answered;
    const tries = Array.from({ length: count }, (_, index) => {
      const network = (first + index).toString(16);
      return ask(`wrong-${network}`, `2001:db8:0:${network}::1`);
    });
    await eventually(() => answered - before + time.waiting - waiting === count);
    return tries;
  }

  /** The first ten tries are quick, and twenty more wait: as many as may. */
  async function full(): Promise<Promise<Response>[]> {
    for (const quick of await flood(10)) expectExactRefusal(await quick, refused);
    const slow = await flood(20, 10);
    expect(time.waiting).to.equal(20);
    return slow;
  }

  it('is only slowed down for its owner, whose first try needs no place', async () => {
    const slow = await full();
    expectExactRefusal(await ask('wrong', '2001:db8:0:ffff::1'), throttled);
    verified = [];
    const owner = ask('right', '198.51.100.1');
    await eventually(() => time.waiting === 21);
    expect([answered, verified]).to.deep.equal([11, []]);
    time.advance(5);
    const answer = await owner;
    expect([answer.status, answer.text]).to.deep.equal([200, '"in"']);
    for (const one of await Promise.all(slow)) expectExactRefusal(one, refused);
    // The tries that waited are compared, and no other.
    expect(verified).to.have.length(21);
  });

  /** Tries once with a wrong password from each of these addresses, and waits until all are refused. */
  async function mistype(addresses: readonly string[]): Promise<void> {
    const [waiting, tries] = [time.waiting, addresses.map(address => ask('wrong', address))];
    await eventually(() => time.waiting === waiting + addresses.length);
    time.advance(5);
    for (const one of await Promise.all(tries)) expectExactRefusal(one, refused);
  }

  it('lets each of several owners’ sites wait for a second try, and takes nothing from a site that has one try', async () => {
    for (const quick of await flood(10)) expectExactRefusal(await quick, refused);
    const owners = Array.from({ length: 19 }, (_, index) => `198.51.${100 + index}.1`);
    await mistype([...owners, '203.0.113.1']);
    const slow = await flood(20, 10);
    const done = answered;
    const sites = owners.map(address => ask('right', address));
    await eventually(() => answered === done + 19);
    expect(time.waiting).to.equal(20);
    // Twenty sites with one try each: nobody has more than a share.
    expectExactRefusal(await ask('right', '203.0.113.1'), throttled);
    expectExactRefusal(await ask('wrong', '2001:db8:0:ffff::1'), throttled);
    time.advance(5);
    for (const site of await Promise.all(sites)) expect(site.status).to.equal(200);
    const [first, ...others] = await Promise.all(slow);
    expectExactRefusal(first!, refused);
    for (const other of others) expectExactRefusal(other, throttled);
  });

  it('does not count a try that gave way', async () => {
    for (const quick of await flood(10)) expectExactRefusal(await quick, refused);
    await mistype(['198.51.100.1']);
    const slow = await flood(20, 10);
    const site = '2001:db8:0:1d::1';
    void ask('right', '198.51.100.1');
    await eventually(() => answered === 12);
    time.advance(5);
    await eventually(() => answered === 32);
    expectExactRefusal((await Promise.all(slow)).at(-1)!, throttled);
    // The network of the try that gave way has all its ten.
    for (let count = 0; count < 10; count++) {
      const next = ask(`next-${count}`, site);
      await eventually(() => time.waiting === 1);
      time.advance(5);
      expectExactRefusal(await next, refused);
    }
    expectExactRefusal(await ask('next', site), { ...throttled, retryAfter: '850' });
  });

  for (const [where, addressOf] of [
    ['in 60 sites', (host: number) => `10.0.${host}.1`],
    ['in one IPv4 /24', (host: number) => `203.0.113.${host}`],
    ['in one IPv6 /48', (host: number) => `2001:db8:0:${host.toString(16)}::1`],
  ] as const)
    it(`opens to an owner at each of 20 new addresses while it is tried from 60 addresses ${where}`, async () => {
      attempts = Object.assign(new MemorySignInAttempts(), { clock: time.clock, timers: time.timers });
      // The tries that waited come all at once here, which is another limit's matter.
      const scrypt = { ln: 10, r: 1, p: 1 };
      const passwordHasher = new PhcPasswordHasher({ scrypt, argon2: false, concurrency: 8, longestQueue: 100 });
      const options = { store: memoryStore(), signInAttempts: attempts, refusalTime: 0, passwordHasher };
      const own = await new SignInApp(options).withUsers();
      own.app.set('trust proxy', 1);
      const signIn = (password: string, address: string) =>
        own.browser().ask('sign-in/', { username: 'ged', password }).set('X-Forwarded-For', address);
      const isTrying = new Set<number>();
      const statuses = { guesses: [] as number[], owner: [] as number[] };
      const guess = async (host: number): Promise<void> => {
        isTrying.add(host);
        statuses.guesses.push((await signIn('wrong', addressOf(host))).status);
        isTrying.delete(host);
      };
      for (let round = 0; round < 20; round++) {
        for (let host = 0; host < 60; host++) if (!isTrying.has(host)) void guess(host);
        await eventually(() => isTrying.size === time.waiting);
        // The last one is in the neighborhood of the guesses.
        const owner = signIn('sparrowhawk', round === 19 ? addressOf(99) : `198.51.${100 + round}.7`);
        const answer = owner.then(({ status }) => statuses.owner.push(status));
        await eventually(() => time.waiting === isTrying.size + 1);
        time.advance(5);
        await answer;
        await eventually(() => isTrying.size === 0);
      }
      expect(statuses.owner).to.deep.equal(Array<number>(20).fill(200));
      // 60 first tries, ten of them quick, and then 20 in each round; not more than ten of each address.
      expect(statuses.guesses.filter(status => status === 401)).to.have.length.within(60, 60 + 19 * 20);
      expect(statuses.guesses).to.include(429);
      await own.close();
    }).timeout(60_000);

  it('is only slowed down at the sign-in of the microservice, too', async () => {
    const own = await new SignInApp({ store: memoryStore(), signInAttempts: attempts, refusalTime: 0 }).withUsers();
    own.app.set('trust proxy', 1);
    let done = 0;
    const signIn = (password: string, address: string) =>
      own
        .browser()
        .ask('sign-in/', { username: 'ged', password })
        .set('X-Forwarded-For', address)
        .then(response => {
          done++;
          return response;
        });
    for (let host = 0; host < 10; host++) expect((await signIn('wrong', `192.0.2.${host}`)).status).to.equal(401);
    const slow = Array.from({ length: 20 }, (_, host) => signIn('wrong', `192.0.2.${50 + host}`));
    await eventually(() => time.waiting === 20);
    const owner = signIn('sparrowhawk', '198.51.100.1');
    await eventually(() => time.waiting === 21);
    expect(done).to.equal(10);
    time.advance(5);
    expect((await owner).status).to.equal(200);
    for (const { status } of await Promise.all(slow)) expect(status).to.equal(401);
    await own.close();
  });
});
