/**
 * Replaces the app's services with inert objects while rules are read at startup, and counts how often those are used.
 */

let uses = 0;

/** Returns how often inert objects, and the results of their use, were used so far in this process. */
export function inertUses(): number {
  return uses;
}

/** Counts a use: the rule that is being read depends on a service. */
export function countInertUse(): void {
  uses += 1;
}

const inertObjects = new WeakSet<object>();

/** Tells whether the value is an inert object, or a list or a plain object that holds one. */
export function holdsInert(value: unknown, depth = 4): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  if (inertObjects.has(value)) return true;
  return depth > 0 && partsOf(value).some(part => holdsInert(part, depth - 1));
}

function partsOf(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : [];
}

// A constructor that loops until a service returns nothing more would never end.
const mostResults = 10_000;

/**
 * Makes the inert services of one object. Using one never throws: reading a member, a call or `new` returns another
 * inert object. Callbacks that are passed to a service are never called, and its promises never settle.
 */
export class InertServices {
  /** Results of a use that have not been used themselves. */
  readonly #unused = new Set<object>();
  #isAskedForValue = false;

  /**
   * Returns a new inert service.
   *
   * @param prototype the prototype that `instanceof` finds
   */
  service(prototype: object = Function.prototype): object {
    // A function, because a service may be called or constructed.
    const target = function inert(): void {};
    const service: object = new Proxy(
      target,
      this.#traps(prototype, () => service),
    );
    inertObjects.add(service);
    return service;
  }

  /**
   * Tells whether the object's constructor only stored what it got from its services. Otherwise it may have made a
   * decision based on them.
   */
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

  /** Counts that a plain value was read: it cannot be traced to its service. */
  #asValue<Value>(value: Value): Value {
    countInertUse();
    this.#isAskedForValue = true;
    return value;
  }
}
