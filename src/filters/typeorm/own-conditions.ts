/** The app's own conditions, as they may stand next to a filter. */
import { And, type FindOperator } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';

/**
 * Returns the app's condition with brackets around SQL of its own: some versions of TypeORM join conditions without them, so
 * that an OR would widen the filter.
 *
 * @param path where the condition stands, for messages
 * @throws ImproperlyConfigured if TypeORM would take a part for "no condition"
 */
export function bracketed(condition: unknown, path: string): unknown {
  if (isFindOperator(condition)) return operator(condition, path);
  if (Array.isArray(condition)) {
    if (condition.length === 0) throw noCondition(path, 'an empty list', 'leave it out');
    return condition.map((one: unknown) => bracketed(one, path));
  }
  if (condition === undefined) throw noCondition(path, 'undefined', 'leave it out');
  if (condition === null) throw noCondition(path, 'null', 'use IsNull()');
  return isPlain(condition) ? members(condition, path) : condition;
}

function members(condition: Readonly<Record<string, unknown>>, path: string): unknown {
  const entries = Object.entries(condition);
  if (entries.length === 0) throw noCondition(path, 'an empty object', 'leave it out');
  return Object.fromEntries(entries.map(([key, value]) => [key, bracketed(value, `${path}.${key}`)]));
}

function operator(given: FindOperator<unknown>, path: string): unknown {
  if (given.value === undefined) throw noCondition(path, 'an operator with undefined', 'leave it out');
  return given.type === 'raw' ? And(given) : given;
}

function isFindOperator(value: unknown): value is FindOperator<unknown> {
  const kind: unknown = (Object(value) as Readonly<Record<string, unknown>>)['@instanceof'];
  return kind === Symbol.for('FindOperator') || kind === Symbol.for('EqualOperator');
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  return prototype === Object.prototype || prototype === null;
}

function noCondition(path: string, what: string, advice: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `'${path}' of your own condition is ${what}, which TypeORM may take for no condition: ${advice}.`,
  );
}
