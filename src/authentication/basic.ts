/** Authentication by name and password in the Authorization header (RFC 7617). */
import type { Request } from 'express';
import { basicCredentials } from '../core/http/basic-credentials';
import { challenge, writeChallenge } from '../core/http/challenge';
import { addressOf } from '../core/http/client-address';
import { AuthenticationFailed } from '../core/http/exceptions';
import { warnOfUnreadProxies } from '../core/reports/unread-proxies';
import type { Settings } from '../core/settings/settings';
import { AttemptsWatch } from '../core/attempts/attempts-watch';
import { MemorySignInAttempts, type SignInAttempts } from '../core/attempts/sign-in-attempts';
import { globalTimers, startTimer, type Timers } from '../core/time/timers';
import { asUser, isClosed } from './app-user';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { JointTries } from './joint-tries';
import { contextOf } from './request-context';
import type { User } from './user';

/**
 * Authenticates by a name and a password (RFC 7617); a subclass finds the account. Failed attempts are counted per account
 * and address: 429 after ten in a quarter of an hour. An account alone is only slowed down, so that a stranger at other
 * addresses cannot lock it. A name of more than 1,024 bytes is refused without a lookup. Mirrors DRF's `BasicAuthentication`. Use
 * it over TLS only: the password is in every request.
 *
 * @throws InvalidRequest (400) if the header cannot be read.
 * @throws AuthenticationFailed (401) for a wrong password and for an unknown name, with the same text after the same time.
 * @throws Throttled (429) after too many failed attempts.
 * @example
 * class StaffAuthentication extends BasicAuthentication {
 *   override async authenticateCredentials(userid: string, password: string) {
 *     const isRight = await this.accounts.verify(userid, password); // takes the same time for an unknown name
 *     return isRight ? { id: userid, isStaff: true } : null;
 *   }
 *   private readonly accounts = { verify: async (_userid: string, _password: string) => false };
 * }
 */
export abstract class BasicAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = false;
  override readonly authorizationSchemes: readonly string[] = ['Basic'];
  /** Returns milliseconds since any start; only differences count. Default: a monotonic clock. */
  protected readonly clock: () => number = () => performance.now();
  /** The timers that delay refusals; default: the global timers. */
  protected readonly timers: Timers = globalTimers;
  /**
   * Counts attempts; default: in the memory of this process. Each class has accounts of its own, and the address has one
   * count for each server. A class without `@Service()` is constructed for each request: the value of its first object
   * counts for all objects of the class on a server.
   */
  protected readonly attempts?: SignInAttempts;
  /**
   * Seconds that a refusal takes at least, so that its time does not reveal which names exist; default 0.1. It should be
   * longer than a verification takes.
   */
  protected readonly refusalTime: number = 0.1;

  /**
   * Returns the app's account for a name and a password, or nothing if there is no such account or the password is wrong.
   * An account with `isActive: false` is refused.
   */
  abstract authenticateCredentials(userid: string, password: string, request: Request): unknown;

  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const credentials = basicCredentials(request);
    if (credentials === null) return null;
    if (Buffer.byteLength(credentials.userid) > longestName) throw new AuthenticationFailed();
    const { settings } = contextOf(request);
    warnOfUnreadProxies(request, settings.logger);
    const attempts = this.attemptsOn(settings);
    const { watch } = countersOf(settings);
    const tried = await watch.begin(attempts, () =>
      JointTries.of(attempts).begin(credentials, addressOf(request), nameOf(this)),
    );
    const asked = this.clock();
    const user = await this.userOf(credentials.userid, credentials.password, request).catch(async (error: unknown) => {
      await watch.takeBack(attempts, () => tried.end('undecided'));
      throw error;
    });
    await watch.takeBack(attempts, () => tried.end(user === null ? 'failed' : 'succeeded'));
    if (user !== null) return { user };
    await this.waitForRefusal(asked);
    throw new AuthenticationFailed();
  }

  // The charset tells clients to encode names and passwords in UTF-8 (RFC 7617 §2.1).
  override authenticateHeader(request: Request): string {
    const { realm } = contextOf(request).settings;
    return writeChallenge(challenge('Basic', { realm, charset: 'UTF-8' }));
  }

  // Otherwise a field of a class that is constructed for each request would begin to count at zero each time.
  private attemptsOn(settings: Settings): SignInAttempts {
    const { byDefault, byClass } = countersOf(settings);
    const attempts = byClass.get(this.constructor) ?? this.attempts;
    if (attempts !== undefined) byClass.set(this.constructor, attempts);
    return attempts ?? byDefault;
  }

  private async userOf(userid: string, password: string, request: Request): Promise<User | null> {
    const account = await this.found(userid, password, request);
    if (account === undefined || account === null || account === false) return null;
    const user = asUser(account, `${this.constructor.name}.authenticateCredentials`);
    return !user.isAuthenticated || isClosed(user) ? null : user;
  }

  // A subclass may also refuse by throwing. Its text is not sent: it could reveal which names exist.
  private async found(userid: string, password: string, request: Request): Promise<unknown> {
    try {
      return await this.authenticateCredentials(userid, password, request);
    } catch (error) {
      if (error instanceof AuthenticationFailed) return null;
      throw error;
    }
  }

  // A clock that was set back must not prolong the wait.
  private async waitForRefusal(asked: number): Promise<void> {
    const left = this.refusalTime * 1000 - Math.max(0, this.clock() - asked);
    if (left > 0) await new Promise<void>(resolve => startTimer(this.timers, resolve, left));
  }
}

// Bytes of UTF-8. A longer name is neither hashed, counted nor looked up.
const longestName = 1024;

/** The counters of one server. */
class Counters {
  readonly byDefault: SignInAttempts = new MemorySignInAttempts();
  /** The counters of classes that have their own. */
  readonly byClass = new WeakMap<object, SignInAttempts>();
  readonly watch: AttemptsWatch;

  constructor({ logger }: Settings) {
    this.watch = new AttemptsWatch(logger);
  }
}

const counters = new WeakMap<Settings, Counters>();

function countersOf(settings: Settings): Counters {
  const known = counters.get(settings) ?? new Counters(settings);
  counters.set(settings, known);
  return known;
}

const classNames = new WeakMap<object, string>();
const classesWithName = new Map<string, number>();

/** Returns the name of an object's class, with a number if another class has the same name: a minifier gives short ones. */
function nameOf({ constructor }: object): string {
  const known = classNames.get(constructor);
  if (known !== undefined) return known;
  const number = (classesWithName.get(constructor.name) ?? 0) + 1;
  classesWithName.set(constructor.name, number);
  const name = number === 1 ? constructor.name : `${constructor.name} ${number}`;
  classNames.set(constructor, name);
  return name;
}
