/** Authentication by name and password in the Authorization header (RFC 7617). */
import type { Request } from 'express';
import { basicCredentials } from '../core/basic-credentials';
import { challenge, writeChallenge } from '../core/challenge';
import { addressOf } from '../core/client-address';
import { AuthenticationFailed } from '../core/exceptions';
import type { Settings } from '../core/settings';
import { MemorySignInAttempts, type SignInAttempts } from '../core/sign-in-attempts';
import { globalTimers, startTimer, type Timers } from '../core/timers';
import { asUser, isClosed } from './app-user';
import { BaseAuthentication, type AuthenticationResult } from './base';
import { JointTries } from './joint-tries';
import { contextOf } from './request-context';
import type { User } from './user';

/**
 * The user of a name and a password (RFC 7617), as a subclass finds them. Failed tries are counted by account and address
 * together: 429 after ten in a quarter of an hour. An account alone is only slowed down, so that a stranger cannot lock
 * it. A name of more than 1,024 bytes is refused without a question. Mirrors DRF's `BasicAuthentication`. Over TLS only:
 * the password is in every request.
 *
 * @throws InvalidRequest (400) for a header that cannot be read.
 * @throws AuthenticationFailed (401) for a wrong password and for an unknown name, the same and after the same time.
 * @throws Throttled (429)
 * @example
 * class StaffAuthentication extends BasicAuthentication {
 *   override async authenticateCredentials(userid: string, password: string) {
 *     const isRight = await this.accounts.verify(userid, password); // of unknown names, too, at the same cost
 *     return isRight ? { id: userid, isStaff: true } : null;
 *   }
 *   private readonly accounts = { verify: async (_userid: string, _password: string) => false };
 * }
 */
export abstract class BasicAuthentication extends BaseAuthentication {
  override readonly isToken: boolean = false;
  override readonly authorizationSchemes: readonly string[] = ['Basic'];
  /** Milliseconds from any start; only differences count. Default: a clock that nobody can set. */
  protected readonly clock: () => number = () => performance.now();
  /** What refusals wait with; default: the global timers. */
  protected readonly timers: Timers = globalTimers;
  /** Counts tries; default: in the memory of this process, one count for a server. */
  protected readonly attempts?: SignInAttempts;
  /**
   * No refusal comes sooner than this many seconds after the question, so that the time tells nobody which names there
   * are; default 0.1. It should be longer than a verification takes.
   */
  protected readonly refusalTime: number = 0.1;

  /**
   * Whose name and password these are: the app's account, or nothing where there is no such account or the password is
   * not its. An account with `isActive: false` is none.
   */
  abstract authenticateCredentials(userid: string, password: string, request: Request): unknown;

  async authenticate(request: Request): Promise<AuthenticationResult | null> {
    const credentials = basicCredentials(request);
    if (credentials === null) return null;
    if (Buffer.byteLength(credentials.userid) > longestName) throw new AuthenticationFailed();
    const attempts = this.attempts ?? attemptsOf(contextOf(request).settings);
    const tried = await JointTries.of(attempts).begin(credentials, addressOf(request));
    const asked = this.clock();
    const user = await this.userOf(credentials.userid, credentials.password, request).catch(async (error: unknown) => {
      await tried.end('undecided');
      throw error;
    });
    await tried.end(user === null ? 'failed' : 'succeeded');
    if (user !== null) return { user };
    await this.waitForRefusal(asked);
    throw new AuthenticationFailed();
  }

  // The charset says that names and passwords may be in any language (RFC 7617 §2.1).
  override authenticateHeader(request: Request): string {
    const { realm } = contextOf(request).settings;
    return writeChallenge(challenge('Basic', { realm, charset: 'UTF-8' }));
  }

  private async userOf(userid: string, password: string, request: Request): Promise<User | null> {
    const account = await this.found(userid, password, request);
    if (account === undefined || account === null || account === false) return null;
    const user = asUser(account, `${this.constructor.name}.authenticateCredentials`);
    return !user.isAuthenticated || isClosed(user) ? null : user;
  }

  // A class may say "no" by its exception, too; what else it says there would tell names apart.
  private async found(userid: string, password: string, request: Request): Promise<unknown> {
    try {
      return await this.authenticateCredentials(userid, password, request);
    } catch (error) {
      if (error instanceof AuthenticationFailed) return null;
      throw error;
    }
  }

  // A clock that was set back must not make the wait longer.
  private async waitForRefusal(asked: number): Promise<void> {
    const left = this.refusalTime * 1000 - Math.max(0, this.clock() - asked);
    if (left > 0) await new Promise<void>(resolve => startTimer(this.timers, resolve, left));
  }
}

// Bytes of UTF-8. No account has a longer name, and none is hashed, counted or looked up.
const longestName = 1024;

const known = new WeakMap<Settings, SignInAttempts>();

function attemptsOf(settings: Settings): SignInAttempts {
  const attempts = known.get(settings) ?? new MemorySignInAttempts();
  known.set(settings, attempts);
  return attempts;
}
