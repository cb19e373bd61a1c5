import 'reflect-metadata';
import { createServer } from 'node:http';
import express, { type Express, type Request } from 'express';
import { expect } from 'chai';
import { Get, JsonController, Post } from 'routing-controllers';
import request, { type Test } from 'supertest';
import { Service } from 'typedi';
import {
  AccessTokenAuthentication,
  AuthenticationFailed,
  BasicAuthentication,
  HasValidAccessToken,
  IsAdminUser,
  MemorySignInAttempts,
  type SignInAttempts,
  SessionAuthentication,
  isAuthenticated,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { JointTries } from '../../src/authentication/joint-tries';
import { FakeTime } from '../issuer/fake-time';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal, permissionDenied, type Refusal } from '../refusals';

let time = new FakeTime();
let attempts = new MemorySignInAttempts();
/** Counts with the attempts of the test that runs: the server keeps the first ones that a class has. */
const latest: SignInAttempts = {
  begin: attempt => attempts.begin(attempt),
  succeeded: attempt => {
    attempts.succeeded(attempt);
  },
  undecided: attempt => {
    attempts.undecided(attempt);
  },
};
let verified: string[] = [];
/** Milliseconds by which the class's clock is wrong. */
let clockError = 0;
/** What a verification waits for. */
let pending: Promise<unknown> = Promise.resolve();

@Service()
class Accounts {
  private readonly passwords = new Map([
    ['alice', 'open sesame'],
    ['bob', 'p:w'],
    ['名前', 'パスワード'],
    ['closed', 'closed'],
    ['broken', 'broken'],
    ['strict', 'strict'],
  ]);

  async verify(userid: string, password: string) {
    verified.push(userid);
    await pending;
    if (userid === 'broken') throw new Error('the database is down');
    const isRight = this.passwords.get(userid) === password;
    if (!isRight && userid === 'strict') throw new AuthenticationFailed('There is such an account');
    if (!isRight) return userid === 'nobody' ? undefined : null;
    return { name: userid, isStaff: userid === 'alice', isActive: userid !== 'closed' };
  }
}

@Service({ transient: true })
class AccountAuthentication extends BasicAuthentication {
  protected override readonly clock = () => time.now + clockError;
  protected override readonly timers = time.timers;
  protected override readonly attempts = latest;

  constructor(private readonly accounts: Accounts) {
    super();
  }

  override authenticateCredentials(userid: string, password: string, asked: Request) {
    expect(asked.path).to.be.a('string');
    return this.accounts.verify(userid, password);
  }
}

class SimpleAuthentication extends BasicAuthentication {
  protected override readonly refusalTime = 0;
  override authenticateCredentials(userid: string, password: string) {
    return userid === 'alice' && password === 'open sesame' ? { name: userid } : false;
  }
}

class WrongAuthentication extends BasicAuthentication {
  override authenticateCredentials() {
    return true;
  }
}

let handled = 0;

abstract class Who {
  declare request: AxiomsRequest;
  @Get('/') get() {
    handled++;
    const { user, auth, authJwt } = this.request;
    return { user, isAuthenticated: isAuthenticated(this.request), by: auth?.authenticator.constructor.name, authJwt };
  }
  @Post('/') post() {
    return this.get();
  }
}

@JsonController('/basic')
class BasicController extends Who {
  authenticationClasses = [AccountAuthentication];
}

@JsonController('/staff')
class StaffController extends Who {
  authenticationClasses = [AccountAuthentication];
  permissionClasses = [IsAdminUser];
}

@JsonController('/hybrid')
class HybridController extends Who {
  authenticationClasses = [AccessTokenAuthentication, AccountAuthentication, SessionAuthentication];
}

@JsonController('/reversed')
class ReversedController extends Who {
  authenticationClasses = [SessionAuthentication, AccountAuthentication, HasValidAccessToken];
}

@JsonController('/simple')
class SimpleController extends Who {
  authenticationClasses = [SimpleAuthentication];
}

@JsonController('/wrong')
class WrongController extends Who {
  authenticationClasses = [WrongAuthentication];
}

const controllers = [
  BasicController,
  StaffController,
  HybridController,
  ReversedController,
  SimpleController,
  WrongController,
];

const basic = 'Basic realm="api", charset="UTF-8"';
const plain = 'Bearer realm="api"';
const failed: Refusal = {
  status: 401,
  challenges: [basic],
  error: 'authentication_failed',
  description: 'Incorrect authentication credentials',
};
const nobody: Refusal = {
  status: 401,
  challenges: [basic],
  error: 'not_authenticated',
  description: 'Authentication credentials were not provided',
};
const malformed: Refusal = {
  status: 400,
  error: 'invalid_request',
  description: 'The Basic credentials are malformed',
};

