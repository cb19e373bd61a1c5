/** A permission that requires a token bound to a DPoP key (RFC 9449). */
import type { Request } from 'express';
import { currentCaller } from '../authentication/caller';
import { readsProofs } from '../authentication/possession';
import { findContext } from '../authentication/request-context';
import { isByAccessToken } from '../authentication/token-demand';
import { ImproperlyConfigured, InvalidToken, NotAuthenticated, type APIException } from '../core/http/exceptions';
import type { Requirement } from '../core/requirements/requirement';
import { BasePermission, decidesBeforeTheBody, refusesWith, type ApiView } from './base';
import { readsWords } from './rule-readers';

/**
 * Requires an access token that is bound to a DPoP key, also where the setting `dpop` is `allowed`. A caller with another
 * token, or without one, gets 401 with the challenge of DPoP (RFC 9449 §7.1).
 *
 * @throws ImproperlyConfigured at startup if the setting `dpop` is `off`: no caller could meet the rule.
 * @example
 * class TransferController {
 *   permissionClasses = [RequiresDPoP, HasAccessTokenScopes];
 *   accessTokenScopes = ['transfer:create'];
 * }
 */
export class RequiresDPoP extends BasePermission {
  override readonly needsAuthentication = true;

  override hasPermission(request: Request): boolean {
    return currentCaller(request).auth?.dpopKey !== undefined;
  }

  override requirement(controller: ApiView): Requirement {
    requireSetting(controller);
    return { kind: 'dpop' };
  }
}

function requireSetting({ constructor, action, request }: ApiView): void {
  const settings = findContext(request as Request)?.settings;
  if (settings === undefined || readsProofs(settings)) return;
  throw new ImproperlyConfigured(
    `${constructor.name}.${action} requires a DPoP key, and the setting 'dpop' (AXIOMS_DPOP) is 'off', so that nobody could call it. Set it to 'allowed' or 'required'.`,
  );
}

// RFC 9449 §7.1: the challenge tells the client what to send, so the refusal is a 401.
function needsProof(request: Request): APIException {
  const message = 'The access token is not bound to a DPoP key';
  return isByAccessToken(request)
    ? new InvalidToken(message, { reason: 'token_unbound' })
    : new NotAuthenticated('An access token that is bound to a DPoP key is needed');
}

decidesBeforeTheBody(RequiresDPoP);
readsWords(RequiresDPoP, []);
refusesWith(RequiresDPoP, needsProof);
