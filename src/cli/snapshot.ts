/** Writes and reads snapshots of an audit, and finds the routes that are more open than in one. */
import { letsInBeyond, whoIsLetIn, type Found } from '../core/requirements/openness';
import { fold } from '../core/requirements/fold';
import { isRequirement, type Requirement } from '../core/requirements/requirement';
import { anyone } from '../core/requirements/simplified';
import { inWords } from '../core/requirements/words';
import { shownPath, type RouteAudit } from '../views/start/audit';
import { withGuessedRegex } from './known-patterns';
import { nameOf, type KnownRoute } from './known-route';
import { isComparable, takenRequests, type Taken } from './taken-requests';
import { UsageError } from './usage-error';

export type { KnownRoute } from './known-route';

export interface Change {
  /** `GET /books`. */
  readonly route: string;
  /** Whether callers are admitted that were not before; of a new route, whether anyone may be admitted. */
  readonly isOpening: boolean;
  /** False if the two rules are too complex to compare, so that it is unknown whether more callers are admitted. */
  readonly isCompared: boolean;
  readonly what: string;
  readonly before?: string;
  readonly now?: string;
}

const version = 2;
// Does not say which paths are regexes.
const oldVersion = 1;

/** Returns the text of a snapshot, in the order of paths, so that every difference is a change. */
export function snapshotOf(audits: readonly RouteAudit[]): string {
  const routes = firstOfEach(audits).map(
    ({ method, path, regex, handler, who, requirement, authentication, filter }) => {
      const ofRegex = regex === undefined ? {} : { regex };
      const ofList = filter === undefined ? {} : { filter };
      return { method, path, ...ofRegex, handler, who, requirement, authentication, ...ofList };
    },
  );
  return `${JSON.stringify({ version, routes: routes.toSorted(byName) }, null, 2)}\n`;
}

/**
 * Reads the text of a snapshot.
 *
 * @param file the name of the file, for messages
 * @throws UsageError if the text is not a snapshot of this version or of the one before.
 */
export function readSnapshot(text: string, file: string): readonly KnownRoute[] {
  const { version: found, routes } = parsed(text) as { readonly version?: unknown; readonly routes?: unknown };
  const isKnown = found === version || found === oldVersion;
  if (!isKnown || !Array.isArray(routes) || !routes.every(isKnownRoute))
    throw new UsageError(`${file} is no snapshot of version ${version}: write it anew with --write ${file}.`);
  return found === oldVersion ? routes.map(withGuessedRegex) : routes;
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}

function isKnownRoute(route: unknown): route is KnownRoute {
  const known = Object(route) as Partial<Record<keyof KnownRoute, unknown>>;
  const { method, path, handler, requirement, filter, regex = { source: '', flags: '' } } = known;
  const isRight = isRequirement(requirement) && (filter === undefined || isRequirement(filter));
  const { source, flags } = Object(regex) as { readonly source?: unknown; readonly flags?: unknown };
  return [method, path, handler, source, flags].every(text => typeof text === 'string') && isRight;
}

/** Returns all changes since a snapshot, whether or not they open a route. */
export function openings(before: readonly KnownRoute[], audits: readonly RouteAudit[]): readonly Change[] {
  const known = new Map(before.map(route => [nameOf(route), route]));
  const now = firstOfEach(audits);
  const names = new Set(now.map(nameOf));
  const taken = takenRequests(before, now).flatMap(takenChange);
  const changes = now.flatMap(route => {
    const ofRoute = taken.filter(change => change.route === nameOf(route));
    const old = known.get(nameOf(route));
    const change = old === undefined ? newRoute(route) : changeOf(old, route);
    const isSaid = change === undefined || (old === undefined && ofRoute.length > 0 && !change.isOpening);
    return isSaid ? ofRoute : [change, ...ofRoute];
  });
  const added = now.filter(route => !known.has(nameOf(route)));
  const unclear = before.filter(route => mayHaveBeenTaken(route, added));
  const gone = before.filter(route => !names.has(nameOf(route)) && !unclear.includes(route));
  return [...changes, ...unclear.map(unclearRoute), ...gone.map(route => goneRoute(route, added))];
}

/**
 * Whether the path may have been a regex, or may have become one, so that it is unknown whose requests the new routes
 * take.
 */
function mayHaveBeenTaken({ maybeRegex, ...route }: KnownRoute, added: readonly RouteAudit[]): boolean {
  if (maybeRegex === undefined) return false;
  const asRegex = { ...route, regex: maybeRegex };
  const isRegexNow = added.some(now => nameOf(now) === nameOf(asRegex));
  return isRegexNow || takenRequests([asRegex], added).some(taken => takenChange(taken).length > 0);
}

