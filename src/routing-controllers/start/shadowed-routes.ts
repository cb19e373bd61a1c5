/**
 * Finds routes whose requests an earlier route takes. They are never reached, which is a hole if the earlier route is
 * more open.
 */
import {
  beginningOf,
  examplesOf,
  examplesOfOdd,
  isEverything,
  looseSegmentsOf,
  matcherOf,
  segmentsOf,
  type Matcher,
  type PathOptions,
  type Segments,
} from './path-patterns';

/** A route as it is registered with Express. */
export interface Registered {
  readonly path: string | RegExp;
  /** The HTTP method in capitals; `undefined` for all methods. */
  readonly method: string | undefined;
  /** Whether a middleware of the route runs before the handler, and may pass the request on to later routes. */
  readonly mayPassOn: boolean;
}

export interface Shadow<R> {
  readonly earlier: R;
  /** `all` for every request of the later route, `some` for at least one. */
  readonly takes: 'all' | 'some';
}

interface Entry<R extends Registered> {
  readonly route: R;
  readonly index: number;
}

/** A segment of the paths of the routes that were added so far. */
class Node<R extends Registered> {
  parameter: Node<R> | undefined;
  rest: Node<R> | undefined;
  private children: Map<string, Node<R>> | undefined;
  /** The first route for each method and for each value of `mayPassOn`: it is the one that takes the requests. */
  private readonly ends: Entry<R>[] = [];

  child(segment: string | undefined): Node<R> {
    if (segment === undefined) return (this.parameter ??= new Node());
    const children = (this.children ??= new Map<string, Node<R>>());
    const known = children.get(segment) ?? new Node<R>();
    children.set(segment, known);
    return known;
  }

  add(entry: Entry<R>): void {
    const { method, mayPassOn } = entry.route;
    if (!this.ends.some(({ route }) => route.method === method && route.mayPassOn === mayPassOn)) this.ends.push(entry);
  }

  /** Adds to `found` the routes that take every path that these segments take. */
  findCovering(segments: Segments, found: Entry<R>[], from = 0): void {
    const { hasRest } = segments;
    const segment = segments.segments[from];
    const left = segments.segments.length - from;
    if (left > 1 || (left === 1 && segment !== '') || (left === 0 && hasRest)) found.push(...(this.rest?.ends ?? []));
    if (left === 0) {
      if (!hasRest) found.push(...this.ends);
      return;
    }
    if (segment !== undefined) this.children?.get(segment)?.findCovering(segments, found, from + 1);
    if (segment !== '') this.parameter?.findCovering(segments, found, from + 1);
  }
}

interface Ordinary<R extends Registered> extends Entry<R> {
  readonly segments: Segments;
  readonly matches: Matcher;
}

interface Odd<R extends Registered> extends Entry<R> {
  readonly matches: Matcher;
  readonly beginning: string;
  /** Paths that it takes; none if it is too complex to find one. */
  readonly examples: readonly string[];
}

/**
 * Compares each route with the earlier ones. Add the routes in the order of their registration. The cost of an ordinary
 * path depends on its segments, not on the number of routes.
 */
export class ShadowedRoutes<R extends Registered> {
  readonly #root = new Node<R>();
  readonly #ordinary: Ordinary<R>[] = [];
  readonly #odd: Odd<R>[] = [];
  #count = 0;

  constructor(private readonly options: PathOptions) {}

