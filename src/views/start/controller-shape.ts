/**
 * Refuses at startup controllers whose members do not mean what they look like: misspelled, static and shadowed rules.
 */
import { BaseAuthentication } from '../../authentication/base';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { holdsInert } from '../../core/process/inert';
import type { Logger } from '../../core/settings/logger';
import { BasePermission } from '../../permissions/base';
import { ComposedPermission } from '../../permissions/operators';
import { namesOf, ruleNames, ruleWords } from '../../permissions/rule-words';
import { BaseThrottle } from '../../throttling/base';
import { likelyMeant, plainName } from './likely-spelling';

/** The members that have a default. If another member has no value, the rule that reads it reports that. */
const withDefaults = [...namesOf('classes'), ...namesOf('actions'), ...namesOf('text')];

type ControllerClass = new (...dependencies: never[]) => object;

/**
 * Checks the members of a controller and of its base classes.
 *
 * @param make creates an object of a controller class, dependencies included; it shows which fields a base class
 * declares
 * @param handlers the names of the methods that have a route
 * @throws ImproperlyConfigured if a member is wrong. The message names the member and the fix.
 */
export function checkShape(
  controller: object,
  make: (controllerClass: ControllerClass) => object,
  logger: Logger,
  handlers: readonly string[],
): void {
  const lineage = prototypesOf(controller);
  for (const owner of [controller, ...lineage, ...lineage.map(({ constructor }) => constructor)])
    for (const name of Object.getOwnPropertyNames(owner)) refuseMisspelled(controller, owner, name);
  for (const name of memberNames(controller, lineage)) refuseMisspelledFunction(controller, name, handlers);
  refuseStrangeLists(controller, lineage);
  refuseUnreadPolicies(controller, lineage);
  for (const { constructor } of lineage) refuseStatic(constructor);
  for (const name of ruleNames) refuseShadowed(controller, name, lineage, make);
  for (const name of withDefaults) refuseEmptied(controller, name, lineage, make);
  for (const { name, yieldsTo } of ruleWords) if (yieldsTo !== undefined) warnOfTwo(controller, name, yieldsTo, logger);
}

/** Returns the prototypes of an object's class and of its base classes, nearest first. */
export function prototypesOf(controller: object): readonly object[] {
  const prototypes: object[] = [];
  for (
    let proto: unknown = Object.getPrototypeOf(controller);
    isObject(proto) && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  )
    prototypes.push(proto);
  return prototypes;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function memberNames(controller: object, lineage: readonly object[]): readonly string[] {
  return [controller, ...lineage].flatMap(object => Object.getOwnPropertyNames(object));
}

function refuseMisspelled({ constructor }: object, owner: object, name: string): void {
  if (ruleNames.includes(name)) return;
  const plain = plainName(name);
  const same = ruleWords.find(({ spelling }) => spelling?.test(plain))?.name;
  const meant = same ?? likelyMeant(name, differingLetters);
  if (meant === undefined || (same === undefined && !mayBe(meant, owner, name))) return;
  throw new ImproperlyConfigured(
    `${constructor.name}.${name} is no rule of a controller: did you mean ${meant}? If it is not a rule, give it another name.`,
  );
}

// In shorter names, two letters make another word: `listOptions` is no `listActions`.
const differingLetters = Object.fromEntries(ruleNames.map(name => [name, name.length < 12 ? 1 : 2]));

// What can be no rule has such a name by chance: a method, which may be a handler, a flag, a number or a service.
function mayBe(meant: string, owner: object, name: string): boolean {
  const member = Object.getOwnPropertyDescriptor(owner, name);
  const value: unknown = member?.value;
  const isList = Array.isArray(value) || value instanceof ComposedPermission;
  const isByMethod = isObject(value) && meant === 'requiredAlternateScopes';
  return member?.get !== undefined || typeof value === 'string' || isList || isByMethod || isClass(value);
}

// A method has no prototype. An inert object is in the place of a service.
function isClass(value: unknown): boolean {
  return typeof value === 'function' && Object.hasOwn(value, 'prototype') && !holdsInert(value, 0);
}

const functions = ['ownerOf', 'getObject'];

// Only names that differ in case and underscores: ordinary names, such as `getObjects`, differ by a letter. A method that
// has a route is a handler, whatever its name.
function refuseMisspelledFunction(controller: object, name: string, handlers: readonly string[]): void {
  if (functions.includes(name) || handlers.includes(name)) return;
  const meant = functions.find(one => plainName(one) === plainName(name));
  if (meant === undefined || meant in controller || typeof memberIn(controller, name)?.value !== 'function') return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${name} is no rule of a controller, so that the server never calls it: did you mean ${meant}? If it is not a rule, give it another name.`,
  );
}

function memberIn(controller: object, name: string): PropertyDescriptor | undefined {
  const owner = [controller, ...prototypesOf(controller)].find(object => Object.hasOwn(object, name));
  return Object.getOwnPropertyDescriptor(owner ?? controller, name);
}

const policies = {
  authenticationClasses: BaseAuthentication,
  permissionClasses: BasePermission,
  throttleClasses: BaseThrottle,
} as const;

// A getter of the right name may choose between lists under other names.
function refuseUnreadPolicies(controller: object, lineage: readonly object[]): void {
  for (const name of new Set(memberNames(controller, lineage))) {
    const value: unknown = memberIn(controller, name)?.value;
    if (ruleNames.includes(name) || !Array.isArray(value)) continue;
    for (const known of namesOf('classes')) {
      const policy: unknown = value.find(one => isPolicy(one, policies[known]));
      if (policy === undefined || isDeclared(controller, known)) continue;
      throw new ImproperlyConfigured(
        `${controller.constructor.name}.${name} lists ${nameOf(policy)}, and nothing reads it: the controller has no ${known}, so that the default applies. Rename it to ${known}. If it is not a rule, keep the list outside of the controller.`,
      );
    }
  }
}

function isPolicy(listed: unknown, base: (typeof policies)[keyof typeof policies]): boolean {
  if (listed instanceof ComposedPermission) return base === BasePermission;
  return typeof listed === 'function' && listed.prototype instanceof base;
}

function isDeclared(controller: object, name: string): boolean {
  const member = memberIn(controller, name);
  return member?.get !== undefined || (member?.value ?? undefined) !== undefined;
}

function nameOf(policy: unknown): string {
  return policy instanceof ComposedPermission ? `${policy.operator}(…)` : (policy as { readonly name: string }).name;
}

// The server reads no such list, but its author believes that it is a rule.
function refuseStrangeLists(controller: object, lineage: readonly object[]): void {
  const known = namesOf('classes');
  const strange = memberNames(controller, lineage).find(
    name => /Class(?:es)?$/.test(name) && !ruleNames.includes(name) && isList(controller, lineage, name),
  );
  if (strange === undefined || !known.some(name => name in controller)) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${strange} is no rule of a controller, and stands beside one. The lists are: ${known.join(', ')}. If it is not a rule, give it a name that does not end in Classes.`,
  );
}

