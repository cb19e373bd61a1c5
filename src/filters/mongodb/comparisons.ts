/** Compares one property with the values of a filter, in the operators of MongoDB. */
import type { CompareFilter, FilterValue, PropertyFilter } from '../../core/requirements/object-filter';
import { integersOf } from '../sql/held-values';
import type { MongoType } from './properties';

/** A condition of MongoDB, as plain data. */
export type Condition = Readonly<Record<string, unknown>>;

// An operator also matches the items of a list. A Decimal128 is no number to a program.
const isPlain = { $not: { $type: ['array', 'decimal'] } };

/** Returns the condition under which the property meets the filter. It is false where the property is missing or null. */
export function metBy(filter: PropertyFilter, type: MongoType): Condition {
  const { property } = filter;
  if (filter.kind === 'compare') return { [property]: { ...inOrder(filter), ...isPlain } };
  if (filter.kind === 'equals' && filter.value === null) return { [property]: { $eq: null, ...isPlain } };
  const values = filter.kind === 'in' ? filter.values : [filter.value];
  const large = type === 'integer' ? largeNumbers(values) : [];
  const equal = { [property]: { $in: values.flatMap(formsOf), ...isPlain } };
  return large.length === 0 ? equal : { $or: [equal, { [property]: { $in: large, $type: 'long', ...isPlain } }] };
}

// A document may hold text where another one holds the number with these digits.
function formsOf(value: FilterValue): readonly FilterValue[] {
  if (typeof value !== 'string' && !Number.isInteger(value)) return [value];
  const [digits] = integersOf([value], BigInt(Number.MAX_SAFE_INTEGER));
  const number = Number(digits);
  return Number.isSafeInteger(number) ? [String(value), number] : [String(value)];
}

/** The numbers that only a `Long` holds exactly. */
function largeNumbers(values: readonly FilterValue[]): readonly bigint[] {
  const all = integersOf(values, 2n ** 63n - 1n).map(BigInt);
  return all.filter(value => !Number.isSafeInteger(Number(value)));
}

const names = { '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const;

// MongoDB compares a number only with numbers, and a time only with times.
function inOrder({ operator, value }: CompareFilter): Condition {
  const name = names[operator];
  // MongoDB finds no NaN this way, although it sorts NaN before all numbers; this does not depend on it.
  if (typeof value === 'number') return { [name]: value, $ne: NaN };
  const isBefore = operator === '<' || operator === '<=';
  return { ...(isBefore ? { $gte: firstDate } : { $lte: lastDate }), [name]: new Date(value.date) };
}

// A document may hold times that no Date can be.
const firstDate = new Date(-8.64e15);
const lastDate = new Date(8.64e15);
