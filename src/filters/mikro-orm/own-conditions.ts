/** The app's own conditions, as they may stand next to a filter. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { isMark } from './value-mark';

const groups = ['$and', '$or'];

/** @throws ImproperlyConfigured if MikroORM would take a part of the app's condition for "no condition" */
export function requireConditions(condition: unknown, path = 'where'): void {
  if (condition === undefined) throw noCondition(path, 'undefined', 'leave it out');
  if (Array.isArray(condition)) {
    for (const [index, one] of condition.entries()) requireConditions(one, `${path}[${index}]`);
    return;
  }
  if (!isPlain(condition)) return;
  if (Reflect.ownKeys(condition).length === 0) throw noCondition(path, 'an empty object', 'leave it out');
  for (const [key, value] of Object.entries(condition)) {
    if (groups.includes(key) && isEmptyList(value))
      throw noCondition(`${path}.${key}`, 'an empty list', 'leave it out');
    if (!isMark(key, value)) requireConditions(value, `${path}.${nameOf(key)}`);
  }
}

/** Returns each piece of SQL of the app's own, which MikroORM writes without brackets: keys, and values at any depth. */
export function ownSql(condition: unknown): readonly string[] {
  if (Array.isArray(condition)) return condition.flatMap(ownSql);
  if (isFragment(condition)) return [condition.sql, ...ownSql(condition.params)];
  if (!isPlain(condition)) return [];
  const values = condition as Readonly<Record<string | symbol, unknown>>;
  return Reflect.ownKeys(values).flatMap(key => [...sqlOfKey(key), ...ownSql(values[key])]);
}

interface Fragment {
  readonly sql: string;
  readonly params?: unknown;
}

// Made by `raw()`, by `sql` or by Knex. A client sends plain objects only.
function isFragment(value: unknown): value is Fragment {
  return !isPlain(value) && typeof (Object(value) as Partial<Fragment>).sql === 'string';
}

// MikroORM 6 has `[raw]: … (#1)`, and MikroORM 7 the symbol `raw('…')`.
function sqlOfKey(key: string | symbol): readonly string[] {
  if (typeof key === 'string') return isSql(key) ? [key.replace(/^\[raw\]: | \(#\d+\)$/g, '')] : [];
  return [String(key.description).replace(/^raw\('|'\)$/g, '')];
}

function isSql(key: string): boolean {
  return key.startsWith('[raw]');
}

// The text of a fragment may contain a value.
function nameOf(key: string): string {
  return isSql(key) ? 'raw()' : key;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === Object.prototype || prototype === null;
}

function noCondition(path: string, what: string, advice: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `'${path}' of your own condition is ${what}, which MikroORM may take for no condition: ${advice}.`,
  );
}
