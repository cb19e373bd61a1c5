/** Keeps which routes a test of isolation has tested, and why it could not test the others. */
import { hasUnknownQuery, type Query } from './queries';
import type { TestedRoute } from './tested-routes';

export class Coverage {
  readonly #exercised = new Set<TestedRoute>();
  readonly #reasons = new Map<TestedRoute, string>();
  readonly #parts = new Map<TestedRoute, string>();
  readonly #accepted = new Map<TestedRoute, Set<string>>();
  readonly #refused = new Map<TestedRoute, Map<string, number>>();
  readonly #throttled = new Set<TestedRoute>();

  /** Was a request of a caller for their own object answered? */
  hasExercised(route: TestedRoute): boolean {
    return this.#exercised.has(route);
  }

  /** Notes the status of the answer to a caller's request for their own object. */
  judge(route: TestedRoute, query: Query, status: number): void {
    if (query !== route.queries[0]) this.#judgeParameters(route, query, status);
    else if (status < 400) this.#exercised.add(route);
    else this.explain(route, `every answer to a caller's own request was an error, such as ${status}`);
  }

  /** Notes that a throttle answered instead of the route, which tells nothing about objects. */
  noteThrottled(route: TestedRoute): void {
    this.#throttled.add(route);
  }

  /** Notes why the route cannot be tested. */
  explain(route: TestedRoute, reason: string): void {
    this.#reasons.set(route, reason);
  }

  /** Notes what of the route cannot be tested although it was answered. */
  explainPart(route: TestedRoute, reason: string): void {
    this.#parts.set(route, reason);
  }

  /** Returns why the route was not tested, or not in full; `undefined` if it was. */
  reasonOf(route: TestedRoute): string | undefined {
    if (this.#throttled.has(route)) return throttledText;
    if (!this.#exercised.has(route)) return this.#reasons.get(route) ?? 'no request was sent';
    if (!route.reads || this.#parts.has(route)) return this.#parts.get(route);
    if (hasUnknownQuery(route.action?.params ?? []))
      return 'the class of its @QueryParams() has no decorators of class-validator, so that its parameters are unknown';
    const accepted = this.#accepted.get(route);
    const refused = [...(this.#refused.get(route) ?? [])].find(([name]) => accepted?.has(name) !== true);
    return refused && refusedText(...refused);
  }

  // A 403 or 404 is about the caller or the object. The value itself was understood.
  #judgeParameters(route: TestedRoute, { names }: Query, status: number): void {
    const isRefused = status === 400 || status === 422 || status >= 500;
    const accepted = this.#accepted.get(route) ?? new Set();
    const refused = this.#refused.get(route) ?? new Map<string, number>();
    for (const name of names)
      if (isRefused) refused.set(name, status);
      else accepted.add(name);
    this.#accepted.set(route, accepted);
    this.#refused.set(route, refused);
  }
}

const throttledText =
  'a throttle answered 429 instead: turn throttles off in this test, with null for each rate, such as throttleRates: { user: null }';

function refusedText(name: string, status: number): string {
  return `every request with the query parameter '${name}' was an error, such as ${status}: let seed() return a value for '${name}'`;
}