  /** Adds a route, and returns the earlier routes that take requests of it. */
  add(route: R): readonly Shadow<R>[] {
    const entry = { route, index: this.#count++ };
    const segments = this.segmentsOf(route.path);
    return segments === undefined ? this.addOdd(entry) : this.addOrdinary(entry, segments);
  }

  // Treats the segments as odd if Express does not match them so: Express 4 reads text after the star as text, Express
  // 5 as the wildcard's name.
  private segmentsOf(path: string | RegExp): Segments | undefined {
    const segments = segmentsOf(path, this.options);
    if (segments?.hasRest !== true) return segments;
    return examplesOf(segments).every(matcherOf(path, this.options)) ? segments : undefined;
  }

  private addOrdinary(entry: Entry<R>, segments: Segments): readonly Shadow<R>[] {
    const found = this.covering(segments);
    const ordinary = { ...entry, segments, matches: lateMatcher(entry.route.path, this.options) };
    const odd = this.#odd.map(earlier => ({ ...earlier, takes: this.oddTakes(earlier, ordinary) }));
    let node = this.#root;
    for (const segment of segments.segments) node = node.child(segment);
    (segments.hasRest ? (node.rest ??= new Node<R>()) : node).add(entry);
    this.#ordinary.push(ordinary);
    return shadows([...found, ...odd], entry);
  }

  private addOdd(entry: Entry<R>): readonly Shadow<R>[] {
    const { path } = entry.route;
    const odd = {
      ...entry,
      matches: matcherOf(path, this.options),
      beginning: beginningOf(path, this.options),
      examples: examplesOfOdd(path, this.options),
    };
    const loose = looseSegmentsOf(path, this.options);
    const covering = loose === undefined ? [] : this.covering(loose);
    const ordinary = this.#ordinary
      .filter(({ index }) => covering.every(one => one.index !== index))
      .filter(earlier => this.mayMeet(odd, earlier))
      .map(earlier => ({ ...earlier, takes: 'some' as const }));
    const others = this.#odd.map(earlier => ({ ...earlier, takes: oddTakesOdd(earlier, odd) }));
    this.#odd.push(odd);
    return shadows([...covering, ...ordinary, ...others], entry);
  }

  private oddTakes(odd: Odd<R>, ordinary: Ordinary<R>): Candidate<R>['takes'] {
    const isTaken = isFixed(ordinary) && examplesOf(ordinary.segments).every(odd.matches);
    if (isEverything(odd.route.path) || isTaken) return 'all';
    return this.mayMeet(odd, ordinary) ? 'some' : 'none';
  }

  /** Whether a path is known that both take, or may exist because no example of the odd one is known. */
  private mayMeet(odd: Odd<R>, ordinary: Ordinary<R>): boolean {
    if (this.allExamplesOf(ordinary).some(odd.matches) || odd.examples.some(ordinary.matches)) return true;
    if (odd.examples.length > 0 || isFixed(ordinary)) return false;
    return !areApart(odd.beginning, beginningOf(ordinary.route.path, this.options));
  }

  private allExamplesOf({ route, segments }: Ordinary<R>): readonly string[] {
    return [...examplesOf(segments), ...this.examplesAsWritten(route.path)];
  }

  // The segments are in lower case unless the app distinguishes the cases, but a regex may take only the case in which
  // the path is written.
  private examplesAsWritten(path: string | RegExp): readonly string[] {
    if (String(path) === String(path).toLowerCase()) return [];
    const segments = segmentsOf(path, { ...this.options, isCaseSensitive: true });
    return segments === undefined ? [] : examplesOf(segments);
  }

  private covering(segments: Segments): readonly Candidate<R>[] {
    const found: Entry<R>[] = [];
    this.#root.findCovering(segments, found);
    return found.map(earlier => ({ ...earlier, takes: 'all' }));
  }
}

// Makes the matcher at its first use: most paths are never compared with an example.
function lateMatcher(path: string | RegExp, options: PathOptions): Matcher {
  let made: Matcher | undefined;
  return text => (made ??= matcherOf(path, options))(text);
}

interface Candidate<R extends Registered> extends Entry<R> {
  readonly takes: Shadow<R>['takes'] | 'none';
}

// A path without parameters and a wildcard is its only example.
function isFixed({ segments: { segments, hasRest } }: Ordinary<Registered>): boolean {
  return !hasRest && !segments.includes(undefined);
}

function areApart(beginning: string, other: string): boolean {
  return !beginning.startsWith(other) && !other.startsWith(beginning);
}

function oddTakesOdd<R extends Registered>(earlier: Odd<R>, later: Odd<R>): Candidate<R>['takes'] {
  if (isEverything(earlier.route.path) || isSame(earlier.route.path, later.route.path)) return 'all';
  return areApart(earlier.beginning, later.beginning) ? 'none' : 'some';
}

function isSame(one: string | RegExp, other: string | RegExp): boolean {
  return String(one) === String(other) && one instanceof RegExp === other instanceof RegExp;
}

/** Returns the shadows in the order of registration, up to the first route that takes every request. */
function shadows<R extends Registered>(candidates: readonly Candidate<R>[], { route }: Entry<R>): readonly Shadow<R>[] {
  const found: Shadow<R>[] = [];
  for (const { route: earlier, takes } of candidates.toSorted((one, other) => one.index - other.index)) {
    if (takes === 'none' || !coversMethod(earlier.method, route.method)) continue;
    found.push({ earlier, takes: earlier.mayPassOn ? 'some' : takes });
    if (found.at(-1)?.takes === 'all') break;
  }
  return found;
}

// Express runs a GET route for HEAD (RFC 9110 §9.3.2).
function coversMethod(earlier: string | undefined, later: string | undefined): boolean {
  return earlier === undefined || earlier === later || (earlier === 'GET' && later === 'HEAD');
}
