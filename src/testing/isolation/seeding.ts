/** Creates the objects of a test of isolation. */
import { idIn } from './requests';
import { bodyOf, type TestedRoute } from './tested-routes';

/** A caller of the test. */
export interface IsolationCaller {
  readonly name: string;
  readonly token: string;
  /** A text that only this caller's objects have: put it into a field, so that the object is recognized elsewhere. */
  readonly canary: string;
}

/** Creates one object for the caller, and returns the values of path parameters. */
export type IsolationSeed = (
  caller: IsolationCaller,
  send: (method: string, path: string, body?: unknown) => Promise<Response>,
) => Promise<Readonly<Record<string, string>>> | Readonly<Record<string, string>>;

/** Creates objects by the app's own POST routes, and takes their ids from the answers. */
export function seedByPosts(routes: readonly TestedRoute[]): IsolationSeed {
  const creating = routes.filter(
    ({ method, parameters, reads }) => method === 'POST' && parameters.length === 0 && !reads,
  );
  return async ({ canary }, send) => {
    const values: Record<string, string> = {};
    for (const route of creating) {
      const response = await send('POST', `${route.path}${route.queries[0].fill(canary, {})}`, bodyOf(route, canary));
      const id = response.ok ? await idIn(response) : undefined;
      if (id !== undefined) for (const key of keysBelow(route.path, routes)) values[key] ??= id;
    }
    return values;
  };
}

/** The paths of the parameters that stand right behind this path. */
function keysBelow(path: string, routes: readonly TestedRoute[]): readonly string[] {
  const below = routes.filter(route => route.path.startsWith(path)).map(route => route.path.slice(path.length));
  const keys = below.flatMap(rest => /^\/:\w+/.exec(rest) ?? []);
  return [...new Set(keys)].map(key => `${path}${key}`);
}
