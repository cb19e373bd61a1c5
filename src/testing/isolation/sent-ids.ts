/** Puts the id of an object into a request beside its path: into the query, the header fields and the body. */
import { parameterNames, type Query } from './queries';
import { bodyOf, type TestedRoute } from './tested-routes';

type Values = Readonly<Record<string, string>>;

const standardFields = /^(?:accept.*|authorization|connection|content-.*|cookie|host|transfer-encoding)$/i;

/** Returns the values of the query's parameters, each with this id. */
export function queryWith({ action }: TestedRoute, id: string): Readonly<Record<string, string>> {
  return Object.fromEntries(parameterNames(action?.params ?? []).map(name => [name, id]));
}

/** Returns the header fields that the handler declares, each with this id. */
export function headersWith({ action }: TestedRoute, id: string): Readonly<Record<string, string>> {
  const names = (action?.params ?? []).filter(({ type }) => type === 'header').map(({ name }) => name);
  return Object.fromEntries(names.filter(name => !standardFields.test(name)).map(name => [name, id]));
}

/** Returns the body with this id in each number, list and field that is named as an id. */
export function bodyWith(body: unknown, id: string): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, valueWith(name, value, id)]));
}

function valueWith(name: string, value: unknown, id: string): unknown {
  const sent = /^\d+$/.test(id) ? Number(id) : id;
  if (Array.isArray(value)) return [sent];
  if (typeof value === 'number') return typeof sent === 'number' ? sent : value;
  return typeof value === 'string' && /ids?$/i.test(name) ? id : value;
}

/** Returns the queries that send the id; the first one also where the body or a header field has it. */
export function queriesWith(route: TestedRoute, id: string): readonly Query[] {
  const body = bodyOf(route, '');
  const isBeside =
    Object.keys(headersWith(route, id)).length > 0 || JSON.stringify(bodyWith(body, id)) !== JSON.stringify(body);
  const values = queryWith(route, id);
  return route.queries.filter(
    (query, index) => (index === 0 && isBeside) || query.fill('', values) !== query.fill('', {}),
  );
}

/** Returns the keys of the values that the other one does not have, one for each value. */
export function distinctKeys(values: Values, others: Values): readonly string[] {
  const keys = Object.keys(values).filter(key => values[key] !== others[key]);
  return keys.filter((key, index) => keys.findIndex(one => values[one] === values[key]) === index);
}
