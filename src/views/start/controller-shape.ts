/**
 * Refuses at startup controllers whose members do not mean what they look like: misspelled, static and shadowed rules.
 */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { ComposedPermission } from '../../permissions/operators';
import { namesOf, ruleNames, ruleWords } from '../../permissions/rule-words';

/** The members that have a default. If another member has no value, the rule that reads it reports that. */
const withDefaults = [...namesOf('classes'), ...namesOf('actions'), ...namesOf('text')];

type ControllerClass = new (...dependencies: never[]) => object;

/**
 * Checks the members of a controller and of its base classes.
 *
 * @param make creates an object of a controller class, dependencies included; it shows which fields a base class
 * declares
 * @throws ImproperlyConfigured if a member is wrong. The message names the member and the fix.
 */
export function checkShape(
  controller: object,
  make: (controllerClass: ControllerClass) => object,
  logger: Logger,
): void {
  const lineage = prototypesOf(controller);
  for (const name of memberNames(controller, lineage)) refuseMisspelled(controller, name);
  refuseStrangeLists(controller, lineage);
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

function refuseMisspelled({ constructor }: object, name: string): void {
  const spelled = name.replace(/_/g, '').toLowerCase();
  const meant = ruleWords.find(({ spelling }) => spelling?.test(spelled))?.name;
  if (meant === undefined || ruleNames.includes(name)) return;
  throw new ImproperlyConfigured(`${constructor.name}.${name} is no rule of a controller: did you mean ${meant}?`);
}

// The server reads no such list, but its author believes that it is a rule.
function refuseStrangeLists(controller: object, lineage: readonly object[]): void {
  const lists = memberNames(controller, lineage).filter(
    name => /Class(?:es)?$/.test(name) && isList(controller, lineage, name),
  );
  const strange = lists.find(name => !ruleNames.includes(name));
  const known = namesOf('classes');
  if (strange === undefined) return;
  const meant = known.find(name => isNearly(strange, name));
  if (meant === undefined && !known.some(name => name in controller)) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name}.${strange} is no rule of a controller${meant === undefined ? `, and stands beside one. The lists are: ${known.join(', ')}. If it is not a rule, give it a name that does not end in Classes.` : `: did you mean ${meant}?`}`,
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

/** Whether the names differ by at most two letters (added, removed or replaced). */
function isNearly(name: string, other: string): boolean {
  const [one = '', two = ''] = [name, other].map(text => text.replace(/(?:es)?$/, '').toLowerCase());
  return distance(one, two) <= 2;
}

/** Returns how many letters are added, removed or replaced (the Levenshtein distance). Computes it row by row. */
export function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, otherLetter] of Array.from(other).entries()) {
      const [above = 0, before = 0, left = 0] = [row[column + 1], row[column], next[column]];
      next.push(Math.min(above + 1, left + 1, before + Number(letter !== otherLetter)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
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
