/** Evaluates the description of a requirement for a caller. */
import type { User } from '../../authentication/user';
import { callerOf, judge } from '../../core/requirements/judge';
import type { Truth } from '../../core/requirements/kind';
import type { Requirement } from '../../core/requirements/requirement';

/** Returns whether the requirement allows the caller; `undefined` if only code, or the object, decides. */
export function isMetBy(requirement: Requirement, user: User | undefined, method: string): Truth {
  if (user?.isAuthenticated !== true) return judge(requirement, callerOf(anonymous, method));
  const { scopes = [], roles = [], permissions = [] } = user;
  return judge(requirement, callerOf({ isAuthenticated: true, grants: { scopes, roles, permissions } }, method));
}

const anonymous = { isAuthenticated: false, grants: { scopes: [], roles: [], permissions: [] } };
