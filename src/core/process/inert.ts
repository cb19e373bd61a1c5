/** Inert objects stand in for the app's services while rules are read at startup, and count how often they are used. */

let uses = 0;

/** Returns how often inert objects, and what came of them, were used so far in this process. */
export function inertUses(): number {
  return uses;
}

/** Counts a use: what is being read depends on a service. */
export function countInertUse(): void {
  uses += 1;
}

const inertObjects = new WeakSet<object>();

/** Is the value an inert object, or a list or a plain object that holds one? */
export function holdsInert(value: unknown, depth = 4): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  if (inertObjects.has(value)) return true;
  return depth > 0 && partsOf(value).some(part => holdsInert(part, depth - 1));
}

function partsOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : [];
}

// A constructor that waits for a service to say "no more" would never end.
const mostResults = 10_000;

/**
 * The services of one object. Using one is never an error: a member, a call or `new` gives another inert object. What a
 * service gives to callbacks and promises never comes.
 */
export class InertServices {
  /** What came of a use and has not been used itself. */
  readonly #unused = new Set<object>();
  #isAskedForValue = false;

  /** @param prototype what `instanceof` finds */
  service(prototype: object = Function.prototype): object {
    // Callable and constructible, as a service may be.
    const target = function inert(): void {};
    const service: object = new Proxy(
      target,
      this.#traps(prototype, () => service),
    );
    inertObjects.add(service);
    return service;
  }

  /** Does the object's constructor only keep what it got from its services? Else it may have decided by it. */
  areOnlyKeptBy(made: object): boolean {
    const kept = Object.values(Object.getOwnPropertyDescriptors(made)).map(({ value }): unknown => value);
    return !this.#isAskedForValue && [...this.#unused].every(one => kept.includes(one));
  }

  #traps(prototype: object, self: () => object): ProxyHandler<() => void> {
    const result = (): object => this.#use(self());
    const done = (): true => (this.#use(self()), true);
    return {
      get: (_, name) => (name === Symbol.toPrimitive ? this.#asText() : result()),
      apply: result,
      construct: result,
      set: done,
      defineProperty: done,
      deleteProperty: done,
      has: () => this.#asValue(true),
      ownKeys: target => this.#asValue(Reflect.ownKeys(target)),
      getPrototypeOf: () => prototype,
    };
  }

  #use(service: object): object {
    countInertUse();
    this.#unused.delete(service);
    if (this.#unused.size > mostResults) throw new Error('its constructor never stops asking its services');
    const result = this.service();
    this.#unused.add(result);
    return result;
  }

  #asText(): () => string {
    return this.#asValue(() => '');
  }

  /** A value says nothing of where it is from. */
  #asValue<Value>(value: Value): Value {
    countInertUse();
    this.#isAskedForValue = true;
    return value;
  }
}
