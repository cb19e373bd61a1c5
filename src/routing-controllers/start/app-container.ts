/** The container that creates the app's classes: the argument of `useContainer()`, or typedi's default container. */
import 'reflect-metadata';
import { getFromContainer, type Action } from 'routing-controllers';
import { Container, ContainerInstance, Token, type Constructable } from 'typedi';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import {
  checkDependencies,
  handlerOfParameter,
  injectedMembers,
  injectedParameters,
  isPrimitive,
  needsNothingInjected,
  type Class,
  type Handler,
} from './dependencies';

/** Creates the controllers of one class, a new one for each request. */
export interface ControllerFactory {
  make(action: Action): object;
  /** Removes the registration from the container. */
  remove(): void;
}

/** Creates the classes into which an app injects dependencies. */
export interface AppContainer {
  /** Whether typedi's decorators say what is injected. Another container may inject into any parameter or property. */
  readonly isTypedi: boolean;
  /** Whether the container creates the class. The answer is also `true` for a class that it may know only later. */
  has(someClass: Class): boolean;
  get<T extends object>(someClass: Class<T>): T;
  /** Returns the object of a class that routing-controllers would get from its container, such as a middleware. */
  ofServer<T>(someClass: Class<T & object>, action?: Action): T;
  /**
   * Creates an object of the class that the container does not keep.
   *
   * @param given returns the object to inject for a type, or `undefined` to inject the container's own
   */
  make<T extends object>(someClass: Class<T>, given: (type: unknown) => object | undefined): T;
  /** @throws ImproperlyConfigured if typedi cannot know the class of a dependency. */
  factory(controllerClass: Class): ControllerFactory;
}

/** Returns the container that is configured now. An app must call `useContainer()` before it makes its server. */
export function appContainer(): AppContainer {
  const typedi = givenTypedi();
  if (typedi !== undefined) return new TypediContainer(typedi, true);
  return isGiven() ? new OtherContainer() : new TypediContainer(Container.of(), false);
}

/** Uses typedi's container. Dependencies are shared exactly as that container shares them. */
class TypediContainer implements AppContainer {
  readonly isTypedi = true;

  /** @param isGiven whether `useContainer()` was called with this container */
  constructor(
    private readonly container: ContainerInstance,
    private readonly isGiven: boolean,
  ) {}

  has(someClass: Class): boolean {
    const id = someClass as Constructable<object>;
    return this.container.has(id) || Container.has(id);
  }

  get<T extends object>(someClass: Class<T>): T {
    return this.container.get(someClass as unknown as Constructable<T>);
  }

  // routing-controllers asks the container that was given last, which may be another server's. Only it knows the
  // options of useContainer() for a class that this container does not know.
  ofServer<T>(someClass: Class<T & object>, action?: Action): T {
    return this.isGiven && this.has(someClass) ? this.get(someClass) : getFromContainer<T>(someClass, action);
  }

  // Uses typedi's order: first the constructor parameters, then the properties.
  make<T extends object>(someClass: Class<T>, given: (type: unknown) => object | undefined): T {
    const parameters = injectedParameters(someClass).map(
      ({ type }, index) => given(type) ?? this.#injected(handlerOfParameter(someClass, index), type),
    );
    const made = new (someClass as new (...parameters: unknown[]) => T)(...parameters, this.container);
    for (const { name, type, handler } of injectedMembers(someClass))
      Reflect.set(made, name, given(type) ?? this.#injected(handler, type));
    return made;
  }

  #injected(handler: Handler | undefined, type: unknown): unknown {
    if (handler !== undefined) return handler.value(this.container);
    return isPrimitive(type) ? undefined : this.container.get(type as Constructable<unknown>);
  }

  factory(controllerClass: Class): ControllerFactory {
    checkDependencies(controllerClass);
    // Does not register a class without dependencies: the container would search all of its services for each request.
    if (needsNothingInjected(controllerClass)) return { make: () => new controllerClass(), remove: () => undefined };
    const { container } = this;
    const id = new Token<object>(controllerClass.name);
    container.set({ id, type: controllerClass as Constructable<object>, transient: true });
    return { make: () => container.get(id), remove: () => void container.remove(id) };
  }
}

class OtherContainer implements AppContainer {
  readonly isTypedi = false;

  // Another container cannot be asked. Decorators such as inversify's @injectable() leave metadata. A class with
  // neither metadata nor constructor parameters is created with `new`, because many containers refuse a class that they
  // do not know.
  has(someClass: Class): boolean {
    return someClass.length > 0 || Reflect.getMetadataKeys(someClass).length > 0;
  }

  get<T extends object>(someClass: Class<T>, action?: Action): T {
    const found: unknown = getFromContainer<T>(someClass, action);
    if (found instanceof someClass) return found;
    throw new ImproperlyConfigured(
      `The container of useContainer() returned ${found === null ? 'null' : typeof found} for ${someClass.name}: it must return an object of the class.`,
    );
  }

  ofServer<T>(someClass: Class<T & object>, action?: Action): T {
    return getFromContainer<T>(someClass, action);
  }

  // Ignores `given`: only typedi's container holds the library's services.
  make<T extends object>(someClass: Class<T>): T {
    return this.get(someClass);
  }

  factory(controllerClass: Class): ControllerFactory {
    let isShared: boolean | undefined;
    const make = (action: Action): object => {
      const made = this.get(controllerClass, action);
      isShared ??= made === this.get(controllerClass, action);
      if (!isShared) return made;
      throw new ImproperlyConfigured(
        `The container of useContainer() returned the same ${controllerClass.name} twice, so that requests would see each other's callers. Register the class there so that each get() makes a new object (transient), and leave fallbackOnErrors out: it hides the container's errors.`,
      );
    };
    return { make, remove: () => undefined };
  }
}

// Registers a factory to identify the container: typedi passes the calling container to it.
function givenTypedi(): ContainerInstance | undefined {
  const id = new Token<ContainerInstance>('the container that routing-controllers was given');
  Container.set({ id, factory: (container: ContainerInstance) => container, transient: true });
  const found = unlessThrown(() => getFromContainer<unknown>(id as never));
  Container.remove(id);
  if (!(found instanceof ContainerInstance)) return undefined;
  found.remove(id);
  return found;
}

// Detects useContainer() by its effects. Without it, routing-controllers only calls the constructor, and keeps the
// first object whose construction has finished. The probe's constructor requests the probe itself once. So the inner
// object is kept, and the caller gets the outer one.
function isGiven(): boolean {
  const made: object[] = [];
  const looks: unknown[] = [];
  const probe = new Proxy(class {}, {
    construct: () => {
      const object = {};
      if (made.push(object) === 1) getFromContainer(probe);
      return object;
    },
    get: (target, name) => (looks.push(name), Reflect.get(target, name) as unknown),
    getOwnPropertyDescriptor: (target, name) => (looks.push(name), Reflect.getOwnPropertyDescriptor(target, name)),
    getPrototypeOf: target => (looks.push(target), Reflect.getPrototypeOf(target)),
  });
  const [outer, later] = [1, 2].map(() => unlessThrown(() => getFromContainer<object>(probe)));
  return looks.length > 0 || made.length !== 2 || outer !== made[0] || later !== made[1];
}

function unlessThrown<T>(what: () => T): T | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}
