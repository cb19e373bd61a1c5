/** Which server a request of a plain Express route belongs to. */
import type { Application, Request } from 'express';
import type { RoutingControllersOptions } from 'routing-controllers';
import type { Services } from '../views/visit';

export interface Serving {
  readonly services: Services;
  /** What it was made with. */
  readonly options: RoutingControllersOptions;
  /** Or does the app do that itself (`defaultErrorHandler: false`)? */
  readonly answersErrors: boolean;
}

const servings = new WeakMap<object, Serving>();

/** @param server what stands at `app.locals.axioms` */
export function serves(server: object, serving: Serving): void {
  servings.set(server, serving);
}

export function servingOfServer(server: object): Serving | undefined {
  return servings.get(server);
}

/** The server of the app that the request is in, or else of the nearest app around it. */
export function servingOf(request: Request, server?: object): Serving | undefined {
  if (server !== undefined) return servings.get(server);
  for (let app: Application | undefined = request.app; app !== undefined; app = parentOf(app)) {
    const serving = servings.get(app.locals.axioms as object);
    if (serving !== undefined) return serving;
  }
  return undefined;
}

function parentOf(app: Application): Application | undefined {
  return (app as { readonly parent?: Application }).parent;
}
