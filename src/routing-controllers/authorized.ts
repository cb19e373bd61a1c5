/** What `@Authorized()` asks: the app's own checker, or else who is calling and in which roles. */
import type { Request } from 'express';
import {
  ForbiddenError,
  UnauthorizedError,
  type Action,
  type ActionMetadata,
  type AuthorizationChecker,
} from 'routing-controllers';
import { NotAuthenticated, PermissionDenied } from '../core/exceptions';
import { isAuthenticated } from '../permissions/access';
import { grantsOfRequest } from '../permissions/token-claims';

/** @throws NotAuthenticated, PermissionDenied, or upstream's errors where the app's own checker says no. */
export async function checkAuthorized(
  meta: ActionMetadata,
  action: Action,
  own: AuthorizationChecker | undefined,
): Promise<void> {
  const request = action.request as Request;
  const roles = meta.authorizedRoles as string[];
  if (own === undefined) {
    checkRoles(request, roles);
  } else if (!(await own(action, roles))) {
    throw upstreamRefusal(request, roles);
  }
}

function checkRoles(request: Request, roles: readonly string[]): void {
  if (!isAuthenticated(request)) throw new NotAuthenticated();
  const granted = grantsOfRequest(request).roles;
  if (roles.length > 0 && !roles.some(role => granted.includes(role))) throw new PermissionDenied();
}

// An app that brings its own checker keeps the answers that its clients know.
function upstreamRefusal({ method, url }: Request, roles: readonly string[]): Error {
  if (roles.length > 0)
    return Object.assign(new ForbiddenError(`Access is denied for request on ${method} ${url}`), {
      name: 'AccessDeniedError',
    });
  return Object.assign(new UnauthorizedError(`Authorization is required for request on ${method} ${url}`), {
    name: 'AuthorizationRequiredError',
  });
}
