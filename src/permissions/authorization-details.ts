/** A permission that requires an element of the claim `authorization_details` (RFC 9396). */
import type { Request } from 'express';
import { currentCaller } from '../authentication/caller';
import type { AxiomsRequest } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { DetailsRequirement } from '../core/requirements/kinds/details';
import type { Requirement } from '../core/requirements/requirement';
import { after, isPending, type Soon } from '../core/time/soon';
import { BasePermission, type ApiView } from './base';
import { memberOf } from './evaluated';
import { readsWords } from './rule-readers';
import type { AuthorizationDetail, RequiredDetails } from './rule-words';

/**
 * Requires one element of the token's `authorization_details` that has the type, all of the actions and all of the
 * locations of the controller's `authorizationDetails`, and for which its `matches()` returns `true`. The rule is asked
 * behind the body, which `matches()` may read. A refusal is 403 `permission_denied`.
 *
 * @throws ImproperlyConfigured if the controller names no type: that never means access.
 * @example
 * class PaymentController {
 *   permissionClasses = [HasAuthorizationDetails];
 *   authorizationDetails = {
 *     type: 'payment_initiation',
 *     actions: ['initiate'],
 *     // A detail and a body that both lack the member are equal, so a text is required.
 *     matches: ({ creditor }: AuthorizationDetail, { body }: AxiomsRequest) =>
 *       typeof creditor === 'string' && creditor === body.creditor,
 *   };
 * }
 */
export class HasAuthorizationDetails extends BasePermission {
  override readonly needsAuthentication = true;

  override hasPermission(request: Request, controller: ApiView): boolean | Promise<boolean> {
    return after(memberOf(controller, 'authorizationDetails'), given => {
      const required = checked(controller, given);
      return anyMatches(detailsOf(request), required, request as object as AxiomsRequest);
    });
  }

  override requirement(controller: ApiView): Requirement | Promise<Requirement> {
    return after(memberOf(controller, 'authorizationDetails'), given => describe(checked(controller, given)));
  }

  override members(): readonly string[] {
    return ['authorizationDetails'];
  }
}

function describe({ type, actions = [], locations = [], matches }: RequiredDetails): DetailsRequirement {
  return {
    kind: 'details',
    type,
    ...(actions.length === 0 ? {} : { actions }),
    ...(locations.length === 0 ? {} : { locations }),
    ...(matches === undefined ? {} : { byMatches: true }),
  };
}

function checked(controller: ApiView, given: unknown): RequiredDetails {
  if (isRequiredDetails(given)) return given;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${controller.action} has the permission class HasAuthorizationDetails: give authorizationDetails an object with a type, and optional actions, locations (non-empty lists) and matches (a function).`,
  );
}

const members = ['type', 'actions', 'locations', 'matches'];

function isRequiredDetails(given: unknown): given is RequiredDetails {
  if (typeof given !== 'object' || given === null) return false;
  const { type, actions, locations, matches } = given as Partial<Record<keyof RequiredDetails, unknown>>;
  return (
    typeof type === 'string' &&
    type !== '' &&
    [actions, locations].every(list => list === undefined || isNames(list)) &&
    ['function', 'undefined'].includes(typeof matches) &&
    Object.keys(given).every(name => members.includes(name))
  );
}

function isNames(list: unknown): list is readonly string[] {
  if (!Array.isArray(list) || list.length === 0) return false;
  return Array.from(list as unknown[]).every(name => typeof name === 'string' && name !== '');
}

// RFC 9396 §2: a list of objects, each with a type.
function detailsOf(request: Request): readonly AuthorizationDetail[] {
  const found: unknown = currentCaller(request).auth?.claims?.['authorization_details'];
  const list: readonly unknown[] = Array.isArray(found) ? found : [];
  return list.filter(
    (one): one is AuthorizationDetail => typeof one === 'object' && one !== null && !Array.isArray(one),
  );
}

// A loop instead of a recursion: the client chooses how long the list is.
function anyMatches(
  details: readonly AuthorizationDetail[],
  required: RequiredDetails,
  request: AxiomsRequest,
  first = 0,
): Soon<boolean> {
  for (let index = first; index < details.length; index++) {
    // Only `true` allows.
    const good: Soon<unknown> = matches(details[index] as AuthorizationDetail, required, request);
    if (isPending(good))
      return Promise.resolve(good).then(value => value === true || anyMatches(details, required, request, index + 1));
    if (good === true) return true;
  }
  return false;
}

function matches(detail: AuthorizationDetail, required: RequiredDetails, request: AxiomsRequest): Soon<unknown> {
  return isOfType(detail, required) && (required.matches?.(detail, request) ?? required.matches === undefined);
}

function isOfType(detail: AuthorizationDetail, { type, actions = [], locations = [] }: RequiredDetails): boolean {
  return detail['type'] === type && hasAll(detail['actions'], actions) && hasAll(detail['locations'], locations);
}

function hasAll(names: unknown, required: readonly string[]): boolean {
  return required.length === 0 || (Array.isArray(names) && required.every(name => names.includes(name)));
}

readsWords(HasAuthorizationDetails, ['authorizationDetails']);
