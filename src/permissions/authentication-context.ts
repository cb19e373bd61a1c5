/** Step-up: a permission that requires a sign-in of a certain strength and age (RFC 9470). */
import type { Request } from 'express';
import { currentCaller } from '../authentication/caller';
import { contextOf, type Caller } from '../authentication/request-context';
import { ImproperlyConfigured, type APIException } from '../core/http/exceptions';
import { InsufficientUserAuthentication } from '../core/http/possession-exceptions';
import { isMaxAge, type ContextRequirement } from '../core/requirements/kinds/context';
import type { Requirement } from '../core/requirements/requirement';
import { settingsFor } from '../core/settings/trusted-issuers';
import type { Claims } from '../core/tokens/claims';
import { after, type Soon } from '../core/time/soon';
import { BasePermission, decidesBeforeTheBody, refusesWith, type ApiView } from './base';
import { describedBy, memberOf } from './evaluated';
import { readsWords } from './rule-readers';

/**
 * Requires that the user signed in as the controller says: with one of its `acrValues` (`acr` of the token), at most
 * `maxAuthenticationAge` seconds ago (`auth_time`, with the setting `clockTolerance`), or both. Otherwise the answer is 401
 * `insufficient_user_authentication` with `acr_values` and `max_age`, also for a token without these claims. The user of a
 * session, and an introspected token, are read in the same way: by `acr` and `auth_time`.
 *
 * @throws ImproperlyConfigured if the controller names neither: that never means access.
 * @example
 * class TransferController {
 *   permissionClasses = [RequiresAuthenticationContext];
 *   acrValues = ['urn:example:mfa'];
 *   get maxAuthenticationAge() {
 *     return this.action === 'create' ? 300 : 3600;
 *   }
 *   declare action: string;
 * }
 */
export class RequiresAuthenticationContext extends BasePermission {
  override readonly needsAuthentication = true;

  override hasPermission(request: Request, controller: ApiView): boolean | Promise<boolean> {
    return after(describedBy(this, controller), found => isMetBy(request, contextIn(found)));
  }

  override requirement(controller: ApiView): Requirement | Promise<Requirement> {
    const [acrValues, maxAge] = [memberOf(controller, 'acrValues'), memberOf(controller, 'maxAuthenticationAge')];
    return after(acrValues, values => after(maxAge, age => described(controller, values ?? [], age)));
  }

  override members(): readonly string[] {
    return ['acrValues', 'maxAuthenticationAge'];
  }
}

function described(controller: ApiView, acrValues: unknown, maxAge: unknown): ContextRequirement {
  const place = `${controller.constructor.name}.${controller.action}`;
  if (!areClasses(acrValues))
    throw new ImproperlyConfigured(
      `${place}: acrValues must be a list of authentication context classes, such as ['urn:example:mfa'], each without spaces.`,
    );
  if (maxAge !== undefined && !isMaxAge(maxAge))
    throw new ImproperlyConfigured(`${place}: maxAuthenticationAge must be a whole number of seconds, 0 or more.`);
  if (acrValues.length === 0 && maxAge === undefined)
    throw new ImproperlyConfigured(
      `${place} has the permission class RequiresAuthenticationContext and says nothing: give acrValues a non-empty list, or maxAuthenticationAge a whole number of seconds.`,
    );
  const values = Object.freeze([...new Set(acrValues)]);
  return { kind: 'context', acrValues: values, ...(maxAge === undefined ? {} : { maxAge }) };
}

// RFC 9470 §3: a list that is separated by spaces, in a quoted string of a header field.
function areClasses(values: unknown): values is readonly string[] {
  const isClass = (value: unknown): boolean => typeof value === 'string' && /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(value);
  return Array.isArray(values) && Array.from(values as unknown[]).every(isClass);
}

// A subclass may describe another requirement. One that this class cannot judge must never mean access.
function contextIn(requirement: Requirement | undefined): ContextRequirement {
  if (requirement?.kind === 'context') return requirement;
  throw new ImproperlyConfigured(
    'A subclass of RequiresAuthenticationContext that describes another requirement must override hasPermission(), too.',
  );
}

function isMetBy(request: Request, { acrValues, maxAge }: ContextRequirement): boolean {
  const { acr, auth_time: time } = signInOf(currentCaller(request));
  const isOfClass = acrValues.length === 0 || (typeof acr === 'string' && acrValues.includes(acr));
  return isOfClass && (maxAge === undefined || isRecent(time, maxAge, request));
}

interface SignIn {
  readonly acr?: unknown;
  readonly auth_time?: unknown;
}

/** The claims of the token; for a session those of its user, or else the user itself. */
function signInOf({ auth, user }: Caller): SignIn {
  return auth?.claims ?? (user as { readonly claims?: Claims }).claims ?? (user as SignIn);
}

// A time in the future would be recent for ever.
function isRecent(time: unknown, maxAge: number, request: Request): boolean {
  if (typeof time !== 'number' || !Number.isFinite(time)) return false;
  const { settings, verifier } = contextOf(request);
  const { clockTolerance } = settingsFor(currentCaller(request).auth?.claims ?? {}, settings) ?? settings;
  const age = verifier.clock() / 1000 - time;
  return age <= maxAge + clockTolerance && age >= -clockTolerance;
}

// RFC 9470 §3: a 401, because another token helps. One sentence for every reason: the client does the same.
function stepUp(controller: ApiView): Soon<APIException> {
  const [acrValues, maxAge] = [memberOf(controller, 'acrValues'), memberOf(controller, 'maxAuthenticationAge')];
  return after(acrValues, values =>
    after(maxAge, age => new InsufficientUserAuthentication({ acrValues: values ?? [], maxAge: age })),
  );
}

decidesBeforeTheBody(RequiresAuthenticationContext);
readsWords(RequiresAuthenticationContext, ['acrValues', 'maxAuthenticationAge']);
refusesWith(RequiresAuthenticationContext, (_, controller) => stepUp(controller));
