/** Fault: an app's `SignInAttempts` that was away made a sign-in a 500, and one that hung made the request hang. */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { BasicAuthentication } from 'axioms-routing-controllers';
import {
  memoryStore,
  MemorySignInAttempts,
  type PasswordHasher,
  type SignInAttempts,
} from 'axioms-routing-controllers/microservice';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { setCookiesOf } from '../microservice/browser';
import { cheapHasher, SignInApp } from '../microservice/sign-in-app';
import { expectExactRefusal } from '../refusals';

const unavailable = {
  status: 503,
  retryAfter: '1',
  error: 'temporarily_unavailable',
  description: 'Sign-ins cannot be counted at the moment',
};
const away = () =>
  Promise.reject(Object.assign(new Error('connect ECONNREFUSED redis.internal'), { code: 'ECONNREFUSED' }));
const hang = () => new Promise<never>(() => undefined);
const fine = () => Promise.resolve();
const throwing = (): never => {
  throw new TypeError('not connected');
};

/** Without waits on purpose, so that an answer is late after a second. */
function attemptsWith(broken: Partial<SignInAttempts>): SignInAttempts {
  return { longestDelay: 0, begin: fine, succeeded: fine, undecided: fine, ...broken };
}

const faults: Readonly<Record<string, Partial<SignInAttempts>>> = {
  'rejects before the check': { begin: away },
  'throws before the check': { begin: throwing },
  'hangs before the check': { begin: hang },
};

/** The try stays counted, which can only refuse more. */
const laterFaults: Readonly<Record<string, Partial<SignInAttempts>>> = {
  rejects: { succeeded: away },
  hangs: { succeeded: hang },
};

describe("regression: an app's counting of sign-ins that is away, at the microservice", () => {
  for (const [what, broken] of Object.entries(faults))
    it(`is 503 with Retry-After and starts no session where it ${what}`, async () => {
      let checked = 0;
      const passwordHasher: PasswordHasher = {
        decoy: cheapHasher.decoy,
        hash: password => cheapHasher.hash(password),
        needsRehash: () => false,
        verify: (...given) => {
          checked += 1;
          return cheapHasher.verify(...given);
        },
      };
      const signInAttempts = attemptsWith(broken);
      const store = memoryStore();
      const app = await new SignInApp({ store, signInAttempts, passwordHasher, refusalTime: 0 }).withUsers();
      const answer = await app.browser().signIn();
      expectExactRefusal(answer, unavailable);
      expect(setCookiesOf(answer)).to.deep.equal([]);
      expect(checked).to.equal(0);
      expect(app.logger.text('error')).to.include(
        'The sign-in store cannot be used; until it can, sign-ins are answered 503',
      );
      expect(JSON.stringify(app.logger.entries)).not.to.include('sparrowhawk');
      Object.assign(signInAttempts, { begin: fine, succeeded: fine });
      expect((await app.browser().signIn()).status).to.equal(200);
      await app.close();
    });

  for (const [what, broken] of Object.entries(laterFaults))
    it(`lets a right password sign in where it ${what} afterwards`, async () => {
      const app = await new SignInApp({ store: memoryStore(), signInAttempts: attemptsWith(broken) }).withUsers();
      expect((await app.browser().signIn()).status).to.equal(200);
      expect(app.logger.text('error')).to.include('The sign-in store cannot be used');
      await app.close();
    });

  it('is 503 where it cannot take back a try that another failure has ended', async () => {
    const app = await new SignInApp({
      store: memoryStore(),
      signInAttempts: attemptsWith({ undecided: away }),
    }).withUsers();
    app.users.findByUsername = away;
    const answer = await app.browser().signIn();
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '1']);
    await app.close();
  });

  it('is still 429 where it refuses the try', async () => {
    const signInAttempts = new MemorySignInAttempts({ triesPerAccountAndAddress: 1 });
    const app = await new SignInApp({ store: memoryStore(), signInAttempts, refusalTime: 0 }).withUsers();
    expect((await app.browser().signIn('ged', 'goat')).status).to.equal(401);
    const answer = await app.browser().signIn();
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([429, '900']);
    await app.close();
  });

  it('waits for as long as a try is slowed down on purpose', async () => {
    const signInAttempts = attemptsWith({ begin: () => new Promise(done => setTimeout(done, 1100)) });
    const app = await new SignInApp({
      store: memoryStore(),
      signInAttempts: { ...signInAttempts, longestDelay: 1 },
    }).withUsers();
    expect((await app.browser().signIn()).status).to.equal(200);
    await app.close();
  });
});

describe('regression: the counting of sign-ins of a class for names and passwords that is away', () => {
  for (const [what, broken] of Object.entries(faults))
    it(`is 503 with Retry-After and runs no handler where it ${what}`, async () => {
      let handled = 0;
      const counting = attemptsWith(broken);

      class StaffAuthentication extends BasicAuthentication {
        protected override readonly attempts = counting;
        authenticateCredentials(userid: string, password: string) {
          return password === 'sparrowhawk' ? { id: userid } : null;
        }
      }

      @JsonController('/staff')
      class StaffController {
        authenticationClasses = [StaffAuthentication];
        @Get('/') list() {
          handled += 1;
          return [];
        }
      }

      const logger = new RecordingLogger();
      const api = await Api.start({ controllers: [StaffController], axioms: { logger } });
      const ask = (): Promise<Response> => Promise.resolve(request(api.app).get('/staff').auth('ged', 'sparrowhawk'));
      expectExactRefusal(await ask(), unavailable);
      expect(handled).to.equal(0);
      expect(JSON.stringify(logger.entries)).not.to.include('sparrowhawk');
      Object.assign(counting, { begin: fine, succeeded: fine });
      expect((await ask()).status).to.equal(200);
      await api.close();
    });
});
