/** Stores users in the memory of this process, for tests and demos. */
import { randomUUID } from 'node:crypto';
import { foldedEmail, isSameEmail } from './email';
import type { Identity, NewUser, StoredUser, User } from './user';
import { UserConflict, type UserStore } from './user-store';

interface Entry {
  user: User;
  passwordHash: string | undefined;
  readonly identities: Identity[];
}

/**
 * A store that keeps users until the process ends.
 *
 * @example
 * const users = new MemoryUserStore();
 * await users.create({ username: 'ged', passwordHash: await hasher.hash('sparrowhawk') });
 */
export class MemoryUserStore implements UserStore {
  readonly #entries = new Map<string, Entry>();

  findById(id: string): Promise<User | undefined> {
    return Promise.resolve(this.#entries.get(id)?.user);
  }

  findByUsername(username: string): Promise<StoredUser | undefined> {
    const entry = this.#find(({ user }) => user.username === username);
    return Promise.resolve(entry === undefined ? undefined : { user: entry.user, passwordHash: entry.passwordHash });
  }

  findByIdentity(identity: Identity): Promise<User | undefined> {
    return Promise.resolve(this.#holderOf(identity)?.user);
  }

  findByEmail(email: string): Promise<readonly User[]> {
    const found = [...this.#entries.values()].filter(({ user }) => isSameEmail(user['email'], email));
    return Promise.resolve(found.map(({ user }) => user));
  }

  // Not async, so that nothing can run between the check and the change.
  create({ passwordHash, identity, isActive = true, ...attributes }: NewUser): Promise<User> {
    const conflict = this.#conflictOf(attributes, identity);
    if (conflict !== undefined) return Promise.reject(conflict);
    const { email } = attributes;
    const folded = email === undefined ? {} : { email: foldedEmail(email) };
    const user: User = Object.freeze({ ...attributes, ...folded, isActive, id: randomUUID() });
    this.#entries.set(user.id, { user, passwordHash, identities: identity === undefined ? [] : [identity] });
    return Promise.resolve(user);
  }

  link(userId: string, identity: Identity): Promise<void> {
    const entry = this.#entries.get(userId);
    const isTaken = this.#holderOf(identity) !== undefined;
    const hasAnother = entry?.identities.some(({ issuer }) => issuer === identity.issuer);
    if (entry === undefined || isTaken || hasAnother) return Promise.reject(new UserConflict('identity'));
    entry.identities.push(identity);
    return Promise.resolve();
  }

  replacePasswordHash(userId: string, from: string | undefined, to: string): Promise<boolean> {
    const entry = this.#entries.get(userId);
    if (entry === undefined || entry.passwordHash !== from) return Promise.resolve(false);
    entry.passwordHash = to;
    return Promise.resolve(true);
  }

  touchLogin(userId: string, time: Date): Promise<void> {
    this.update(userId, { lastLogin: time });
    return Promise.resolve();
  }

  /** Changes attributes of a user, including `isActive`. */
  update(userId: string, attributes: Partial<Omit<User, 'id'>>): void {
    const entry = this.#entries.get(userId);
    if (entry !== undefined) entry.user = Object.freeze({ ...entry.user, ...attributes, id: userId });
  }

  #conflictOf({ username, email }: NewUser, identity: Identity | undefined): UserConflict | undefined {
    if (identity !== undefined && this.#holderOf(identity) !== undefined) return new UserConflict('identity');
    if (this.#find(({ user }) => user.username === username) !== undefined) return new UserConflict('username');
    const isTaken = email !== undefined && this.#find(({ user }) => isSameEmail(user['email'], email)) !== undefined;
    return isTaken ? new UserConflict('email') : undefined;
  }

  #holderOf({ issuer, subject }: Identity): Entry | undefined {
    return this.#find(({ identities }) => identities.some(one => one.issuer === issuer && one.subject === subject));
  }

  #find(isMeant: (entry: Entry) => boolean): Entry | undefined {
    return [...this.#entries.values()].find(isMeant);
  }
}
