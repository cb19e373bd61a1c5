/** The container that the app gave to routing-controllers with `useContainer()`, or typedi's where it gave none. */
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

/** Makes the controllers of a class: another one for each request. */
export interface ControllerFactory {
  make(action: Action): object;
  /** Forgets the registration. */
  remove(): void;
}

/** Makes what an app injects into. */
export interface AppContainer {
  /** Do typedi's decorators say what is injected? Another container may inject into any parameter and property. */
  readonly isTypedi: boolean;
  /** Does the container make the class, now or perhaps later? */
  has(someClass: Class): boolean;
  get<T extends object>(someClass: Class<T>): T;
  /** Makes an object of the class beside the container's own. @param given what is injected in place of the container's */
  make<T extends object>(someClass: Class<T>, given: (type: unknown) => object | undefined): T;
  /** @throws ImproperlyConfigured for a dependency that typedi cannot know. */
  factory(controllerClass: Class): ControllerFactory;
}

/** Finds the container as it is now: an app calls `useContainer()` before it makes its server. */
export function appContainer(): AppContainer {
  const typedi = givenTypedi();
  if (typedi !== undefined) return new TypediContainer(typedi);
  return isGiven() ? new OtherContainer() : new TypediContainer(Container.of());
}

/** Shares dependencies as its container shares them. */
class TypediContainer implements AppContainer {
  readonly isTypedi = true;

  constructor(private readonly container: ContainerInstance) {}

  has(someClass: Class): boolean {
    const id = someClass as Constructable<object>;
    return this.container.has(id) || Container.has(id);
  }

  get<T extends object>(someClass: Class<T>): T {
    return this.container.get(someClass as unknown as Constructable<T>);
  }

  // As typedi does it: the parameters, then the properties.
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
    // The container would look through all that it knows, for nothing.
    if (needsNothingInjected(controllerClass)) return { make: () => new controllerClass(), remove: () => undefined };
    const { container } = this;
    const id = new Token<object>(controllerClass.name);
    container.set({ id, type: controllerClass as Constructable<object>, transient: true });
    return { make: () => container.get(id), remove: () => void container.remove(id) };
  }
}

class OtherContainer implements AppContainer {
  readonly isTypedi = false;

  // Nobody can ask it. A class that nothing says of is simply made: many containers refuse a class that they do not know.
  // Decorators, such as inversify's @injectable(), leave metadata.
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

  // The library's services are in typedi's container alone.
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

// typedi's containers name themselves to a factory.
function givenTypedi(): ContainerInstance | undefined {
  const id = new Token<ContainerInstance>('the container that routing-controllers was given');
  Container.set({ id, factory: (container: ContainerInstance) => container, transient: true });
  const found = unlessThrown(() => getFromContainer<unknown>(id as never));
  Container.remove(id);
  if (!(found instanceof ContainerInstance)) return undefined;
  found.remove(id);
  return found;
}

// Without useContainer() routing-controllers only makes an object, and keeps the first one that is finished: of a class
// whose constructor asks for the class itself that is the inner one, and the caller gets the outer one.
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
