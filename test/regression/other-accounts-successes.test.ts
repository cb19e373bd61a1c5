/** A sign-in to the attacker's own account must not allow more guesses at another account. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { BasicAuthentication, createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { memoryStore, MemoryUserStore } from '../../src/microservice';
import { TestIssuer } from '../issuer/test-issuer';
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

describe("regression: guesses between sign-ins to the attacker's own account", () => {
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

  it("are still counted where the attacker's own name differs in case only", async () => {
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

/** The customer's own password, which the customer may change. */
let own: string;
let verified: string[] = [];
/** What each verification waits for. */
let meeting: () => Promise<void>;

abstract class Accounts extends BasicAuthentication {
  protected override readonly refusalTime = 0;
  protected abstract passwordOfAdmin(): string;

  override async authenticateCredentials(name: string, password: string) {
    verified.push(`${this.constructor.name} ${password}`);
    await meeting();
    return name === 'admin' && password === this.passwordOfAdmin() ? { name } : null;
  }
}

// Two classes may have the same name, above all in minified code.
function staffAccounts() {
  return class Admins extends Accounts {
    protected passwordOfAdmin = () => 'staff secret';
  };
}

class Admins extends Accounts {
  protected passwordOfAdmin = () => own;
}

const StaffAdmins = staffAccounts();

@JsonController('/staff')
class StaffPages {
  authenticationClasses = [StaffAdmins];

  @Get('/') get() {
    return 'staff';
  }
}

@JsonController('/shop')
class ShopPages {
  authenticationClasses = [Admins];

  @Get('/') get() {
    return 'shop';
  }
}

describe('regression: guesses at a name in one class of Basic authentication', () => {
  const wrong: Refusal = {
    status: 401,
    challenges: ['Basic realm="api", charset="UTF-8"'],
    error: 'authentication_failed',
    description: 'Incorrect authentication credentials',
  };
  let issuer: TestIssuer;
  let app: ReturnType<typeof createExpressServer>;

  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());

  beforeEach(() => {
    app = createExpressServer({ controllers: [StaffPages, ShopPages], axioms: issuer.settings() });
    own = 'mine';
    verified = [];
    meeting = () => Promise.resolve();
  });
  afterEach(() => {
    (app.locals.axioms as AxiomsServer).close();
  });

  const ask = (path: string, password: string): Promise<Response> =>
    request(app).get(path).auth('admin', password).then();

  /** Expects a refusal without a look at the password, however long the window still is by the real clock. */
  async function expectClosed(path: string, password: string): Promise<void> {
    verified = [];
    const response = await ask(path, password);
    expect(response.headers['retry-after']).to.match(/^(?:8\d\d|900)$/);
    expectExactRefusal(response, { ...throttled, retryAfter: response.headers['retry-after'] ?? '' });
    expect(verified).to.deep.equal([]);
  }

  it("are still counted after a sign-in to the attacker's own account of that name in another class", async () => {
    for (let tried = 0; tried < 9; tried++) expectExactRefusal(await ask('/staff', `guess ${tried}`), wrong);
    expect((await ask('/shop', 'mine')).status).to.equal(200);
    expectExactRefusal(await ask('/staff', 'guess 9'), wrong);
    await expectClosed('/staff', 'staff secret');
    expect((await ask('/shop', 'mine')).status).to.equal(200);
  });

  it("are counted where each is also the password of the attacker's own account, used at the same time", async () => {
    for (let tried = 0; tried < 10; tried++) {
      own = `guess ${tried}`;
      meeting = meetingOf(2);
      const answers = await Promise.all([ask('/staff', own), ask('/shop', own)]);
      expect(answers.map(({ status }) => status)).to.deep.equal([401, 200]);
    }
    meeting = () => Promise.resolve();
    await expectClosed('/staff', 'staff secret');
  });

  it('close the address to every class after a hundred', async () => {
    for (let tried = 0; tried < 100; tried++) {
      const path = tried % 2 === 0 ? '/staff' : '/shop';
      const asked = request(app).get(path).auth(`name ${tried}`, 'guess');
      expectExactRefusal(await asked, wrong);
    }
    await expectClosed('/staff', 'staff secret');
    await expectClosed('/shop', 'mine');
  });
});

/** Waits until this many have come. */
function meetingOf(most: number): () => Promise<void> {
  let [come, open] = [0, (): void => undefined];
  const all = new Promise<void>(resolve => (open = resolve));
  return () => {
    if (++come === most) open();
    return all;
  };
}