function throttled(retryAfter: number): Refusal {
  return { status: 429, retryAfter: String(retryAfter), error: 'throttled', description: 'Request was throttled' };
}

describe('BasicAuthentication', () => {
  let issuer: TestIssuer;
  let app: Express;
  const logger = new RecordingLogger();

  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.set('trust proxy', true);
    app.use((asked, _response, next) => {
      if (asked.get('X-Session') !== undefined) asked.user = { name: asked.get('X-Session') } as Express.User;
      next();
    });
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    time = new FakeTime();
    attempts = new MemorySignInAttempts();
    attempts.clock = time.clock;
    attempts.timers = time.timers;
    verified = [];
    clockError = 0;
    pending = Promise.resolve();
    handled = 0;
  });

  function ask(authorization: string | null, path = '/basic', address = '192.0.2.1'): Test {
    const asked = request(app).get(path).set('X-Forwarded-For', address);
    return authorization === null ? asked : asked.set('Authorization', authorization);
  }

  function header(userid: string, password: string): string {
    return `Basic ${Buffer.from(`${userid}:${password}`).toString('base64')}`;
  }

  /** Sends it, and lets the time pass that it waits for. */
  async function passing(test: Test, seconds = 10) {
    const progress = { isAnswered: false };
    const answer = test.then(response => {
      progress.isAnswered = true;
      return response;
    });
    while (!progress.isAnswered) {
      await new Promise(resolve => setImmediate(resolve));
      if (time.waiting > 0) time.advance(seconds);
    }
    return answer;
  }

  async function fail(times: number, userid: string, address: string): Promise<void> {
    for (let count = 0; count < times; count++)
      expectExactRefusal(await passing(ask(header(userid, `wrong ${count}`), '/basic', address), 0.1), failed);
  }

  for (const [userid, password] of [
    ['alice', 'open sesame'],
    ['bob', 'p:w'],
    ['名前', 'パスワード'],
  ] as const)
    it(`knows ${userid} by the password, asking an injected service`, async () => {
      const { status, body } = (await ask(header(userid, password))) as { status: number; body: unknown };
      expect(status).to.equal(200);
      expect(body).to.deep.equal({
        user: { name: userid, isStaff: userid === 'alice', isActive: true },
        isAuthenticated: true,
        by: 'AccountAuthentication',
        authJwt: null,
      });
    });

  it('asks for a name and a password where there are none', async () => {
    expectExactRefusal(await ask(null), nobody);
    expectExactRefusal(await ask(`Bearer ${issuer.token()}`), nobody);
    expect(verified).to.deep.equal([]);
  });

  it('says the same of an unknown name, a wrong password, a closed account, and whatever a class throws', async () => {
    for (const [userid, password] of [
      ['alice', 'wrong'],
      ['alice', ''],
      ['nobody', 'open sesame'],
      ['', ''],
      ['closed', 'closed'],
      ['strict', 'wrong'],
    ] as const)
      expectExactRefusal(await passing(ask(header(userid, password)), 0.1), failed);
    expect(handled).to.equal(0);
  });

  it('says it after the same time, known name or not', async () => {
    for (const userid of ['alice', 'nobody', 'closed']) {
      const start = time.now;
      await passing(ask(header(userid, 'wrong')), 0.01);
      expect(time.now - start, userid).to.equal(100);
    }
  });

  it('reads no header that can be read in two ways', async () => {
    for (const wrong of ['Basic', 'Basic !', 'Basic YWxpY2U=', 'Basic YWxpY2U6b3BlbiBzZXNhbWU'])
      expectExactRefusal(await ask(wrong), malformed);
    expect(verified).to.deep.equal([]);
  });

  it('lets staff in where only staff may', async () => {
    expect((await ask(header('alice', 'open sesame'), '/staff')).status).to.equal(200);
    expectExactRefusal(await ask(header('bob', 'p:w'), '/staff'), permissionDenied);
    expectExactRefusal(await ask(null, '/staff'), nobody);
  });

  it('does not count a verification that could not be made', async () => {
    for (let count = 0; count < 15; count++) expect((await ask(header('broken', 'x'))).status).to.equal(500);
  });

  it('answers 500 to a class that returns no account', async () => {
    expect((await ask(header('a', 'b'), '/wrong')).status).to.equal(500);
    expect(logger.text('error')).to.include('WrongAuthentication.authenticateCredentials gave a boolean as the user');
  });

  it('logs neither name nor password', async () => {
    const before = logger.entries.length;
    await passing(ask(header('secret-name', 'secret-word')));
    expect(JSON.stringify(logger.entries.slice(before))).not.to.match(/secret-(?:name|word)/);
  });

  it('refuses a name of more than 1,024 bytes without asking anybody, and counts nothing', async () => {
    const server = createServer({ maxHeaderSize: 128 * 1024 }, app).listen(0);
    try {
      for (const userid of ['é'.repeat(513), ...Array.from({ length: 40 }, (_, n) => `${n}${'x'.repeat(40 * 1024)}`)])
        expectExactRefusal(
          await request(server).get('/basic').set('Authorization', header(userid, 'open sesame')).timeout(5000),
          failed,
        );
    } finally {
      server.close();
    }
    expect(verified).to.deep.equal([]);
    expect(time.waiting).to.equal(0);
    expect(attempts.remembered).to.deep.equal({ accounts: 0, addresses: 0, pairs: 0 });
    expectExactRefusal(await passing(ask(header('é'.repeat(512), 'open sesame')), 0.1), failed);
    expect(verified).to.have.length(1);
  });

  it('counts no try whose password was not compared', async () => {
    await fail(10, 'alice', '192.0.2.1');
    const before = attempts.remembered;
    for (let count = 0; count < 20; count++)
      expectExactRefusal(await ask(header('alice', `wrong ${count}`)), throttled(899));
    for (let count = 0; count < 20; count++) expect((await ask(header('broken', `${count}`))).status).to.equal(500);
    expect(attempts.remembered).to.deep.equal(before);
    expect((await ask(header('bob', 'p:w'))).status).to.equal(200);
  });

  it('keeps an account closed through a flood of other names from other addresses', async () => {
    attempts = new MemorySignInAttempts({ size: 20 });
    attempts.clock = time.clock;
    attempts.timers = time.timers;
    await fail(9, 'alice', '192.0.2.1');
    for (let host = 0; host < 60; host++) await fail(1, `name-${host}`, `198.51.100.${host}`);
    await fail(1, 'alice', '192.0.2.1');
    verified = [];
    expect((await ask(header('alice', 'open sesame'))).status).to.equal(429);
    expect(verified).to.deep.equal([]);
    expect(attempts.remembered).to.deep.equal({ accounts: 20, addresses: 20, pairs: 20 });
  });

  it('does not wait longer for a refusal where the clock is set back in the meantime', async () => {
    pending = Promise.resolve().then(() => {
      clockError -= 3_600_000;
    });
    const start = time.now;
    expectExactRefusal(await passing(ask(header('alice', 'wrong')), 0.01), failed);
    expect(time.now - start).to.equal(100);
  });

  describe('among others', () => {
    const all = [plain, basic];

    it('sends every challenge, in list order, as fields of their own', async () => {
      expectExactRefusal(await ask(null, '/hybrid'), { ...nobody, challenges: all });
      expectExactRefusal(await ask(null, '/reversed'), { ...nobody, challenges: [basic, plain] });
    });

    it('refuses bad credentials of each kind, however good the others are', async () => {
      const answers = [
        [header('alice', 'wrong'), '/hybrid', { ...failed, challenges: all }],
        [header('alice', 'wrong'), '/reversed', { ...failed, challenges: [basic, plain] }],
        ['Basic !', '/hybrid', malformed],
      ] as const;
      for (const [authorization, path, refusal] of answers)
        expectExactRefusal(await passing(ask(authorization, path).set('X-Session', 'alice')), refusal);
      const description = 'The access token expired';
      expectExactRefusal(await ask(`Bearer ${issuer.token({ exp: 1 })}`, '/hybrid').set('X-Session', 'alice'), {
        status: 401,
        challenges: [bearer('invalid_token', description), basic],
        error: 'invalid_token',
        description,
      });
      expect(handled).to.equal(0);
    });

    it('lets each kind in', async () => {
      for (const path of ['/hybrid', '/reversed'])
        for (const [authorization, session, name] of [
          [header('alice', 'open sesame'), undefined, 'alice'],
          [header('alice', 'open sesame'), 'bob', 'alice'],
          [null, 'bob', 'bob'],
        ] as const) {
          const asked = ask(authorization, path);
          const response = await (session === undefined ? asked : asked.set('X-Session', session));
          expect((response.body as { user: object }).user, path).to.include({ name });
        }
    });
  });

  describe('counts tries that fail', () => {
    it('closes an account to an address after ten, and to no other address', async () => {
      await fail(10, 'alice', '192.0.2.1');
      verified = [];
      for (const password of ['open sesame', 'wrong'])
        expectExactRefusal(await ask(header('alice', password)), throttled(899));
      expect(verified).to.deep.equal([]);
      expect((await ask(header('bob', 'p:w'))).status).to.equal(200);
      const elsewhere = ask(header('alice', 'open sesame'), '/basic', '198.51.100.1');
      expect((await passing(elsewhere)).status).to.equal(200);
    });

    it('of one address with other ports as those of one address', async () => {
      // As Azure's Application Gateway writes X-Forwarded-For: without this, each connection would have tries of its own.
      for (let port = 0; port < 10; port++) await fail(1, 'alice', `192.0.2.1:${40_000 + port}`);
      for (const address of ['192.0.2.1:50000', '192.0.2.1'])
        expectExactRefusal(await ask(header('alice', 'open sesame'), '/basic', address), throttled(899));
    });

    it('of what is no address as those of the proxy', async () => {
      for (let name = 0; name < 10; name++) await fail(1, 'alice', `_hidden${name}`);
      expectExactRefusal(await ask(header('alice', 'open sesame'), '/basic', 'unknown'), throttled(899));
    });

    it('opens it again after a quarter of an hour', async () => {
      await fail(10, 'alice', '192.0.2.1');
      time.advance(900);
      expect((await ask(header('alice', 'open sesame'))).status).to.equal(200);
    });

    it('counts an unknown name as a known one', async () => {
      await fail(10, 'nobody', '192.0.2.1');
      expectExactRefusal(await ask(header('nobody', 'wrong')), throttled(899));
    });

    it('forgets them with a password that is right', async () => {
      for (let round = 0; round < 3; round++) {
        await fail(9, 'alice', '192.0.2.1');
        expect((await passing(ask(header('alice', 'open sesame')))).status).to.equal(200);
      }
    });

    it('slows an account down that is tried from many addresses, and never closes it', async () => {
      for (let host = 1; host <= 20; host++) await fail(2, 'alice', `192.0.2.${host}`);
      const start = time.now;
      const stranger = ask(header('alice', 'open sesame'), '/basic', '198.51.100.1');
      expect((await passing(stranger, 1)).status).to.equal(200);
      expect(time.now - start).to.equal(5000);
      // Who was right there before does not wait.
      expect((await ask(header('alice', 'open sesame'), '/basic', '198.51.100.1')).status).to.equal(200);
      expect(time.waiting).to.equal(0);
    });

    it('takes requests with the same credentials at the same time for one try', async () => {
      let release = (): void => undefined;
      pending = new Promise<void>(resolve => {
        release = resolve;
      });
      const all = Array.from({ length: 40 }, () => ask(header('alice', 'open sesame')).then(({ status }) => status));
      while (verified.length < 40) await new Promise(resolve => setImmediate(resolve));
      release();
      expect(new Set(await Promise.all(all))).to.deep.equal(new Set([200]));
    });

    it('does not verify the same wrong password as often as somebody likes', async () => {
      let release = (): void => undefined;
      pending = new Promise<void>(resolve => {
        release = resolve;
      });
      const tried = Array.from({ length: 120 }, () => attempt());
      async function attempt(): Promise<string> {
        const joint = await JointTries.of(latest).begin(
          { userid: 'alice', password: 'wrong' },
          '192.0.2.1',
          'AccountAuthentication',
        );
        await pending;
        await joint.end('failed');
        return 'tried';
      }
      release();
      await Promise.all(tried);
      await fail(7, 'alice', '192.0.2.1');
      expectExactRefusal(await ask(header('alice', 'open sesame')), throttled(900));
    });

    it('joins no more than 10,000 tries at a time: beyond them each request is a try', () => {
      let begun = 0;
      const never = new Promise<void>(() => undefined);
      const tries = JointTries.of({
        begin: () => (begun++, never),
        succeeded: () => undefined,
        undecided: () => undefined,
      });
      for (let count = 0; count < 10_100; count++)
        for (let part = 0; part < 2; part++)
          void tries.begin({ userid: `name-${count}`, password: 'x' }, '192.0.2.1', 'Staff');
      expect(begun).to.equal(10_000 + 2 * 100);
    });

    it('takes different passwords at the same time for as many tries', async () => {
      let release = (): void => undefined;
      pending = new Promise<void>(resolve => {
        release = resolve;
      });
      const sent = Array.from({ length: 40 }, (_, index) =>
        ask(header('alice', `guess ${index}`)).then(({ status }) => {
          if (status === 429 && ++refused === 30) release();
          return status;
        }),
      );
      let refused = 0;
      const progress = { isDone: false };
      const statuses = Promise.all(sent).then(found => {
        progress.isDone = true;
        return found;
      });
      while (!progress.isDone) {
        await new Promise(resolve => setImmediate(resolve));
        if (refused === 30 && time.waiting > 0) time.advance(1);
      }
      expect((await statuses).filter(status => status === 429)).to.have.length(30);
      expect(verified).to.have.length(10);
    });

    it('counts by itself, in memory, where nothing is injected', async () => {
      for (let count = 0; count < 10; count++)
        expectExactRefusal(await ask(header('alice', `wrong ${count}`), '/simple'), failed);
      const refused = await ask(header('alice', 'open sesame'), '/simple');
      expect(refused.status).to.equal(429);
      expect(Number(refused.get('Retry-After'))).to.be.within(1, 900);
      expect((await ask(header('carol', 'x'), '/simple')).status).to.equal(401);
    });
  });
});
