/** Collects the leaks that a test of isolation finds, apart from what is allowed. */
import { decide } from '../../routing-controllers/explaining';
import type { AxiomsServer } from '../../routing-controllers/start/axioms-server';
import type { IsolationLeak } from './report';
import type { IsolationCaller } from './seeding';
import { isNamed, type TestedRoute } from './tested-routes';

/** A leak before it is known whether a rule allows it. */
export interface Suspicion extends Pick<IsolationLeak, 'kind' | 'where'> {
  readonly route: TestedRoute;
  /** The path of the request; the pattern if a value is missing. */
  readonly path: string | undefined;
  readonly observer: IsolationCaller;
  readonly owner: IsolationCaller;
  /** Does another controller refuse the object to the observer? Then the route's own rule says nothing about it. */
  readonly isRefused?: boolean;
}

export class Leaks {
  readonly found: IsolationLeak[] = [];

  constructor(
    private readonly servers: readonly AxiomsServer[],
    private readonly shared: readonly string[],
  ) {}

  /** Notes the leak, once for each caller and kind, unless the route is shared or its own rule allows every object. */
  async note({ route, kind, where, path, observer, owner, isRefused }: Suspicion): Promise<void> {
    const isNoted = this.found.some(
      one => one.route === route.name && one.caller === observer.name && one.kind === kind,
    );
    if (isNoted || isNamed(route, this.shared)) return;
    if (isRefused !== true && (await this.#allowsEverything(route, observer, path ?? route.path))) return;
    this.found.push({ route: route.name, kind, caller: observer.name, owner: owner.name, where });
  }

  // A route without any rule about objects is not excused: it may have lost its rule.
  async #allowsEverything({ rules, method }: TestedRoute, { token }: IsolationCaller, path: string): Promise<boolean> {
    if (!rules.hasObjectRule) return false;
    if (!rules.isObjectAction(method) && !rules.isListAction(method)) return false;
    if (rules.dependOnObjects(method) === false) return true;
    const headers = { Authorization: `Bearer ${token}` };
    const decision = await decide(this.servers, { method, path, headers });
    return decision?.isAllowed === true && !decision.dependsOnObject;
  }
}
