/** A request that offers its method alone: it shows whether a rule can be decided before there is anything else. */
import { contextKey, heldByAnyObject, type Held, type RequestContext } from '../../authentication/request-context';
import { inertUses } from '../../core/process/inert';
import { after, attempt, type Soon } from '../../core/time/soon';

class Shown {
  /** How often anything but the method was asked for. */
  excesses = 0;

  constructor(
    readonly method: string | undefined,
    readonly context: RequestContext | undefined,
  ) {}

  /** The settings are the server's, and the same for every request; the caller is not. */
  get held(): Held | undefined {
    if (this.context === undefined) return undefined;
    const caller = { get: (): undefined => void ask(this) };
    return heldByAnyObject(Object.create(this.context, { caller }) as RequestContext);
  }
}

// Typed as it is used, an answer for every trap: there is nothing to see.
function ask(shown: Shown): unknown {
  shown.excesses += 1;
  return undefined;
}

const responseTraps: ProxyHandler<Shown> = {
  get: ask,
  set: shown => (ask(shown), true),
  has: shown => ask(shown) === true,
  ownKeys: shown => (ask(shown) === true ? ['method'] : []),
  getOwnPropertyDescriptor: shown => ask(shown) as undefined,
  getPrototypeOf: shown => (ask(shown) === true ? {} : null),
};

const requestTraps: ProxyHandler<Shown> = {
  ...responseTraps,
  get(shown, name) {
    if (name === contextKey) return shown.held;
    return name === 'method' && shown.method !== undefined ? shown.method : ask(shown);
  },
};

export class MethodOnly {
  readonly request: object;
  readonly response: object;
  readonly #shown: Shown;

  /**
   * @param method `undefined`: not even the method is known (a route for all of them)
   * @param context what `contextOf` finds: rules may depend on settings
   */
  constructor(method: string | undefined, context?: RequestContext) {
    this.#shown = new Shown(method, context);
    this.request = new Proxy(this.#shown, requestTraps);
    this.response = new Proxy(this.#shown, responseTraps);
  }

  get #excesses(): number {
    return this.#shown.excesses;
  }

  /**
   * Runs `look` and tells whether it asked for anything but the method, such as an inert service. What it throws after that
   * does not count.
   */
  watch<Found>(look: () => Found): { readonly isExceeded: boolean; readonly found?: Found } {
    const before = this.#excesses + inertUses();
    try {
      const found = look();
      const isExceeded = this.#excesses + inertUses() > before;
      return isExceeded ? { isExceeded } : { isExceeded, found };
    } catch (error) {
      if (this.#excesses + inertUses() > before) return { isExceeded: true };
      throw error;
    }
  }

  /** The same for something that may take a while. */
  watchSoon(look: () => Soon<void>): Soon<{ readonly isExceeded: boolean }> {
    const before = this.#excesses;
    const looked = attempt(look, error => {
      if (this.#excesses === before) throw error;
    });
    return after(looked, () => ({ isExceeded: this.#excesses > before }));
  }
}