function unclearRoute(route: KnownRoute): Change {
  const what =
    'not compared: the snapshot is of an earlier version, and does not say whether the path is text or a regex. Read the rules of the new routes, then write the snapshot anew';
  return { route: nameOf(route), isOpening: false, isCompared: false, what };
}

/** Tells of a route that takes requests of another one, if it is more open than that was, or may be. */
function takenChange({ before, now }: Taken): readonly Change[] {
  const change = changeOf(before, now);
  if (change === undefined || (!change.isOpening && change.isCompared)) return [];
  return [{ ...change, what: `takes requests of ${nameOf(before)}, and ${change.what}` }];
}

function changeOf(before: KnownRoute, now: RouteAudit): Change | undefined {
  const found = comparedRules(before.requirement, now.requirement);
  const texts = { before: inWords(before.requirement), now: inWords(now.requirement) };
  const change = { route: nameOf(now), isOpening: true, isCompared: found !== 'maybe' };
  if (found === 'yes') return { ...change, what: 'lets somebody in who was not let in', ...texts };
  const added = newAuthentication(before, now);
  const others = added.length > 0 ? [`accepts other credentials: ${added.join(', ')}`] : [];
  if (found === 'maybe') {
    const what = ['not compared: read the two rules', ...others].join('; ');
    return { ...change, isOpening: added.length > 0, what, ...texts };
  }
  if (added.length > 0) return { ...change, what: others.join('') };
  const shown = widenedFilter(before.filter, now.filter ?? anyone);
  if (shown !== undefined) return { ...change, ...shown };
  return texts.before === texts.now ? undefined : { ...change, isOpening: false, what: 'is no more open', ...texts };
}

/** Compares the filters of a list; a route that had none shows no more than it did. */
function widenedFilter(
  before: Requirement | undefined,
  now: Requirement,
): Pick<Change, 'what' | 'before' | 'now' | 'isCompared'> | undefined {
  const found = before === undefined ? 'no' : comparedRules(before, now);
  if (before === undefined || found === 'no') return undefined;
  const what = found === 'yes' ? 'lists objects that it did not list' : 'lists objects by a rule that was not compared';
  return { what, isCompared: found === 'yes', before: inWords(before), now: inWords(now) };
}

// An unchanged rule needs no comparison, however complex it is.
function comparedRules(before: Requirement, now: Requirement): Found {
  if (inOrder(before) === inOrder(now)) return 'no';
  return letsInBeyond(now, before, { isCustomKnown: true });
}

/** Returns the requirement as text that does not depend on the order of its parts. */
function inOrder(requirement: Requirement): string {
  const sorted = (parts: readonly string[]): string => JSON.stringify([...new Set(parts)].sort());
  return fold<string>(requirement, {
    all: parts => `and ${sorted(parts)}`,
    any: parts => `or ${sorted(parts)}`,
    not: part => `not ${part}`,
    leaf: leaf => JSON.stringify('values' in leaf ? { ...leaf, values: leaf.values.toSorted() } : leaf),
  });
}

/** @param added the new routes, which may take its requests */
function goneRoute(route: KnownRoute, added: readonly RouteAudit[]): Change {
  const isCompared = added.length === 0 || isComparable(route);
  const what = isCompared
    ? 'is gone'
    : 'is gone, and its path cannot be compared with those of new routes: read their rules';
  return { route: nameOf(route), isOpening: false, isCompared, what };
}

function newRoute(now: RouteAudit): Change {
  const who = whoIsLetIn(now.requirement);
  const isOpening = who === 'anyone' || who === 'undecided';
  const opened = who === 'anyone' ? 'is new, and open to anyone' : 'is new, and may be open to anyone: read its rule';
  const what = isOpening ? opened : 'is new';
  return { route: nameOf(now), isOpening, isCompared: who !== 'undecided', what, now: inWords(now.requirement) };
}

// The classes decide which callers are authenticated. They do not matter if anyone is admitted, or nobody.
function newAuthentication(before: KnownRoute, { authentication, who }: RouteAudit): readonly string[] {
  if (who === 'anyone' || who === 'nobody') return [];
  return (authentication ?? ['decided per request']).filter(
    name => !(before.authentication ?? ['decided per request']).includes(name),
  );
}

// Of two routes for the same requests, the first one answers.
function firstOfEach(audits: readonly RouteAudit[]): readonly RouteAudit[] {
  return [...new Map(audits.toReversed().map(route => [nameOf(route), route])).values()].reverse();
}

function byName(one: KnownRoute, other: KnownRoute): number {
  const [first, second] = [one, other].map(route => `${shownPath(route)} ${route.method}`) as [string, string];
  return first < second ? -1 : Number(first > second);
}
