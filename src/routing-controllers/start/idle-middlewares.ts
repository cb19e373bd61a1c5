/** Finds error middleware that no error can reach, because no middleware before it can pass one on. */
import type { UseMetadata } from 'routing-controllers';
import type { Logger } from '../../core/settings/logger';
import { routerOf } from './app-router';
import { isForErrors, type Made } from './middleware';

interface Place {
  readonly name: string;
  /** The first handler before which it is registered. */
  readonly place: string;
}

export class IdleMiddlewares {
  readonly #reached = new Set<unknown>();
  readonly #idle = new Map<unknown, Place>();

  constructor(private readonly logger: Logger) {}

  /**
   * Records the middlewares that run before a handler, in their order. The guard is not among them: it answers its
   * errors itself.
   */
  note(uses: readonly UseMetadata[], place: string): void {
    const handsOn = uses.findIndex(use => !isForErrors(use));
    for (const [index, use] of uses.entries()) {
      if (!isForErrors(use)) continue;
      const { middleware } = use;
      if (handsOn >= 0 && handsOn < index) this.#reached.add(middleware);
      else this.#idle.set(middleware, this.#idle.get(middleware) ?? { name: nameOf(middleware), place });
    }
  }

  /** Warns about a middleware class that has both methods: only one of them is called. */
  noteClass(middleware: { readonly name: string; readonly prototype?: Made }, called: keyof Made): void {
    const { use, error } = middleware.prototype ?? {};
    if (use === undefined || error === undefined || this.#reached.has(middleware.prototype)) return;
    this.#reached.add(middleware.prototype);
    this.logger.warn(
      `The middleware class ${nameOf(middleware)} has use() and error(), and only ${called}() is called there: make two classes of it.`,
    );
  }

  /**
   * Warns about the recorded middlewares, and about error middleware of the app. Call it after all routes are
   * registered.
   *
   * @param answersErrors whether the server answers its refusals itself instead of passing them on
   */
  report(app: object, answersErrors: boolean): void {
    for (const [middleware, { name, place }] of answersErrors ? this.#idle : [])
      if (!this.#reached.has(middleware))
        this.logger.warn(
          `The error middleware ${name} of @UseBefore is never called in front of ${place}: no middleware before it can hand on an error, and errors of handlers do not go back. Name it in @UseAfter.`,
        );
    for (const name of idleLayers(app))
      this.logger.warn(
        `The error middleware ${name} is never called: nothing is registered before it. Put it behind the server, with app.use() after useExpressServer(), or with @Middleware({ type: 'after' }).`,
      );
  }
}

interface Layer {
  readonly name?: string;
  readonly handle: { readonly length: number; readonly name: string };
}

// Express 4 registers these two first. They pass on no errors.
const ownLayers = ['query', 'expressInit'];

function idleLayers(app: object): readonly string[] {
  const { stack = [] } = routerOf(app) as { readonly stack?: readonly Layer[] };
  const layers = stack.filter(({ name = '' }) => !ownLayers.includes(name));
  const handsOn = layers.findIndex(({ handle }) => handle.length !== 4);
  return layers.slice(0, handsOn < 0 ? layers.length : handsOn).map(({ handle }) => nameOf(handle));
}

function nameOf({ name }: { readonly name: string }): string {
  return name === '' ? '(without a name)' : name;
}
