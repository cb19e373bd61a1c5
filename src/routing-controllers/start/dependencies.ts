/**
 * Finds out what a container injects into a class, from the types that TypeScript emitted and from typedi's decorators.
 */
import 'reflect-metadata';
import { Container } from 'typedi';
import { ImproperlyConfigured } from '../../core/http/exceptions';

/** A class that can be instantiated. */
export type Class<T extends object = object> = new (...dependencies: never[]) => T;

/** A constructor parameter or property into which the container injects. */
export interface Dependency {
  /** The type that TypeScript emitted; `undefined` if it emitted no type. */
  readonly type: unknown;
}

/** Returns the constructor parameters. `isByHand` marks those with `@Inject()`. */
export function injectedParameters(someClass: Class): readonly (Dependency & { readonly isByHand: boolean })[] {
  return dependencyTypes(someClass).map((type, index) => ({ type, isByHand: isInjectedByHand(someClass, index) }));
}

/** Returns the indexes of the constructor parameters into which `@Inject()` puts a value instead of a service. */
export function injectedValues(someClass: Class): readonly number[] {
  return dependencyTypes(someClass).flatMap((type, index) => {
    const handler = handlerOfParameter(someClass, index);
    return handler === undefined || isServiceType(type) || isServiceType(identifierOf(handler)) ? [] : [index];
  });
}

/** Whether the type is a class. TypeScript emits Object for an interface, and for a text that may also be a number. */
export function isServiceType(type: unknown): boolean {
  return typeof type === 'function' && !isPrimitive(type) && type !== Symbol && type !== BigInt;
}

// In an import cycle TypeScript emits no type for `@Inject(() => TheClass)`. Then only the decorator knows the class.
function identifierOf({ value }: Handler): unknown {
  try {
    return value({ get: (identifier: unknown) => identifier } as never);
  } catch {
    return undefined;
  }
}

/** The entry that `@Inject()` registers. */
export type Handler = (typeof Container.handlers)[number];

/** Returns the properties that have `@Inject()`. */
export function injectedMembers(
  someClass: Class,
): readonly (Dependency & { readonly name: string; readonly handler: Handler })[] {
  return Container.handlers
    .filter(({ object, propertyName }) => propertyName !== undefined && propertyName !== '' && isFor(someClass, object))
    .map(handler => ({
      name: handler.propertyName ?? '',
      type: Reflect.getMetadata('design:type', handler.object as object, handler.propertyName ?? '') as unknown,
      handler,
    }));
}

/** Whether the container has nothing to inject into the class. */
export function needsNothingInjected(someClass: Class): boolean {
  return dependencyTypes(someClass).length === 0 && !Container.handlers.some(({ object }) => isFor(someClass, object));
}

export function dependencyTypes(someClass: Class): readonly unknown[] {
  return (Reflect.getMetadata('design:paramtypes', someClass) as unknown[] | undefined) ?? [];
}

/**
 * Checks that the container can find every dependency of the class.
 *
 * @throws ImproperlyConfigured if typedi would inject `undefined`, or the container itself, for a dependency.
 */
export function checkDependencies(someClass: Class): void {
  const types = dependencyTypes(someClass);
  const missing = types.findIndex((type, index) => type === undefined && !isInjectedByHand(someClass, index));
  if (missing >= 0)
    throw new ImproperlyConfigured(
      `Constructor parameter ${missing} of ${someClass.name} has an undefined class: an import cycle? Import it from the file that declares it, or use @Inject(() => TheClass).`,
    );
  refuseErasedTypes(someClass);
  const { name, length } = constructorOf(someClass);
  if (types.length >= length) return;
  throw new ImproperlyConfigured(
    `${name} has constructor parameters, and TypeScript emitted no types for them: compile with tsc and "emitDecoratorMetadata", and give the class a decorator such as @Service().`,
  );
}

// TypeScript emits Object for an interface and Function for a class that is imported as a type. An Object parameter
// with a default value is accepted: it gets the default when nothing is injected.
function refuseErasedTypes(someClass: Class, checked = new Set<unknown>()): void {
  refuseErasedParameter(someClass);
  for (const { type, isByHand } of injectedParameters(someClass)) {
    if (isByHand || checked.has(type) || !isMadeByTypedi(type)) continue;
    refuseErasedTypes(type, checked.add(type));
  }
}

/**
 * Whether typedi calls the constructor. It does not for a value that the app has registered, nor if a factory creates
 * the service.
 */
function isMadeByTypedi(type: unknown): type is Class {
  const service = registrationOf(type);
  return typeof service?.['type'] === 'function' && service['factory'] === undefined && isMissing(service['value']);
}

/** Whether typedi creates a new object for each `get()`. */
export function isTransient(someClass: Class): boolean {
  return registrationOf(someClass)?.['transient'] === true;
}

function registrationOf(id: unknown): Readonly<Record<string, unknown>> | undefined {
  const services: unknown = Reflect.get(Container.of(), 'services');
  const known = (Array.isArray(services) ? services : []) as readonly Readonly<Record<string, unknown>>[];
  return known.find(service => service['id'] === id);
}

// typedi uses a symbol as a placeholder for a value that does not exist yet.
function isMissing(value: unknown): boolean {
  return value === undefined || typeof value === 'symbol';
}

function refuseErasedParameter(someClass: Class): void {
  const { name, length } = constructorOf(someClass);
  const erased = injectedParameters(someClass).findIndex(
    ({ type, isByHand }, index) => !isByHand && (type === Function || (type === Object && index < length)),
  );
  if (erased < 0) return;
  throw new ImproperlyConfigured(
    `Constructor parameter ${erased} of ${name} has a type that does not exist at run time (an interface, a type alias, or a class from 'import type'), so that undefined would be injected: name a class and import it without 'type', or use @Inject(() => TheClass) or @Inject('name').`,
  );
}

/**
 * Returns the class whose constructor runs. A class without a constructor has the length 0 and runs that of its base
 * class.
 */
// Takes any text that looks like a constructor for a constructor, so that no class is refused by mistake.
function constructorOf(someClass: Class): Class {
  const source = Function.prototype.toString.call(someClass);
  const base = Object.getPrototypeOf(someClass) as Class;
  const isInherited = source.startsWith('class') && !/\bconstructor\s*\(/.test(source) && base !== Function.prototype;
  return isInherited ? constructorOf(base) : someClass;
}

function isInjectedByHand(someClass: Class, index: number): boolean {
  return handlerOfParameter(someClass, index) !== undefined;
}

/** Returns the `@Inject()` entry of a constructor parameter. */
export function handlerOfParameter(someClass: Class, index: number): Handler | undefined {
  const base: unknown = Object.getPrototypeOf(someClass);
  return Container.handlers.find(
    handler => (handler.object === someClass || handler.object === base) && handler.index === index,
  );
}

function isFor(someClass: Class, object: object): boolean {
  return (
    object === someClass ||
    object === someClass.prototype ||
    (someClass.prototype as object) instanceof (object.constructor as Class)
  );
}

/** Whether the type is one for which typedi injects `undefined`. */
export function isPrimitive(type: unknown): boolean {
  return [String, Boolean, Number, Object].includes(type as never);
}
