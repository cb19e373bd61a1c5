/** A request that offers only its method, to find out whether a rule can be decided before anything else is known. */
import { contextKey, heldByAnyObject, type Held, type RequestContext } from '../../authentication/request-context';
import { inertUses } from '../../core/process/inert';
import { after, attempt, type Soon } from '../../core/time/soon';

class Shown {
  /** Whether the request itself was read, and nothing of it yet. */
  isPassedOn = false;
  #excesses = 0;

  constructor(
    readonly method: string | undefined,
    readonly context: RequestContext | undefined,
  ) {}

  /** How often anything except the method was read. A request of which nothing was read went elsewhere, as into a map. */
  get excesses(): number {
    if (this.isPassedOn) this.exceed();
    return this.#excesses;
  }

  exceed(): void {
    this.isPassedOn = false;
    this.#excesses += 1;
  }

  /** Notes that the request itself was read: what comes next tells what for. */
  passOn(): void {
    if (this.isPassedOn) this.exceed();
    this.isPassedOn = true;
  }

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
  shown.exceed();
  throw new LooksFurther();
}

// Counts a look at the object itself and returns `undefined`: the library inspects what a controller holds, too. Typed as
// `unknown`, so that every trap can use it.
function inspect(shown: Shown): unknown {
  shown.exceed();
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
    shown.isPassedOn = false;
    if (name === contextKey) return shown.held;
    return name === 'method' && shown.method !== undefined ? shown.method : ask(shown);
  },
};

export class MethodOnly {
  // Made at the first look: most rules read nothing of the request.
  #made: Shown | undefined;
  #request: object | undefined;
  #response: object | undefined;

  /**
   * @param method `undefined` if not even the method is known, for a route that takes every method
   * @param context the context that `contextOf` finds, because rules may depend on settings
   */
  constructor(
    private readonly method: string | undefined,
    private readonly context?: RequestContext,
  ) {}

  get #shown(): Shown {
    return (this.#made ??= new Shown(this.method, this.context));
  }

  get request(): object {
    return (this.#request ??= new Proxy(this.#shown, requestTraps));
  }

  get response(): object {
    return (this.#response ??= new Proxy(this.#shown, responseTraps));
  }

  /** Returns the request or the response, and notes who reads the request and reads nothing of it, or reads the response. */
  read(name: 'request' | 'response'): object {
    if (name === 'request') this.#shown.passOn();
    else this.#shown.exceed();
    return this[name];
  }

  /**
   * Notices who reads the controller's `request` and reads nothing of it, or reads its `response`. A map whose keys are
   * requests does not find this one, and no trap sees that. Assigning another request or response ends it.
   */
  watchReadsOf(controller: object): void {
    const shown = this.#shown;
    watchReads(controller, 'request', this.request, () => {
      shown.passOn();
    });
    watchReads(controller, 'response', this.response, () => {
      shown.exceed();
    });
  }

  get #excesses(): number {
    return this.#made?.excesses ?? 0;
  }

  /** How often anything was used that makes a rule depend on more than its controller and its method. */
  get #uses(): number {
    return (this.#made?.excesses ?? 0) + inertUses();
  }

  /**
   * Runs `look` and returns whether it read anything except the method, or used an inert service. An error that it
   * throws after that is ignored.
   */
  watch<Found>(look: () => Found): { readonly isExceeded: boolean; readonly found?: Found } {
    const before = this.#uses;
    try {
      const found = look();
      const isExceeded = this.#uses > before;
      return isExceeded ? { isExceeded } : { isExceeded, found };
    } catch (error) {
      if (this.#uses > before) return { isExceeded: true };
      throw error;
    }
  }

  /** Does the same for a `look` that may return a promise, and which uses no inert service. */
  watchSoon<Found>(look: () => Soon<Found>): Soon<{ readonly isExceeded: boolean; readonly found?: Found }> {
    const before = this.#excesses;
    const isExceeded = (): boolean => this.#excesses > before;
    return attempt<{ readonly isExceeded: boolean; readonly found?: Found }>(
      () => after(look(), found => (isExceeded() ? { isExceeded: true } : { isExceeded: false, found })),
      error => {
        if (!isExceeded()) throw error;
        return { isExceeded: true };
      },
    );
  }
}

function watchReads(controller: object, name: string, value: object, note: () => void): void {
  const own = Object.getOwnPropertyDescriptor(controller, name);
  // Leaves an accessor of the app's alone.
  if (own?.value !== value || own.configurable !== true) return;
  Object.defineProperty(controller, name, {
    get: () => (note(), value),
    set: (replaced: unknown) => {
      Object.defineProperty(controller, name, { ...own, value: replaced });
    },
    enumerable: own.enumerable === true,
    configurable: true,
  });
}
