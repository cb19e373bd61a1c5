/** The app's own conditions, as they may stand next to a filter. */
import { And, Not, Or, Raw, type FindOperator } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { inBrackets } from '../closed-sql';
import type { SqlDialect } from '../sql/dialects';

/**
 * Returns the app's condition with brackets around SQL of its own: some versions of TypeORM join conditions without them, so
 * that an OR would widen the filter.
 *
 * @param path where the condition stands, for messages
 * @throws ImproperlyConfigured if TypeORM would take a part for "no condition". The query throws if the SQL ends brackets that
 * it has not begun
 */
export function bracketed(condition: unknown, path: string, dialect: SqlDialect): unknown {
  if (isFindOperator(condition)) return operator(condition, path, dialect);
  if (Array.isArray(condition)) {
    if (condition.length === 0) throw noCondition(path, 'an empty list', 'leave it out');
    return condition.map((one: unknown) => bracketed(one, path, dialect));
  }
  if (condition === undefined) throw noCondition(path, 'undefined', 'leave it out');
  if (condition === null) throw noCondition(path, 'null', 'use IsNull()');
  return isPlain(condition) ? members(condition, path, dialect) : condition;
}

function members(condition: Readonly<Record<string, unknown>>, path: string, dialect: SqlDialect): unknown {
  const entries = Object.entries(condition);
  if (entries.length === 0) throw noCondition(path, 'an empty object', 'leave it out');
  return Object.fromEntries(entries.map(([key, value]) => [key, bracketed(value, `${path}.${key}`, dialect)]));
}

function operator(given: FindOperator<unknown>, path: string, dialect: SqlDialect): FindOperator<unknown> {
  if (given.value === undefined) throw noCondition(path, 'an operator with undefined', 'leave it out');
  const { type, child } = given;
  if (type === 'raw') return rawInBrackets(given, path, dialect);
  if (type === 'not' && child !== undefined) return Not(operator(child, path, dialect));
  if (type !== 'and' && type !== 'or') return given;
  const operators = given.value as readonly FindOperator<unknown>[];
  return (type === 'and' ? And : Or)(...operators.map(one => operator(one, path, dialect)));
}

// Raw('text') stands behind an equals sign.
function rawInBrackets(given: FindOperator<unknown>, path: string, dialect: SqlDialect): FindOperator<unknown> {
  const write = (alias: string): string => given.getSql?.(alias) ?? `${alias} = ${String(given.value)}`;
  const written = (alias: string): string => inBrackets(write(alias), dialect, `The Raw() at '${path}'`);
  return Raw(written, given.objectLiteralParameters ?? {});
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
