/** Compares one property with the values of a filter, in the operators of MongoDB. */
import type { NormalProperty } from '../../core/requirements/normal-form';
import type { CompareFilter, FilterValue, PropertyFilter } from '../../core/requirements/object-filter';
import { integersOf } from '../sql/held-values';
import type { MongoType } from './properties';

/** A condition of MongoDB, as plain data. */
export type Condition = Readonly<Record<string, unknown>>;

// An operator also matches the items of a list. A Decimal128 is no number to a program.
const types = { $type: ['array', 'decimal'] };

/**
 * Returns the condition under which the property meets the filter, or, if it is negated, its exact complement.
 *
 * Operators stand at a property only, also negated ones. With `sanitizeFilter`, Mongoose makes every condition with
 * operators at a property an equality with an object, which no document meets; `$nor` around it would select them all.
 */
export function metBy(filter: NormalProperty, type: MongoType): Condition {
  const { property, isNegated } = filter;
  const forms = formsOfValues(filter, type);
  if (!isNegated) return anyOf(forms.map(form => ({ [property]: { ...form, $not: types } })));
  const unmet = forms.map(form => ({ [property]: { $not: form } }));
  return anyOf([...(unmet.length === 1 ? unmet : [{ $and: unmet }]), { [property]: types }]);
}

function anyOf(conditions: readonly Condition[]): Condition {
  const [first, ...others] = conditions;
  return first !== undefined && others.length === 0 ? first : { $or: conditions };
}

/** The operators of which one must be met. They are not met where the property is missing or null. */
function formsOfValues(filter: PropertyFilter, type: MongoType): readonly Condition[] {
  if (filter.kind === 'compare') return [inOrder(filter)];
  if (filter.kind === 'equals' && filter.value === null) return [{ $eq: null }];
  const values = filter.kind === 'in' ? filter.values : [filter.value];
  const large = type === 'integer' ? largeNumbers(values) : [];
  const equal = { $in: values.flatMap(formsOf) };
  return large.length === 0 ? [equal] : [equal, { $in: large, $type: 'long' }];
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
