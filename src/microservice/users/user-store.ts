/** Where users are kept. */
import type { Identity, NewUser, StoredUser, User } from './user';

/** What another user has already. */
export type ConflictReason = 'username' | 'email' | 'identity';

/** A user cannot be stored, because another one has the same name, e-mail address or identity. */
export class UserConflict extends Error {
  override readonly name = 'UserConflict';

  constructor(readonly reason: ConflictReason) {
    super(`Another user has this ${reason}`);
  }
}

/**
 * Where users are kept: the app's own table, or anything else. Every method is one atomic step: of two calls at the same
 * time that want the same name, address or identity, one wins and the other is a {@link UserConflict}.
 */
export interface UserStore {
  /** @returns `undefined` where there is no such user, whatever the id looks like. */
  findById(id: string): Promise<User | undefined>;

  /** The user with exactly this name, and the hash of the password. */
  findByUsername(username: string): Promise<StoredUser | undefined>;

  findByIdentity(identity: Identity): Promise<User | undefined>;

  /** The users with this e-mail address; ASCII letters are the same in capitals, no other characters are. */
  findByEmail(email: string): Promise<readonly User[]>;

  /**
   * @throws UserConflict where another user has the name, the address or the identity; nothing is stored then.
   */
  create(user: NewUser): Promise<User>;

  /**
   * Adds an identity to a user.
   *
   * @throws UserConflict where the identity is somebody's, or the user has another one of the same issuer.
   */
  link(userId: string, identity: Identity): Promise<void>;

  /**
   * Sets the hash of a password where it is still `from`, so that a hash that is made anew never undoes a password that
   * was changed meanwhile.
   *
   * @returns whether it was.
   */
  replacePasswordHash(userId: string, from: string | undefined, to: string): Promise<boolean>;

  /** Remembers the sign-in. */
  touchLogin(userId: string, time: Date): Promise<void>;
}
