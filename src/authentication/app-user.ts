/** Makes the app's own account the user of a request. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import { isPending } from '../core/time/soon';
import type { User } from './user';

/**
 * Returns the app's own account object, with `isAuthenticated: true` added if it lacks the property. The added property
 * is not enumerable, so that it does not get into a session store, database or response. An object that is not
 * extensible is copied.
 *
 * @throws ImproperlyConfigured for a value that is not an object, and for a promise or a query that nobody has awaited.
 */
export function asUser(account: unknown, place: string): User {
  if (typeof account !== 'object' || account === null || Array.isArray(account))
    throw new ImproperlyConfigured(
      `${place} gave ${account === null ? 'null' : `a ${typeof account}`} as the user; expected an object, such as { id: 7, isStaff: false }.`,
    );
  if (isPending(seen(account)))
    throw new ImproperlyConfigured(
      `${place} gave a promise or a query as the user: await it, and give the object that it resolves to.`,
    );
  if ('isAuthenticated' in account) return account as User;
  const user = Object.isExtensible(account) ? account : copyOf(account);
  Object.defineProperty(user, 'isAuthenticated', { value: true, writable: true, configurable: true });
  return user as User;
}

/**
 * Tells whether the account is closed. As in Django, `isActive` decides: if an account has it, only `true` means open,
 * because a database may write 0 or null for false.
 */
export function isClosed(account: object): boolean {
  const { isActive } = account as { isActive?: unknown };
  return isActive !== undefined && isActive !== true;
}

function copyOf(account: object): object {
  return Object.assign(Object.create(Object.getPrototypeOf(account) as object | null) as object, account);
}
