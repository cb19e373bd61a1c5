/** A request that offers its method alone: it shows whether a rule can be decided before there is anything else. */

export class MethodOnly {
  readonly request: object;
  readonly response: object;
  /** How often anything else was asked for. */
  #excesses = 0;

  /** @param method `undefined`: not even the method is known (a route for all of them). */
  constructor(method: string | undefined) {
    const ask = (): unknown => {
      this.#excesses += 1;
      return undefined;
    };
    const traps: ProxyHandler<object> = {
      get: ask,
      has: () => ask() === true,
      ownKeys: () => (ask() === true ? ['method'] : []),
      getOwnPropertyDescriptor: () => void ask(),
      getPrototypeOf: () => (ask() === true ? {} : null),
    };
    const get = (_target: object, name: string | symbol): unknown =>
      name === 'method' && method !== undefined ? method : ask();
    this.request = new Proxy({}, { ...traps, get });
    this.response = new Proxy({}, traps);
  }

  /** Runs `look` and tells whether it asked for anything but the method. What it throws then, for want of it, does not count. */
  watch<Found>(look: () => Found): { readonly isExceeded: boolean; readonly found?: Found } {
    const before = this.#excesses;
    try {
      const found = look();
      return this.#excesses > before ? { isExceeded: true } : { isExceeded: false, found };
    } catch (error) {
      if (this.#excesses > before) return { isExceeded: true };
      throw error;
    }
  }

  /** The same for something that takes a while. */
  async watchAsync(look: () => Promise<void>): Promise<{ readonly isExceeded: boolean }> {
    const before = this.#excesses;
    try {
      await look();
    } catch (error) {
      if (this.#excesses === before) throw error;
    }
    return { isExceeded: this.#excesses > before };
  }
}
