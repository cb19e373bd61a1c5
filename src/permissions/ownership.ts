/** Permissions by ownership: the object's owner is the token's subject. */
import type { Request } from 'express';
import { currentCaller, isAuthenticated } from '../authentication/caller';
import { findContext } from '../authentication/request-context';
import { acceptsBothKinds } from '../authentication/token-demand';
import { AccessTokenUser, type AxiomsRequest } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { allObjects, noObjects, type ObjectFilter } from '../core/requirements/object-filter';
import { seen } from '../core/process/rejections';
import type { Requirement } from '../core/requirements/requirement';
import type { Settings } from '../core/settings/settings';
import { issuerSettings } from '../core/settings/trusted-issuers';
import { after, isPending } from '../core/time/soon';
import { safeMethodsOf } from './access';
import { BasePermission, dependsOnObjectWhen, type ApiView } from './base';
import { memberOf } from './evaluated';
import { isName, ownedObjects } from './owned-objects';
import { readsWords } from './rule-readers';

/** The controller's `ownerAttribute`. */
export function ownerAttributeOf(controller: ApiView): string {
  const attribute: unknown = memberOf(controller, 'ownerAttribute') ?? 'user';
  if (typeof attribute === 'string' && attribute !== '') return attribute;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.ownerAttribute must be the name of the property that names the owner, such as 'authorSub'.`,
  );
}

/** The controller's `ownerIssuerAttribute`, where it has one. */
function ownerIssuerAttributeOf(controller: ApiView): string | undefined {
  const attribute: unknown = memberOf(controller, 'ownerIssuerAttribute');
  if (attribute === undefined || (typeof attribute === 'string' && attribute !== '')) return attribute;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.ownerIssuerAttribute must be the name of the property that names the owner's issuer, such as 'authorIss'.`,
  );
}

/**
 * The same `sub` from two issuers is two people (RFC 7519 §4.1.2): with several issuers a controller says how it tells
 * them apart.
 *
 * @throws ImproperlyConfigured where it does not.
 */
export function requireOneOwner(controller: ApiView, { issuers = [] }: Settings): void {
  const isTold = typeof controller.ownerOf === 'function' || ownerIssuerAttributeOf(controller) !== undefined;
  if (issuers.length < 2 || isTold) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name} has an ownership rule, and several issuers are trusted: the same sub from two of them is two people. Name the property that holds the issuer of an object's owner, ownerIssuerAttribute = 'ownerIss'; or return the name under which the caller owns objects: ownerOf(request) { return …; }`,
  );
}

/**
 * A subject from another claim is another name: with several kinds of token a controller says which one owns.
 *
 * @param hasBothKinds are JWTs and introspected tokens accepted?
 * @throws ImproperlyConfigured where it does not.
 */
export function requireOneSubject(controller: ApiView, settings: Settings, hasBothKinds: boolean): void {
  if (!hasBothKinds || typeof controller.ownerOf === 'function') return;
  const other = issuerSettings(settings).find(
    ({ subjectClaims, introspectionSubjectClaims }) => subjectClaims[0] !== introspectionSubjectClaims[0],
  );
  if (other === undefined) return;
  const [jwt = '', opaque = ''] = [other.subjectClaims[0], other.introspectionSubjectClaims[0]];
  throw new ImproperlyConfigured(
    `${controller.constructor.name} has an ownership rule, and accepts JWTs, whose subject is in '${jwt}', and introspected tokens, whose subject is in '${opaque}': the same text in both may be two users. Give the settings 'subjectClaims' and 'introspectionSubjectClaims' the same first claim, or return the name under which the caller owns objects: ownerOf(request) { return …; }`,
  );
}

// Startup does not know a list that is decided per request.
function requireOneName(request: Request, controller: ApiView): void {
  const context = findContext(request);
  if (context === undefined) return;
  const { settings, authenticators } = context;
  requireOneOwner(controller, settings);
  requireOneSubject(controller, settings, acceptsBothKinds(authenticators));
}

/**
 * Only the owner: the object's `ownerAttribute` is the caller's `sub` (or what the controller's `ownerOf(request)` says),
 * and its `ownerIssuerAttribute`, where the controller has one, is the token's `iss`. It has no rule before there is an
 * object, but asks for an authenticated request.
 *
 * @throws ImproperlyConfigured for an object without these attributes.
 * @example
 * class NoteController {
 *   permissionClasses = [IsSubOwner];
 *   ownerAttribute = 'authorSub';
 *   ownerIssuerAttribute = 'authorIss';
 * }
 */
export class IsSubOwner extends BasePermission {
  override readonly needsAuthentication: boolean = true;

  override hasObjectPermission(request: Request, controller: ApiView, object: unknown): boolean | Promise<boolean> {
    requireOneName(request, controller);
    const owner = ownerText(attributeValue(controller, object, 'ownerAttribute', ownerAttributeOf(controller)));
    const isTheirs = isOfTheirIssuer(request, controller, object);
    const caller = ownerNameOf(request, controller);
    return after(caller, found => isTheirs && owns(found, owner));
  }

