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
const mostUses = 10_000;

/**
 * Makes the inert services of one object. Using one never throws: reading a member, a call or `new` returns another
 * inert object. Callbacks that are passed to a service are never called, and its promises never settle.
 */
export class InertServices {
  #uses = 0;

  /**
   * Returns a new inert service.
   *
   * @param prototype the prototype that `instanceof` finds
   */
  service(prototype: object = Function.prototype): object {
    // A function, because a service may be called or constructed.
    const target = function inert(): void {};
    const service: object = new Proxy(target, this.#traps(prototype));
    inertObjects.add(service);
    return service;
  }

  /**
   * Whether nothing was asked of the services. A constructor that asked for anything may have decided by it, also where it
   * keeps what it got: `this.mode ? [] : ['remove']` leaves no trace.
   */
  get areOnlyKept(): boolean {
    return this.#uses === 0;
  }

  #traps(prototype: object): ProxyHandler<() => void> {
    const result = (): object => this.#use();
    const done = (): true => (this.#count(), true);
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

  #use(): object {
    this.#count();
    return this.service();
  }

  #asText(): () => string {
    return this.#asValue(() => '');
  }

  #asValue<Value>(value: Value): Value {
    this.#count();
    return value;
  }

  #count(): void {
    countInertUse();
    this.#uses += 1;
    if (this.#uses > mostUses) throw new Error('its constructor never stops asking its services');
  }
}
