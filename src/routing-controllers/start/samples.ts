/** Creates objects only to read their rules, with inert objects in place of the app's services. */
import { countInertUse, holdsInert, inertUses, InertServices } from '../../core/process/inert';
import { namesOf, ruleNames } from '../../permissions/rule-words';
import type { AppContainer } from './app-container';
import { ownService, requireNoDependencies, type PolicyMaker } from './container';
import {
  checkDependencies,
  dependencyTypes,
  injectedMembers,
  injectedParameters,
  injectedValues,
  isPrimitive,
  isServiceType,
  needsNothingInjected,
  type Class,
  type Dependency,
} from './dependencies';

export interface Sample<T extends object = object> {
  readonly object: T;
  /**
   * Whether the constructor did more with a service than keep it, or was given a value instead of a service, so that any
   * member may depend on it.
   */
  readonly isDoubtful: boolean;
  /** Whether a value is injected: a text, a number, a boolean, or something without a class. */
  readonly takesValue: boolean;
  /** Whether the constructor failed because it had no real service. The object then has no fields. */
  readonly isUnmade: boolean;
}

/**
 * Creates an object of a class without the app's services.
 *
 * @param isTypedi whether the container injects only what typedi's decorators say; default `true`. Another container
 * may inject into any parameter or property.
 * @throws the constructor's own error, unless the constructor had used a service before.
 */
export function sampleOf<T extends object>(someClass: Class<T>, isTypedi = true): Sample<T> {
  const services = new InertServices();
  const usesBefore = inertUses();
  try {
    const object = isTypedi ? construct(someClass, services) : constructOpenly(someClass, services);
    const takesValue = takesValueIn(someClass, object, isTypedi);
    return { object, isDoubtful: takesValue || !services.areOnlyKept, takesValue, isUnmade: false };
  } catch (error) {
    if (inertUses() === usesBefore) throw error;
    const object = Object.create(someClass.prototype as object) as T;
    return { object, isDoubtful: true, takesValue: false, isUnmade: true };
  }
}

// Comparing an inert object with a value leaves no trace: `mode === 'open' ? [AllowAny] : [IsAuthenticated]`. A member
// with @Inject() that is a field leaves one, because countUsesOf() counts its reads. A setter may keep its value anywhere.
function takesValueIn(someClass: Class, object: object, isTypedi: boolean): boolean {
  const isUnread = ({ name }: { readonly name: string }): boolean => !Object.hasOwn(object, name);
  if (isTypedi) return injectedValues(someClass).length > 0 || injectedMembers(someClass).some(isUnread);
  return parameterTypes(someClass).some(type => !isServiceType(type));
}

// Uses typedi's order: first the constructor parameters and the container itself, then the properties.
function construct<T extends object>(someClass: Class<T>, services: InertServices): T {
  const give = ({ type }: Dependency): unknown => ownService(type) ?? inertOf(type, services);
  const given = injectedParameters(someClass).map(one =>
    one.isByHand || !isPrimitive(one.type) ? give(one) : undefined,
  );
  const made = new (someClass as new (...given: unknown[]) => T)(...given, services.service());
  for (const member of injectedMembers(someClass)) Reflect.set(made, member.name, give(member));
  return made;
}

// Another container may inject into every parameter, and into every property with a decorator.
function constructOpenly<T extends object>(someClass: Class<T>, services: InertServices): T {
  const given = parameterTypes(someClass).map(type => inertOf(type, services));
  const made = new (someClass as new (...given: unknown[]) => T)(...given);
  const declaring = Object.getPrototypeOf(made) as object;
  const typeOf = (name: string | symbol): unknown => Reflect.getMetadata('design:type', declaring, name);
  for (const [name, value] of Object.entries(made))
    if (value === undefined && typeOf(name) !== undefined) Reflect.set(made, name, inertOf(typeOf(name), services));
  const get = (prototype: object, name: string | symbol, receiver: unknown): unknown => {
    if (name in prototype || typeOf(name) === undefined) return Reflect.get(prototype, name, receiver);
    countInertUse();
    return inertOf(typeOf(name), services);
  };
  return Object.setPrototypeOf(made, new Proxy(declaring, { get })) as T;
}

function parameterTypes(someClass: Class): readonly unknown[] {
  const types = dependencyTypes(someClass);
  return types.length > 0 ? types : Array.from({ length: someClass.length });
}

function inertOf(type: unknown, services: InertServices): object {
  return services.service(typeof type === 'function' ? (type.prototype as object | undefined) : undefined);
}

// checkDoubtful() compares these lists with those of startup.
const actionLists: readonly string[] = namesOf('actions');

/** Counts each read of a member whose value may come from a service as a use of a service. */
export function countUsesOf({ object, isDoubtful }: Sample): void {
  const held = Object.keys(object).filter(name => holdsInert(Object.getOwnPropertyDescriptor(object, name)?.value));
  // Also those that this object lacks: the constructor may have left them out because of a service.
  const doubted = isDoubtful ? ruleNames : [];
  for (const name of new Set([...held, ...doubted.filter(one => !actionLists.includes(one))]))
    countReadsOf(object, name);
}

function countReadsOf(object: object, name: string): void {
  const value: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
  const get = (): unknown => {
    countInertUse();
    return value ?? Reflect.get(Object.getPrototypeOf(object) as object, name, object);
  };
  const set = (replaced: unknown): void => {
    Object.defineProperty(object, name, { value: replaced, writable: true, configurable: true, enumerable: true });
  };
  Object.defineProperty(object, name, { get, set, configurable: true, enumerable: true });
}

/**
 * Returns a function that creates authentication, permission and throttle classes only to read what they require.
 *
 * @throws ImproperlyConfigured if a class needs dependencies that no container will inject.
 */
export function policyReader(container: AppContainer): PolicyMaker {
  const samples = new Map<Class, Sample>();
  return policyClass => {
    const { isTypedi } = container;
    if (isTypedi) checkDependencies(policyClass);
    const isInjected = container.has(policyClass);
    if (!isInjected) requireNoDependencies(policyClass);
    if (isTypedi ? needsNothingInjected(policyClass) : !isInjected) return new policyClass();
    const sample = samples.get(policyClass) ?? watchedSample(policyClass, isTypedi);
    samples.set(policyClass, sample);
    if (sample.isDoubtful) countInertUse();
    return sample.object as InstanceType<typeof policyClass>;
  };
}

function watchedSample(policyClass: Class, isTypedi: boolean): Sample {
  const sample = sampleOf(policyClass, isTypedi);
  countUsesOf(sample);
  return sample;
}
