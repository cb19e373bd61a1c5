/** Signs users in with a name and a password. */
import { consoleLogger } from '../../core/settings/logger';
import { AuthenticationFailed, ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { textFields } from '../invalid-fields';
import type { PasswordHasher } from './password-hasher';
import { AttemptsWatch } from '../../core/attempts/attempts-watch';
import type { Attempt, SignInAttempts } from '../../core/attempts/sign-in-attempts';
import { globalTimers, startTimer, type Timers } from '../../core/time/timers';
import type { StoredUser, User } from './user';
import type { UserStore } from './user-store';

/** A request to sign in: two unchecked members of the body, and the address. */
export interface SignInRequest {
  readonly username?: unknown;
  readonly password?: unknown;
  /** The network that the request comes from, from trusted sources only. */
  readonly address: string;
  /**
   * Called once the try is counted, and before the password is looked at: what else must be right, and must not be tried by
   * a client whose tries are over. If it rejects, so does the sign-in, and the try does not count.
   */
  readonly counted?: () => Promise<void>;
}

/** A user whose password was right when the user was read from the store. */
export interface CheckedUser {
  readonly user: User;
  /**
   * Reads the user again. Call it once the session is stored: the password check takes time, in which the user may
   * change the password and log out everywhere.
   *
   * @throws AuthenticationFailed if the password is not right any more, or the user is not active any more
   */
  confirm(): Promise<void>;
}

export interface PasswordSignInOptions {
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly logger?: Logger;
  /**
   * The minimum time before a refusal, in seconds; default 0.1. Hashes with other parameters, or of another scheme,
   * take a different time from the decoy, so this should be longer than the most expensive of them takes.
   */
  readonly refusalTime?: number;
  /** The timers that delay refusals; default: the global timers. */
  readonly timers?: Timers;
}

const fields = {
  username: { isRequired: true, longest: 254 },
  // Longer than any password, and a limit on how much an anonymous client can have hashed.
  password: { isRequired: true, longest: 1024 },
};

/**
 * Signs users in. The caller cannot distinguish an unknown name, a wrong password and an inactive user: the answer is
 * the same, after the same work, and not before `refusalTime`.
 *
 * @example
 * const signIn = new PasswordSignIn(users, new PhcPasswordHasher(), new MemorySignInAttempts());
 * const { user } = await signIn.signIn({ username: 'ged', password: 'sparrowhawk', address: '192.0.2.1' });
 */
export class PasswordSignIn {
  readonly #clock: () => number;
  readonly #logger: Logger;
  readonly #refusalTime: number;
  readonly #timers: Timers;
  readonly #watch: AttemptsWatch;

  /** @throws ImproperlyConfigured for a hasher without a decoy */
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly attempts: SignInAttempts,
    {
      clock = () => Date.now(),
      logger = consoleLogger,
      refusalTime = 0.1,
      timers = globalTimers,
    }: PasswordSignInOptions = {},
  ) {
    if (typeof (hasher.decoy as unknown) !== 'string')
      throw new ImproperlyConfigured(
        "The password hasher has no 'decoy': a hash with today's parameters that nobody has.",
      );
    this.#clock = clock;
    this.#logger = logger;
    this.#refusalTime = refusalTime;
    this.#timers = timers;
    this.#watch = new AttemptsWatch(logger);
  }

  /**
   * Returns the user if name and password are right. Check them once more with `confirm()` when the session is stored.
   *
   * @throws InvalidFields if a member is missing or too long
   * @throws AuthenticationFailed for any other refusal, with one answer for all reasons
   * @throws Throttled after too many tries
   * @throws ServiceUnavailable if too many passwords are being checked, or tries cannot be counted
   */
  async signIn({ username: name, password: secret, address, counted }: SignInRequest): Promise<CheckedUser> {
    const { username = '', password = '' } = textFields({ username: name, password: secret }, fields);
    const attempt = { account: username, address };
    await this.#watch.begin(this.attempts, () => this.attempts.begin(attempt));
    const soonestRefusal = this.#untilRefusals();
    const stored = await this.#check(username, password, attempt, counted);
    if (stored === undefined) return refuse(soonestRefusal);
    await this.#watch.takeBack(this.attempts, () => this.attempts.succeeded(attempt));
    await this.#remember(stored, password, address);
    const confirm = async (): Promise<void> => {
      if (!(await this.#isStillRight(stored, username, password, address))) await refuse(soonestRefusal);
    };
    return { user: stored.user, confirm };
  }

  // Runs in parallel with the work, and hides how long the work takes.
  async #untilRefusals(): Promise<void> {
    if (this.#refusalTime > 0)
      await new Promise<void>(resolve => startTimer(this.#timers, resolve, 1000 * this.#refusalTime));
  }

  async #check(
    username: string,
    password: string,
    attempt: Attempt,
    counted?: () => Promise<void>,
  ): Promise<StoredUser | undefined> {
    try {
      await counted?.();
      const stored = await this.users.findByUsername(username);
      // Without a user or a password hash, the same work is done against the decoy.
      const isRight = await this.hasher.verify(password, stored?.passwordHash ?? this.hasher.decoy, attempt.address);
      const maySignIn = isRight && stored?.passwordHash !== undefined && (stored.user.isActive as unknown) === true;
      return maySignIn ? stored : undefined;
    } catch (error) {
      await this.#watch.takeBack(this.attempts, () => this.attempts.undecided(attempt));
      throw error;
    }
  }

  // Another hash need not be of another password: this sign-in, or one at the same time, may have replaced a weaker hash.
  async #isStillRight(checked: StoredUser, username: string, password: string, address: string): Promise<boolean> {
    const { user, passwordHash } = (await this.users.findByUsername(username)) ?? {};
    if (passwordHash === undefined || user?.id !== checked.user.id) return false;
    if ((user.isActive as unknown) !== true) return false;
    return passwordHash === checked.passwordHash || this.hasher.verify(password, passwordHash, address);
  }

  // A user with the right password is signed in even if this write fails.
  async #remember({ user, passwordHash }: StoredUser, password: string, address: string): Promise<void> {
    try {
      await this.users.touchLogin(user.id, new Date(this.#clock()));
      if (passwordHash === undefined || !this.hasher.needsRehash(passwordHash)) return;
      await this.users.replacePasswordHash(user.id, passwordHash, await this.hasher.hash(password, address));
    } catch (error) {
      const reason = error instanceof Error ? error.name : typeof error;
      this.#logger.warn('A sign-in could not be written down', { user: user.id, reason });
    }
  }
}

async function refuse(soonest: Promise<void>): Promise<never> {
  await soonest;
  throw new AuthenticationFailed('No active account found with the given credentials');
}
