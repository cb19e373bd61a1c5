/** The routes of an app, as a test of isolation sends requests to them. */
import type { ActionMetadata } from 'routing-controllers';
import { handlerOf } from '../../routing-controllers/start/handlers';
import type { AxiomsServer } from '../../routing-controllers/start/axioms-server';
import { queriesOf, type Query } from './queries';
import { sampleBody, samplesOfType, valueLike } from './sample-body';

type Rules = AxiomsServer['routes'][number];

export interface TestedRoute {
  /** The method and the pattern of the path, such as `GET /notes/:id`. */
  readonly name: string;
  readonly method: string;
  /** The pattern, without a slash at its end. */
  readonly path: string;
  readonly rules: Rules;
  /** The names of the parameters in the path. */
  readonly parameters: readonly string[];
  readonly action: ActionMetadata | undefined;
  /** Its queries: first the one that has only what the handler requires. */
  readonly queries: readonly [Query, ...Query[]];
  /** Only reads: GET, HEAD and the like, and what answers a list. */
  readonly reads: boolean;
  /** May the pattern be filled with values? A regex, a wildcard or a group may not. */
  readonly isFillable: boolean;
}

const methodsOfAll = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/** Returns every route of the servers once, in the order of their registration. */
export function testedRoutes(servers: readonly AxiomsServer[]): readonly TestedRoute[] {
  const all = servers.flatMap(({ routes }) => routes.flatMap(routesOf));
  return [...new Map(all.toReversed().map(route => [route.name, route])).values()].reverse();
}

function routesOf(rules: Rules): readonly TestedRoute[] {
  const path = plainPath(rules.path);
  const methods = rules.method === undefined ? methodsOfAll : [rules.method];
  const action = handlerOf(rules)?.action;
  return methods.map(method => ({
    name: `${method} ${path}`,
    method,
    path,
    rules,
    parameters: [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name),
    action,
    queries: queriesOf(action?.params ?? []),
    reads: safeMethods.includes(method) || rules.isListAction(method),
    isFillable: /^[\w\-./:~@]*$/.test(path),
  }));
}

/** Returns the path without a slash at its end. */
export function plainPath(path: string): string {
  return path.replace(/(?<=.)\/$/, '');
}

/** Does this name of the options mean the route? A route for every method may be named as `ALL /path`. */
export function isNamed({ name, path, rules }: TestedRoute, names: readonly string[]): boolean {
  const known = names.map(plainPath);
  return known.includes(name) || (rules.method === undefined && known.includes(`ALL ${path}`));
}

/** Fills the parameters of the path; `undefined` if a value is missing. */
export function filledPath(
  { path, parameters }: TestedRoute,
  valueOf: (key: string, name: string) => string | undefined,
): string | undefined {
  let filled = path;
  for (const name of parameters) {
    const value = valueOf(path.slice(0, path.indexOf(`:${name}`) + name.length + 1), name);
    if (value === undefined) return undefined;
    filled = filled.replace(`:${name}`, encodeURIComponent(value));
  }
  return filled;
}

/**
 * A body that the handler may accept, with this text in it; `undefined` if it takes none.
 *
 * @param values of members by their names, as the seed returned them
 */
export function bodyOf(route: TestedRoute, text: string, values: Readonly<Record<string, string>> = {}): unknown {
  const samples = sampledBody(route, text);
  if (samples === undefined) return undefined;
  return Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, valueLike(sample, values[name])]));
}

function sampledBody({ method, action }: TestedRoute, text: string): Readonly<Record<string, unknown>> | undefined {
  if (['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(method)) return undefined;
  const params = action?.params ?? [];
  const whole = params.find(({ type }) => type === 'body');
  const fields = params.filter(({ type }) => type === 'body-param');
  if (whole !== undefined) return sampleBody(whole.targetType, text);
  return Object.fromEntries(fields.map(({ name, targetType }) => [name, samplesOfType(targetType, text)[0]]));
}
