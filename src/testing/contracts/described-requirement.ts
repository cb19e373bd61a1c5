/** Whether a description says that somebody may. */
import type { User } from '../../authentication/user';
import { isGrant, meets, type Requirement } from '../../core/requirement';

/** `undefined`: the description does not say; only code, or the object, does. */
export function isMetBy(requirement: Requirement, user: User | undefined, method: string): boolean | undefined {
  const isSomebody = user?.isAuthenticated === true;
  if (isGrant(requirement)) {
    const { scopes = [], roles = [], permissions = [] } = user ?? {};
    return isSomebody && meets({ scopes, roles, permissions }, requirement);
  }
  switch (requirement.kind) {
    case 'and':
    case 'or':
      return together(
        requirement.of.map(one => isMetBy(one, user, method)),
        requirement.kind === 'or',
      );
    case 'not':
      return negated(isMetBy(requirement.of, user, method));
    case 'methods':
      return requirement.methods.includes(method);
    case 'anyone':
    case 'nobody':
      return requirement.kind === 'anyone';
    case 'authenticated':
      return isSomebody;
    default:
      return undefined;
  }
}

function together(all: readonly (boolean | undefined)[], decisive: boolean): boolean | undefined {
  if (all.includes(decisive)) return decisive;
  return all.includes(undefined) ? undefined : !decisive;
}

function negated(isMet: boolean | undefined): boolean | undefined {
  return isMet === undefined ? undefined : !isMet;
}