/** Whether the member is a field with a list of classes, or a getter. A getter is not evaluated. */
function isList(controller: object, lineage: readonly object[], name: string): boolean {
  const owner = [controller, ...lineage].find(object => Object.hasOwn(object, name)) ?? controller;
  const member = Object.getOwnPropertyDescriptor(owner, name);
  const value: unknown = member?.value;
  const isOfClasses = (list: readonly unknown[]): boolean =>
    list.every(one => one === undefined || typeof one === 'function' || one instanceof ComposedPermission);
  return member?.get !== undefined || (Array.isArray(value) && isOfClasses(value));
}

function refuseStatic(controllerClass: { readonly name: string }): void {
  const name = ruleNames.find(rule => Object.hasOwn(controllerClass, rule));
  if (name !== undefined)
    throw new ImproperlyConfigured(
      `${controllerClass.name}.${name} is static, where it is not read: declare it without static.`,
    );
}

// A field is defined on the object itself, so it wins over a getter of a subclass. The author of the subclass expects
// the opposite.
function refuseShadowed(
  controller: object,
  name: string,
  lineage: readonly object[],
  make: (controllerClass: ControllerClass) => object,
): void {
  if (!Object.hasOwn(controller, name) || Object.getOwnPropertyDescriptor(controller, name)?.get !== undefined) return;
  const getter = lineage.findIndex(proto => Object.getOwnPropertyDescriptor(proto, name)?.get !== undefined);
  const bases = getter < 0 ? [] : lineage.slice(getter + 1).filter(proto => declaresField(proto, name, make));
  const base = bases.at(-1);
  if (base === undefined) return;
  const [sub, field] = [lineage[getter]?.constructor.name, base.constructor.name];
  throw new ImproperlyConfigured(
    `The getter ${sub}.${name} is never read: the field ${field}.${name} hides it. Make it a getter in ${field}, too: get ${name}() { return …; }`,
  );
}

// A field without a value, such as `permissionClasses!: …`, would put the default in place of the base class's rule.
function refuseEmptied(
  controller: object,
  name: string,
  lineage: readonly object[],
  make: (controllerClass: ControllerClass) => object,
): void {
  const owner = [controller, ...lineage].findIndex(object => Object.hasOwn(object, name));
  if (owner < 0 || saysSomething([controller, ...lineage][owner], name)) return;
  const bases = lineage.slice(Math.max(1, owner));
  const base = bases.find(
    proto => saysSomething(proto, name) || saysSomething(make(proto.constructor as ControllerClass), name),
  );
  if (base === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${name} has no value, and hides the rule of ${base.constructor.name}. Give it a value, or leave it out; to declare its type alone, write declare ${name}: ….`,
  );
}

function saysSomething(object: object | undefined, name: string): boolean {
  const member = Object.getOwnPropertyDescriptor(object ?? {}, name);
  return member?.get !== undefined || (member?.value ?? undefined) !== undefined;
}

function declaresField(
  { constructor }: object,
  name: string,
  make: (controllerClass: ControllerClass) => object,
): boolean {
  return Object.hasOwn(make(constructor as ControllerClass), name);
}

function warnOfTwo(controller: object, plain: string, any: string, logger: Logger): void {
  const values = [plain, any].map(name => Object.getOwnPropertyDescriptor(controller, name)?.value as unknown);
  if (!values.every(value => Array.isArray(value) && value.length > 0)) return;
  logger.warn(`${controller.constructor.name} has both ${plain} and ${any}, two names of one rule: ${any} is used.`);
}
