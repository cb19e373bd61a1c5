/** The app's own account as the user of a request. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { User } from './user';

/**
 * The very object that the app knows its account by, which also says `isAuthenticated`, where it does not say that
 * itself. What is added is not enumerable: no session store, database or answer gets to see it. An object that takes no
 * property is copied.
 *
 * @throws ImproperlyConfigured for something that is no object.
 */
export function asUser(account: unknown, place: string): User {
  if (typeof account !== 'object' || account === null || Array.isArray(account))
    throw new ImproperlyConfigured(
      `${place} gave ${account === null ? 'null' : `a ${typeof account}`} as the user; expected an object, such as { id: 7, isStaff: false }.`,
    );
  if ('isAuthenticated' in account) return account as User;
  const user = Object.isExtensible(account) ? account : copyOf(account);
  Object.defineProperty(user, 'isAuthenticated', { value: true, writable: true, configurable: true });
  return user as User;
}

/**
 * Was the account closed? As in Django, `isActive` says so: where an account has it, only `true` is open. A database may
 * write 0 or null for false.
 */
export function isClosed(account: object): boolean {
  const { isActive } = account as { isActive?: unknown };
  return isActive !== undefined && isActive !== true;
}

function copyOf(account: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(account) as object | null) as object, account);
}
