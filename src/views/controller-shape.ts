/** Whether a controller's members can mean what they look like: misspelled, static and shadowed rules stop the start. */
import { ImproperlyConfigured } from '../core/exceptions';
import type { Logger } from '../core/setting-kinds';

const grants = ['Scopes', 'Roles', 'Permissions'].map(kind => ({
  plain: `accessToken${kind}`,
  any: `accessTokenAny${kind}`,
  all: `accessTokenAll${kind}`,
}));

/** The members of a controller that say who may. */
const ruleNames: readonly string[] = [
  'authenticationClasses',
  'permissionClasses',
  'throttleClasses',
  'throttleScope',
  ...grants.flatMap(({ plain, any, all }) => [plain, any, all]),
  'requiredScopes',
  'requiredAlternateScopes',
  'ownerAttribute',
  'ownerIssuerAttribute',
  'safeMethods',
  'objectActions',
];

type ControllerClass = new (...dependencies: never[]) => object;

/**
 * @param make makes a controller class, dependencies included; used on a base class to see which fields it declares
 * @throws ImproperlyConfigured naming the member and the fix.
 */
export function checkShape(
  controller: object,
  make: (controllerClass: ControllerClass) => object,
  logger: Logger,
): void {
  const lineage = prototypesOf(controller);
  for (const name of memberNames(controller, lineage)) refuseMisspelled(controller, name);
  for (const { constructor } of lineage) refuseStatic(constructor);
  for (const name of ruleNames) refuseShadowed(controller, name, lineage, make);
  for (const { plain, any } of grants) warnOfTwo(controller, plain, any, logger);
}

/** The prototypes of the controller's class and of its base classes, nearest first. */
function prototypesOf(controller: object): readonly object[] {
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

// access_token_scopes, accessTokenScope, permissionsClasses, permissionClass, …
function spelling(name: string): string {
  return name
    .replace(/_/g, '')
    .toLowerCase()
    .replace(/s?class(?:es)?$/, 'class')
    .replace(/s$/, '')
    .replace(/accesstokens(?=any|all|scope|role|permission)/, 'accesstoken')
    .replace(/^requiredalternative/, 'requiredalternate');
}

const intended = new Map(ruleNames.map(name => [spelling(name), name]));

function refuseMisspelled({ constructor }: object, name: string): void {
  const meant = intended.get(spelling(name));
  if (meant === undefined || ruleNames.includes(name)) return;
  throw new ImproperlyConfigured(`${constructor.name}.${name} is no rule of a controller: did you mean ${meant}?`);
}

function refuseStatic(controllerClass: { readonly name: string }): void {
  const name = ruleNames.find(rule => Object.hasOwn(controllerClass, rule));
  if (name !== undefined)
    throw new ImproperlyConfigured(
      `${controllerClass.name}.${name} is static, where it is not read: declare it without static.`,
    );
}

// A field is defined on the object itself, so it wins over a getter of a subclass, whose author believes the opposite.
function refuseShadowed(
  controller: object,
  name: string,
  lineage: readonly object[],
  make: (controllerClass: ControllerClass) => object,
): void {
  if (Object.getOwnPropertyDescriptor(controller, name)?.get !== undefined || !Object.hasOwn(controller, name)) return;
  const getter = lineage.findIndex(proto => Object.getOwnPropertyDescriptor(proto, name)?.get !== undefined);
  const bases = getter < 0 ? [] : lineage.slice(getter + 1).filter(proto => declaresField(proto, name, make));
  const base = bases.at(-1);
  if (base === undefined) return;
  const [sub, field] = [lineage[getter]?.constructor.name, base.constructor.name];
  throw new ImproperlyConfigured(
    `The getter ${sub}.${name} is never read: the field ${field}.${name} hides it. Make it a getter in ${field}, too: get ${name}() { return …; }`,
  );
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
