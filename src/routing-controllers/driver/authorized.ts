/** The rules of `@Authorized()`: the app's `authorizationChecker`, or else authentication and roles. */
import type { Request, Response } from 'express';
import {
  ForbiddenError,
  UnauthorizedError,
  type Action,
  type ActionMetadata,
  type AuthorizationChecker,
} from 'routing-controllers';
import { requireUnanswered } from '../../core/http/answered';
import type { Requirement } from '../../core/requirements/requirement';

/**
 * Returns what `@Authorized()` and `@CurrentUser({ required: true })` require, as data. An `authorizationChecker` and a
 * `currentUserChecker` of the app appear as custom requirements, because only their code knows what they require.
 */
export function askedBesides(
  { isAuthorizedUsed, authorizedRoles, params }: ActionMetadata,
  checker: AuthorizationChecker | undefined,
  isOwnUser: boolean,
): readonly Requirement[] {
  const isUserNeeded = params.some(param => param.type === 'current-user' && param.required);
  return [
    ...(isAuthorizedUsed ? authorizedRequirement(authorizedRoles as string[], checker) : []),
    ...(isUserNeeded ? [userRequirement(isOwnUser)] : []),
  ];
}

function userRequirement(isOwnUser: boolean): Requirement {
  return isOwnUser ? { kind: 'authenticated' } : { kind: 'custom', name: 'currentUserChecker' };
}

function authorizedRequirement(
  roles: readonly string[],
  checker: AuthorizationChecker | undefined,
): readonly Requirement[] {
  if (checker !== undefined) return [{ kind: 'custom', name: 'authorizationChecker' }];
  return roles.length === 0 ? [{ kind: 'authenticated' }] : [{ kind: 'roles', match: 'any', values: roles }];
}

/**
 * Runs the app's `authorizationChecker`.
 *
 * @throws routing-controllers' errors if the checker refuses.
 * @throws Answered if the checker has sent the response itself.
 */
export async function askChecker(
  checker: AuthorizationChecker,
  action: Action,
  roles: readonly string[],
): Promise<void> {
  const isAllowed: unknown = await checker(action, [...roles]);
  requireUnanswered(action.response as Response);
  if (!isAllowed) throw upstreamRefusal(action.request as Request, roles);
}

// Uses the statuses and messages of routing-controllers: clients of an app with its own checker already know them.
function upstreamRefusal({ method, url }: Request, roles: readonly string[]): Error {
  if (roles.length > 0)
    return Object.assign(new ForbiddenError(`Access is denied for request on ${method} ${url}`), {
      name: 'AccessDeniedError',
    });
  return Object.assign(new UnauthorizedError(`Authorization is required for request on ${method} ${url}`), {
    name: 'AuthorizationRequiredError',
  });
}

/** The roles that `@Authorized()` names. */
export function rolesOf({ authorizedRoles }: ActionMetadata): readonly string[] {
  return authorizedRoles as string[];
}

/** Returns the user for `@CurrentUser()`, where the app has no checker of its own. */
export function userOf({ request }: Action): unknown {
  return (request as { readonly user?: unknown }).user;
}
