/** Reads the classes in a controller's lists, and checks that they are of the right kind. */
import { AccessTokenAuthentication } from '../../authentication/access-token';
import type { AuthenticationClass } from '../../authentication/base';
import { isOfAnotherCopy, refuseAnotherCopy } from '../../core/process/copies';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { countInertUse, holdsInert } from '../../core/process/inert';
import { isPlain } from '../../core/process/plain';
import type { Settings } from '../../core/settings/settings';
import { IsAuthenticatedOrPublicMethod } from '../../permissions/access';
import type { ApiView } from '../../permissions/base';
import { ComposedPermission, type PermissionRule } from '../../permissions/operators';
import { seen } from '../../core/process/rejections';
import { namesOf } from '../../permissions/rule-words';
import type { ThrottleClass } from '../../throttling/base';
import { withAccessToken, type Decorations, type PolicyLists } from './decorations';

/**
 * Returns the authentication classes of a handler. Without a list the settings' default applies. `[]` means no class.
 */
export function authenticationClassesOf(
  controller: ApiView,
  settings: Settings,
  decorations?: Decorations,
): readonly AuthenticationClass[] {
  const said = controller.authenticationClasses ?? settings.defaultAuthenticationClasses ?? [AccessTokenAuthentication];
  const classes = decorations?.authenticationClasses ?? ownList(controller, 'authenticationClasses', said);
  return decorations === undefined ? classes : withAccessToken(classes, decorations);
}

/** Returns the permission rules of a handler. Rules that decorators add come last. */
export function permissionRulesOf(
  controller: ApiView,
  settings: Settings,
  decorations?: Decorations,
): readonly PermissionRule[] {
  const said = controller.permissionClasses ?? settings.defaultPermissionClasses ?? [IsAuthenticatedOrPublicMethod];
  const rules = decorations?.permissionClasses ?? ownList(controller, 'permissionClasses', said);
  return decorations === undefined ? rules : [...rules, ...decorations.added];
}

export function throttleClassesOf(
  controller: ApiView,
  settings: Settings,
  decorations?: Decorations,
): readonly ThrottleClass[] {
  const said = controller.throttleClasses ?? settings.defaultThrottleClasses ?? decorations?.throttleClasses;
  if (said === undefined) return none;
  return decorations?.throttleClasses ?? ownList(controller, 'throttleClasses', said);
}

const none: readonly ThrottleClass[] = [];

function ownList<Name extends ListName>(controller: ApiView, name: Name, list: unknown): Listed[Name] {
  // The list is read for each request. A class that was valid once stays valid.
  if (!isPlain && Array.isArray(list) && areKnown(list, name)) return list as Listed[Name];
  if (holdsInert(list)) countInertUse();
  const place = `${controller.constructor.name}.${name}`;
  if (Array.isArray(list)) refuseOtherCopiesIn(list, place);
  const checked = checkedPolicies(name, list, place);
  for (const one of classesIn(checked)) rightClasses[name].add(one);
  return checked;
}

const rightClasses: Readonly<Record<ListName, WeakSet<object>>> = {
  authenticationClasses: new WeakSet(),
  permissionClasses: new WeakSet(),
  throttleClasses: new WeakSet(),
};

function areKnown(list: readonly unknown[], name: ListName): boolean {
  for (const one of list) if (!rightClasses[name].has(one as object) && !isKnownComposition(one, name)) return false;
  return true;
}

// A composition may be created for each request, but its classes stay the same.
function isKnownComposition(listed: unknown, name: ListName): boolean {
  return name === 'permissionClasses' && listed instanceof ComposedPermission && areKnown(listed.operands, name);
}

function classesIn(list: readonly object[]): readonly object[] {
  return list.flatMap(one => (one instanceof ComposedPermission ? classesIn(one.operands) : [one]));
}

/**
 * Refuses classes of another copy of this package.
 *
 * @param placeOf returns the owner of the list of this name, for the message
 * @throws ImproperlyConfigured if a list has a class, or a composition, of another copy of this package. The message
 * names both copies and the fix.
 */
