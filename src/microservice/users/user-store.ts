/** The contract of a store for users. */
import type { Identity, NewUser, StoredUser, User } from './user';

/** What another user already has. */
export type ConflictReason = 'username' | 'email' | 'identity';

/** A user cannot be stored, because another one has the same name, e-mail address or identity. */
export class UserConflict extends Error {
  override readonly name = 'UserConflict';

  constructor(readonly reason: ConflictReason) {
    super(`Another user has this ${reason}`);
  }
}

/**
 * Stores users: in the app's own table, or anywhere else. Every method is one atomic step. Of two simultaneous calls
 * with the same name, address or identity, one succeeds and the other throws a {@link UserConflict}. Every read sees all
 * earlier changes, so it must not go to a replica that lags behind.
 */
export interface UserStore {
  /** Returns the user with this ID; `undefined` if there is no such user, even for an ID of another form. */
  findById(id: string): Promise<User | undefined>;

  /** Returns the user with exactly this name, and the hash of the password. */
  findByUsername(username: string): Promise<StoredUser | undefined>;

  findByIdentity(identity: Identity): Promise<User | undefined>;

  /** Returns the users with this e-mail address. Only ASCII letters are compared without case. */
  findByEmail(email: string): Promise<readonly User[]>;

  /**
   * Creates a user.
   *
   * @throws UserConflict if another user has the name, the address or the identity; nothing is stored then
   */
  create(user: NewUser): Promise<User>;

  /**
   * Adds an identity to a user.
   *
   * @throws UserConflict if a user already has the identity, or this user has another one of the same issuer
   */
  link(userId: string, identity: Identity): Promise<void>;

  /**
   * Replaces the hash of a password if it is still `from`, so that a rehash never undoes a password change that
   * happened in the meantime.
   *
   * @returns whether the hash was replaced
   */
  replacePasswordHash(userId: string, from: string | undefined, to: string): Promise<boolean>;

  /** Stores the time of a sign-in. */
  touchLogin(userId: string, time: Date): Promise<void>;
}
