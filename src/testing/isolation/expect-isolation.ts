/** Tests over every route that no caller sees or changes objects of another. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { environmentName } from '../../core/process/development';
import type { TestedApp } from '../access-matrix';
import { forceAuthenticate } from '../force-authenticate';
import { onLoopback } from '../loopback';
import { axiomsServersOf } from '../served-app';
import { IsolationRun } from './isolation-run';
import { IsolationError, type IsolationReport } from './report';
import type { IsolationSeed } from './seeding';
import { isNamed, plainPath, testedRoutes, type TestedRoute } from './tested-routes';

/** Options of {@link expectIsolation}. */
export interface IsolationOptions {
  /** The bearer token of each caller; at least two. No caller may see what another one owns. */
  readonly callers: Readonly<Record<string, string>>;
  /**
   * Creates one object for the caller, and returns the values of path parameters by name, or by path: `{ id: '7' }`, or
   * `{ '/notes/:id': '7', '/books/:id': '3' }`. A value by the name of a parameter of the query is sent there, and one by
   * the name of a member of a body in each body that has it: `{ id: '7', customerId: 'acme' }`. A caller's body always has
   * the values of this caller. By default the app's own POST routes are used.
   */
  readonly seed?: IsolationSeed;
  /** Routes that may show objects of others on purpose: `['GET /articles']`. */
  readonly shared?: readonly string[];
  /** Routes to which no request is sent. */
  readonly ignore?: readonly string[];
  /** Set it to let the test write and delete outside of `NODE_ENV=test`. */
  readonly destructive?: boolean;
}

/**
 * Sends requests to every route, for each pair of callers. Nothing of another caller's object may be in an answer, no
 * answer to a request for the caller's own objects may change when the other caller's object is created, and no request
 * may change that object. A route without any rule about objects is not excused; one whose rule allows every object to
 * the caller is. An unknown id may be answered 404 and another caller's id 403: that an id exists is not a leak here.
 *
 * It writes and deletes: it needs `NODE_ENV=test`, or `destructive: true`. It sends hundreds of requests, so throttles must
 * be off (`throttleRates: { user: null }`): a route that a throttle answers with 429 counts as not tested.
 *
 * @returns what was tested
 * @throws IsolationError with the report, if there is a leak, or a route that is neither tested nor ignored
 * @throws RangeError if there are fewer than two callers, or an option names no route
 * @throws ImproperlyConfigured outside of `NODE_ENV=test`
 * @example
 * const report = await expectIsolation(app, {
 *   callers: { alice: issuer.token({ sub: 'alice' }), bob: issuer.token({ sub: 'bob' }) },
 *   seed: async ({ canary }, send) => {
 *     const created = await send('POST', '/notes', { text: canary });
 *     return { id: String(((await created.json()) as { id: number }).id) };
 *   },
 *   shared: ['GET /articles'],
 * });
 * console.log(isolationTable(report));
 */
export async function expectIsolation(app: TestedApp, options: IsolationOptions): Promise<IsolationReport> {
  requireTestEnvironment(options);
  const servers = axiomsServersOf(app);
  const routes = testedRoutes(servers);
  requireOptions(options, routes);
  // A caller that was forced before would replace every caller.
  forceAuthenticate(app, null);
  const report = await onLoopback(app, send => new IsolationRun(servers, routes, options, send).report());
  if (report.leaks.length > 0 || report.untested.length > 0) throw new IsolationError(report);
  return report;
}

function requireTestEnvironment({ destructive }: IsolationOptions): void {
  if (destructive === true || environmentName() === 'test') return;
  throw new ImproperlyConfigured(
    'expectIsolation() writes and deletes objects of the app, so it runs only with NODE_ENV=test, or with the option destructive: true.',
  );
}

function requireOptions({ callers, shared = [], ignore = [] }: IsolationOptions, routes: readonly TestedRoute[]): void {
  if (Object.keys(callers).length < 2)
    throw new RangeError('expectIsolation() needs at least two callers: { callers: { alice: …, bob: … } }.');
  const unknown = [...shared, ...ignore].find(name => !routes.some(route => isNamed(route, [name])));
  if (unknown !== undefined)
    throw new RangeError(
      `expectIsolation() knows no route '${plainPath(unknown)}'. The routes are: ${routes.map(({ name }) => name).join(', ')}.`,
    );
}