export function refuseOtherCopies(lists: PolicyLists, placeOf: (name: ListName) => string): void {
  for (const name of listNames) refuseOtherCopiesIn(lists[name] ?? [], placeOf(name));
}

/** Refuses classes of another copy of this package in the default lists of the settings. */
export function refuseOtherCopiesInDefaults(settings: Settings): void {
  refuseOtherCopiesIn(settings.defaultAuthenticationClasses ?? [], "Setting 'defaultAuthenticationClasses'");
  refuseOtherCopiesIn(settings.defaultPermissionClasses ?? [], "Setting 'defaultPermissionClasses'");
  refuseOtherCopiesIn(settings.defaultThrottleClasses ?? [], "Setting 'defaultThrottleClasses'");
}

function refuseOtherCopiesIn(list: readonly unknown[], place: string): void {
  for (const [index, one] of list.entries())
    for (const part of classesOf(one)) refuseAnotherCopy(part, `${place}[${index}] names ${part.name}`);
}

/**
 * Returns the listed class itself. For an object, returns its class, and for a composition also the classes of its
 * operands.
 */
function classesOf(listed: unknown): readonly { readonly name: string }[] {
  if (typeof listed === 'function') return [listed];
  const operands = listed instanceof ComposedPermission ? listed.operands.flatMap(classesOf) : [];
  const { constructor } = Object(listed) as { readonly constructor?: unknown };
  return typeof constructor === 'function' ? [constructor, ...operands] : operands;
}

/**
 * Returns the list, if its entries are of the right kind.
 *
 * @param place the owner of the list, for the message
 * @throws ImproperlyConfigured if the list or an entry is wrong. The message names the entry and the fix.
 */
export function checkedPolicies<Name extends ListName>(name: Name, list: unknown, place: string): Listed[Name] {
  const listed: readonly unknown[] | undefined = Array.isArray(list) ? list : undefined;
  if (listed === undefined) throw notAList(name, list, place);
  const wrong = listed.findIndex(one => !isRight[name](one));
  if (wrong >= 0) throw new ImproperlyConfigured(`${place}[${wrong}] ${whatIsWrong(listed[wrong], name)}`);
  return list as Listed[Name];
}

// An async getter returns a promise, which may reject.
function notAList(name: ListName, list: unknown, place: string): ImproperlyConfigured {
  seen(list);
  return new ImproperlyConfigured(`${place} must be a list of classes: write ${name} = [SomeClass];`);
}

type Listed = Required<PolicyLists>;
type ListName = keyof Listed;
const listNames = namesOf('classes');

const isRight: Readonly<Record<ListName, (listed: unknown) => boolean>> = {
  authenticationClasses: listed => hasMethod(listed, 'authenticate'),
  permissionClasses: isPermissionRule,
  throttleClasses: listed => hasMethod(listed, 'allowRequest'),
};

function isPermissionRule(rule: unknown): boolean {
  // A decorator's list is checked while classes are loaded. Accepts a class of another copy here: startup refuses it
  // later with a message that names both copies.
  if (classesOf(rule).some(isOfAnotherCopy)) return true;
  if (rule instanceof ComposedPermission) return rule.operands.every(isPermissionRule);
  return ['hasPermission', 'hasObjectPermission', 'objectFilter'].some(name => hasMethod(rule, name));
}

function hasMethod(listed: unknown, name: string): boolean {
  if (typeof listed !== 'function') return false;
  const prototype: unknown = listed.prototype;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    typeof (prototype as Record<string, unknown>)[name] === 'function'
  );
}

function whatIsWrong(listed: unknown, name: ListName): string {
  if (listed === undefined) return 'is undefined: an import cycle? Import the class from the file that declares it.';
  if (typeof listed === 'object' && listed !== null)
    return `is an object of ${listed.constructor.name}: list the class itself, without new.`;
  const said = typeof listed === 'function' ? `is ${listed.name}, which` : 'is not a class and';
  return `${said} cannot stand in ${name}: such a class extends ${baseNames[name]}.`;
}

const baseNames = {
  authenticationClasses: 'BaseAuthentication',
  permissionClasses: 'BasePermission',
  throttleClasses: 'BaseThrottle',
};
