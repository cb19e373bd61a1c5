/** Signing in with a name and a password. */
import { consoleLogger } from '../../core/console-logger';
import { AuthenticationFailed, ImproperlyConfigured } from '../../core/exceptions';
import type { Logger } from '../../core/setting-kinds';
import { textFields } from '../invalid-fields';
import type { PasswordHasher } from './password-hasher';
import type { Attempt, SignInAttempts } from '../../core/sign-in-attempts';
import { globalTimers, startTimer, type Timers } from '../../core/timers';
import type { StoredUser, User } from './user';
import type { UserStore } from './user-store';

/** A request to sign in: two members of the body, as they were sent. */
export interface SignInRequest {
  readonly username?: unknown;
  readonly password?: unknown;
  /** The network that the request comes from, as far as that is trusted. */
  readonly address: string;
}

export interface PasswordSignInOptions {
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly logger?: Logger;
  /**
   * No refusal comes sooner than this many seconds after the question; default 0.1. Hashes of other parameters, or of
   * another scheme, take another time than the decoy: it should be longer than the dearest of them takes.
   */
  readonly refusalTime?: number;
  /** What refusals wait with; default: the global timers. */
  readonly timers?: Timers;
}

const fields = {
  username: { isRequired: true, longest: 254 },
  // Longer than any password; a bound on what a stranger can have hashed.
  password: { isRequired: true, longest: 1024 },
};

/**
 * Signs users in. An unknown name, a wrong password and an inactive user are one case to the caller: the same answer
 * after the same work, and after `refusalTime` at the soonest.
 *
 * @example
 * const signIn = new PasswordSignIn(users, new PhcPasswordHasher(), new MemorySignInAttempts());
 * const user = await signIn.signIn({ username: 'ged', password: 'sparrowhawk', address: '192.0.2.1' });
 */
export class PasswordSignIn {
  readonly #clock: () => number;
  readonly #logger: Logger;
  readonly #refusalTime: number;
  readonly #timers: Timers;

  /** @throws ImproperlyConfigured for a hasher without a decoy. */
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
  }

  /**
   * @throws InvalidFields for a request without the two, or with one that is too long.
   * @throws AuthenticationFailed for everybody who may not, with one answer for all reasons.
   * @throws Throttled after too many tries.
   * @throws ServiceUnavailable where too many passwords are being checked.
   */
  async signIn({ username: name, password: secret, address }: SignInRequest): Promise<User> {
    const { username = '', password = '' } = textFields({ username: name, password: secret }, fields);
    const attempt = { account: username, address };
    await this.attempts.begin(attempt);
    const soonestRefusal = this.#untilRefusals();
    const stored = await this.#check(username, password, attempt);
    if (stored === undefined) {
      await soonestRefusal;
      throw new AuthenticationFailed('No active account found with the given credentials');
    }
    await this.attempts.succeeded(attempt);
    await this.#remember(stored, password);
    return stored.user;
  }

  // It runs beside the work, whose time it covers.
  async #untilRefusals(): Promise<void> {
    if (this.#refusalTime > 0)
      await new Promise<void>(resolve => startTimer(this.#timers, resolve, 1000 * this.#refusalTime));
  }

  async #check(username: string, password: string, attempt: Attempt): Promise<StoredUser | undefined> {
    try {
      const stored = await this.users.findByUsername(username);
      // Without a user, or a password of theirs, the work is the same, and in vain.
      const isRight = await this.hasher.verify(password, stored?.passwordHash ?? this.hasher.decoy);
      const maySignIn = isRight && stored?.passwordHash !== undefined && (stored.user.isActive as unknown) === true;
      return maySignIn ? stored : undefined;
    } catch (error) {
      await this.attempts.undecided(attempt);
      throw error;
    }
  }

  // Who has shown the right password is signed in, even where this cannot be written down.
  async #remember({ user, passwordHash }: StoredUser, password: string): Promise<void> {
    try {
      await this.users.touchLogin(user.id, new Date(this.#clock()));
      if (passwordHash === undefined || !this.hasher.needsRehash(passwordHash)) return;
      await this.users.replacePasswordHash(user.id, passwordHash, await this.hasher.hash(password));
    } catch (error) {
      const reason = error instanceof Error ? error.name : typeof error;
      this.#logger.warn('A sign-in could not be written down', { user: user.id, reason });
    }
  }
}
