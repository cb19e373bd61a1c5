/** What `@Authorized()` asks: the app's own checker, or else who is calling and in which roles. */
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
 * What `@Authorized()` and `@CurrentUser({ required: true })` ask, as data; what a checker of the app's own asks, only it
 * can say.
 */
export function askedBesides(
  { isAuthorizedUsed, authorizedRoles, params }: ActionMetadata,
  checker: AuthorizationChecker | undefined,
  isOwnUser: boolean,
): readonly Requirement[] {
  const isUserNeeded = isOwnUser && params.some(param => param.type === 'current-user' && param.required);
  return [
    ...(isAuthorizedUsed ? authorizedRequirement(authorizedRoles as string[], checker) : []),
    ...(isUserNeeded ? [{ kind: 'authenticated' } as const] : []),
  ];
}

function authorizedRequirement(
  roles: readonly string[],
  checker: AuthorizationChecker | undefined,
): readonly Requirement[] {
  if (checker !== undefined) return [{ kind: 'custom', name: 'authorizationChecker' }];
  return roles.length === 0 ? [{ kind: 'authenticated' }] : [{ kind: 'roles', match: 'any', values: roles }];
}

/** @throws upstream's errors where the app's own checker says no, and Answered where it has answered itself. */
export async function askChecker(
  checker: AuthorizationChecker,
  action: Action,
  roles: readonly string[],
): Promise<void> {
  const isAllowed: unknown = await checker(action, [...roles]);
  requireUnanswered(action.response as Response);
  if (!isAllowed) throw upstreamRefusal(action.request as Request, roles);
}

// An app that brings its own checker keeps the statuses and texts that its clients know.
function upstreamRefusal({ method, url }: Request, roles: readonly string[]): Error {
  if (roles.length > 0)
    return Object.assign(new ForbiddenError(`Access is denied for request on ${method} ${url}`), {
      name: 'AccessDeniedError',
    });
  return Object.assign(new UnauthorizedError(`Authorization is required for request on ${method} ${url}`), {
    name: 'AuthorizationRequiredError',
  });
}
