/** What typedi makes and holds: the library's services, controllers for one request, and policies with their dependencies. */
import 'reflect-metadata';
import { Container, Token, type Constructable } from 'typedi';
import { AccessTokenVerifier } from '../core/access-token';
import { ImproperlyConfigured } from '../core/exceptions';
import { TokenIntrospector } from '../core/introspection';
import { JwksManager } from '../core/jwks-manager';
import { Settings } from '../core/settings';

/** A class that can be made. */
export type Class<T extends object = object> = new (...dependencies: never[]) => T;

/** What a server has of the library's services. */
export interface OwnServices {
  readonly settings: Settings;
  readonly jwksManager: JwksManager;
  readonly verifier: AccessTokenVerifier;
  readonly introspector: TokenIntrospector;
}

/** Makes the server's own services those of the container; with several servers the last one's win. */
export function registerServices({ settings, jwksManager, verifier, introspector }: OwnServices): void {
  // Values without a type: a reset of the container must not make others.
  Container.set({ id: Settings, value: settings });
  Container.set({ id: JwksManager, value: jwksManager });
  Container.set({ id: AccessTokenVerifier, value: verifier });
  Container.set({ id: TokenIntrospector, value: introspector });
}

/** Makes an authentication, permission or throttle class. */
export type PolicyMaker = <T extends object>(policyClass: new (...dependencies: never[]) => T) => T;

/** Runs what makes a server beside that of the process, and leaves the container the services that it has. */
export function keepingServices<Made>(make: () => Made): Made {
  const ids = [Settings, JwksManager, AccessTokenVerifier].filter(id => Container.has(id as Constructable<object>));
  const kept = ids.map(id => ({ id, value: Container.get<object>(id as Constructable<object>) }));
  try {
    return make();
  } finally {
    for (const service of kept) Container.set(service);
  }
}

/**
 * Makes authentication, permission and throttle classes: by the container where they are `@Service()`s, else simply.
 * Which of them a class is, is found out once for a server: the container looks through all that it knows.
 *
 * @throws ImproperlyConfigured where one needs dependencies and nobody can give them.
 */
export function policyMaker(): PolicyMaker {
  const simple = new WeakSet<Class>();
  return policyClass => {
    if (simple.has(policyClass)) return new policyClass();
    checkDependencies(policyClass);
    const known = policyClass as Constructable<InstanceType<typeof policyClass>>;
    if (Container.has(known)) return Container.get(known);
    requireNoDependencies(policyClass);
    simple.add(policyClass);
    return new policyClass();
  };
}

function requireNoDependencies(policyClass: Class): void {
  if (dependencyTypes(policyClass).length === 0) return;
  throw new ImproperlyConfigured(
    `${policyClass.name} has constructor parameters, and the container does not know it: add @Service() to it.`,
  );
}

/** Makes controllers of a class, each anew, with dependencies that are shared as the container shares them. */
export interface ControllerFactory {
  make(): object;
  /** Forgets the registration. */
  remove(): void;
}

export function controllerFactory(controllerClass: Class): ControllerFactory {
  checkDependencies(controllerClass);
  const isSimple = dependencyTypes(controllerClass).length === 0 && !isInjected(controllerClass);
  return isSimple ? simpleFactory(controllerClass) : injectingFactory(controllerClass);
}

// The container would look through all that it knows, for nothing.
function simpleFactory(controllerClass: new () => object): ControllerFactory {
  return { make: () => new controllerClass(), remove: () => undefined };
}

function injectingFactory(controllerClass: Class): ControllerFactory {
  const id = new Token<object>(controllerClass.name);
  Container.set({ id, type: controllerClass as Constructable<object>, transient: true });
  return { make: () => Container.get(id), remove: () => void Container.remove(id) };
}

/** Makes a controller once, for looking at. */
export function makeOnce(controllerClass: Class): object {
  const factory = controllerFactory(controllerClass);
  try {
    return factory.make();
  } finally {
    factory.remove();
  }
}

function dependencyTypes(someClass: Class): readonly unknown[] {
  return (Reflect.getMetadata('design:paramtypes', someClass) as unknown[] | undefined) ?? [];
}

// typedi would inject undefined, or the container itself, and say nothing.
function checkDependencies(someClass: Class): void {
  const types = dependencyTypes(someClass);
  const missing = types.findIndex((type, index) => type === undefined && !isInjectedByHand(someClass, index));
  if (missing >= 0)
    throw new ImproperlyConfigured(
      `Constructor parameter ${missing} of ${someClass.name} has an undefined class: an import cycle? Import it from the file that declares it, or use @Inject(() => TheClass).`,
    );
  if (types.length >= someClass.length) return;
  throw new ImproperlyConfigured(
    `${someClass.name} has constructor parameters, and TypeScript emitted no types for them: compile with tsc and "emitDecoratorMetadata", and give the class a decorator such as @Service().`,
  );
}

function isInjectedByHand(someClass: Class, index: number): boolean {
  return Container.handlers.some(handler => handler.object === someClass && handler.index === index);
}

function isInjected(someClass: Class): boolean {
  return Container.handlers.some(
    handler =>
      handler.object === someClass ||
      (handler.object as object) === someClass.prototype ||
      (someClass.prototype as object) instanceof (handler.object.constructor as Class),
  );
}
