/** A request that offers only its method, to find out whether a rule can be decided before anything else is known. */
import { contextKey, heldByAnyObject, type Held, type RequestContext } from '../../authentication/request-context';
import { inertUses } from '../../core/process/inert';
import { after, attempt, type Soon } from '../../core/time/soon';

class Shown {
  /** How often anything except the method was read. */
  excesses = 0;

  constructor(
    readonly method: string | undefined,
    readonly context: RequestContext | undefined,
  ) {}

  /** The settings are the same for every request of the server. The caller is not, so reading it counts. */
  get held(): Held | undefined {
    if (this.context === undefined) return undefined;
    const caller = { get: (): never => ask(this) };
    return heldByAnyObject(Object.create(this.context, { caller }) as RequestContext);
  }
}

/** Ends a rule that reads more than the method: with a made-up value it might remember a wrong result. */
class LooksFurther extends Error {
  constructor() {
    super('The rule reads more of the request than its method, so it is decided per request');
    this.name = new.target.name;
  }
}

function ask(shown: Shown): never {
  shown.excesses += 1;
  throw new LooksFurther();
}

// Counts a look at the object itself and returns `undefined`: the library inspects what a controller holds, too. Typed as
// `unknown`, so that every trap can use it.
function inspect(shown: Shown): unknown {
  shown.excesses += 1;
  return undefined;
}

const responseTraps: ProxyHandler<Shown> = {
  get: ask,
  set: ask,
  has: ask,
  ownKeys: shown => (inspect(shown) === true ? ['method'] : []),
  getOwnPropertyDescriptor: shown => inspect(shown) as undefined,
  getPrototypeOf: shown => (inspect(shown) === true ? {} : null),
};

const requestTraps: ProxyHandler<Shown> = {
  ...responseTraps,
  get(shown, name): unknown {
    if (name === contextKey) return shown.held;
    return name === 'method' && shown.method !== undefined ? shown.method : ask(shown);
  },
};

export class MethodOnly {
  readonly request: object;
  readonly response: object;
  readonly #shown: Shown;

  /**
   * @param method `undefined` if not even the method is known, for a route that takes every method
   * @param context the context that `contextOf` finds, because rules may depend on settings
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
   * Runs `look` and returns whether it read anything except the method, or used an inert service. An error that it
   * throws after that is ignored.
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

  /** Does the same for a `look` that may return a promise. */
  watchSoon(look: () => Soon<void>): Soon<{ readonly isExceeded: boolean }> {
    const before = this.#excesses;
    const looked = attempt(look, error => {
      if (this.#excesses === before) throw error;
    });
    return after(looked, () => ({ isExceeded: this.#excesses > before }));
  }
}