  override objectFilter(request: Request, controller: ApiView): ObjectFilter | Promise<ObjectFilter> {
    if (!isAuthenticated(request)) return noObjects;
    requireOneName(request, controller);
    const [attribute, issuerAttribute] = [ownerAttributeOf(controller), ownerIssuerAttributeOf(controller)];
    const issuer = issuerAttribute === undefined ? undefined : issuerOf(request);
    return after(ownerNameOf(request, controller), name => ownedObjects({ attribute, name, issuerAttribute, issuer }));
  }

  override requirement(controller: ApiView): Requirement {
    const issuerAttribute = ownerIssuerAttributeOf(controller);
    return {
      kind: 'owner',
      attribute: ownerAttributeOf(controller),
      ...(issuerAttribute === undefined ? {} : { issuerAttribute }),
      // What `ownerOf()` returns is only known per request, so every output has to name it.
      ...(controller.ownerOf === undefined ? {} : { byOwnerOf: true }),
    };
  }
}

/** Any authenticated request for the controller's `safeMethods`, only the owner for the others. */
export class IsSubOwnerOrSafeOnly extends IsSubOwner {
  override hasObjectPermission(request: Request, controller: ApiView, object: unknown): boolean | Promise<boolean> {
    return isSafe(request, controller) || super.hasObjectPermission(request, controller, object);
  }

  override objectFilter(request: Request, controller: ApiView): ObjectFilter | Promise<ObjectFilter> {
    return isSafe(request, controller) ? allObjects : super.objectFilter(request, controller);
  }

  override requirement(controller: ApiView): Requirement {
    return { kind: 'or', of: [{ kind: 'methods', methods: safeMethodsOf(controller) }, super.requirement(controller)] };
  }
}

dependsOnObjectWhen(IsSubOwnerOrSafeOnly, (request, controller) => !isSafe(request, controller));

const ownerWords = ['ownerAttribute', 'ownerIssuerAttribute', 'ownerOf'] as const;
readsWords(IsSubOwner, ownerWords);
readsWords(IsSubOwnerOrSafeOnly, [...ownerWords, 'safeMethods']);

function isSafe(request: Request, controller: ApiView): boolean {
  return safeMethodsOf(controller).includes(request.method);
}

function ownerNameOf(request: Request, controller: ApiView): unknown {
  if (controller.ownerOf !== undefined) return controller.ownerOf(request as AxiomsRequest);
  const { user, auth } = currentCaller(request);
  return user instanceof AccessTokenUser ? user.owner : (user.sub ?? auth?.claims?.sub);
}

function owns(caller: unknown, owner: string | undefined): boolean {
  return isName(caller) && caller === owner;
}

function isOfTheirIssuer(request: Request, controller: ApiView, object: unknown): boolean {
  const attribute = ownerIssuerAttributeOf(controller);
  if (attribute === undefined) return true;
  return owns(issuerOf(request), ownerText(attributeValue(controller, object, 'ownerIssuerAttribute', attribute)));
}

function issuerOf(request: Request): unknown {
  const { user, auth } = currentCaller(request);
  return auth?.claims?.iss ?? (user as Partial<AccessTokenUser>).claims?.iss;
}

function attributeValue(
  controller: ApiView,
  object: unknown,
  member: 'ownerAttribute' | 'ownerIssuerAttribute',
  attribute: string,
): unknown {
  const { holder, name } = holderOf(object, attribute);
  if (holder === null && object !== null) return null;
  if (hasAttribute(holder, name)) return loaded(holder[name], controller, attribute);
  throw new ImproperlyConfigured(
    `The object that ${controller.constructor.name}.${controller.action} is about has no attribute '${attribute}': set ${member} to the property that names the owner${member === 'ownerAttribute' ? '' : "'s issuer"}.`,
  );
}

// A lazy relation is a promise. The owner is not known then, and neither the rule nor its negation may let anyone in.
function loaded(value: unknown, controller: ApiView, attribute: string): unknown {
  if (typeof value !== 'object' || !isPending(seen(value))) return value;
  throw new ImproperlyConfigured(
    `The attribute '${attribute}' of the object that ${controller.constructor.name}.${controller.action} is about is not loaded yet: load it together with the object.`,
  );
}

/** Returns the object that has the attribute: for `relation.property` the related one, which is null if there is none. */
function holderOf(object: unknown, attribute: string): { readonly holder: unknown; readonly name: string } {
  const [relation = '', name, ...deeper] = attribute.split('.');
  if (name === undefined || deeper.length > 0) return { holder: object, name: attribute };
  return { holder: hasAttribute(object, relation) ? object[relation] : undefined, name };
}

// An own property, or an accessor of its class; never what every object inherits.
function hasAttribute(object: unknown, attribute: string): object is Readonly<Record<string, unknown>> {
  if (typeof object !== 'object' || object === null) return false;
  if (Object.hasOwn(object, attribute)) return true;
  for (
    let proto: unknown = Object.getPrototypeOf(object);
    typeof proto === 'object' && proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    if (Object.getOwnPropertyDescriptor(proto, attribute)?.get !== undefined) return true;
  }
  return false;
}

// Text as it is, a whole number by its decimals; null, booleans, arrays and objects own nothing.
function ownerText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}
