/**
 * An object rule as data: which objects a caller may see. One description filters a list in the database and decides about
 * an object in memory (`matches`), so the two cannot differ.
 */
import { ImproperlyConfigured } from '../http/exceptions';
import { isChecked, MadeOfFilters, markAsChecked, noteWhenTaken, take } from './filter-marks';

/** A value that a property is compared with. Text has no NUL and no lone surrogate; whole numbers are safe integers. */
export type FilterValue = string | number | boolean | null;

/** A time, as ISO 8601 text with milliseconds. */
export interface FilterDate {
  readonly date: string;
}

/** How a property is compared by size. */
export type CompareOperator = '<' | '<=' | '>' | '>=';

/** The property equals the value; with `null`, it is null. */
export interface EqualsFilter {
  readonly kind: 'equals';
  readonly property: string;
  readonly value: FilterValue;
}

/** The property equals one of the values. */
export interface InFilter {
  readonly kind: 'in';
  readonly property: string;
  readonly values: readonly (string | number | boolean)[];
}

/** The property is less or more than a number or a time. */
export interface CompareFilter {
  readonly kind: 'compare';
  readonly property: string;
  readonly operator: CompareOperator;
  readonly value: number | FilterDate;
}

/**
 * The objects that a rule allows. It is frozen and plain JSON, so `JSON.stringify(filter)` can be the key of a cache.
 *
 * A property is an identifier, or `relation.property` for one step over a relation to one object.
 */
export type ObjectFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | EqualsFilter
  | InFilter
  | CompareFilter
  | { readonly kind: 'and' | 'or'; readonly of: readonly ObjectFilter[] }
  | { readonly kind: 'not'; readonly of: ObjectFilter };

/** A filter on one property. */
export type PropertyFilter = EqualsFilter | InFilter | CompareFilter;

/** The filter that every object passes. */
export const allObjects: ObjectFilter = sealed({ kind: 'all' });

/** The filter that no object passes. */
export const noObjects: ObjectFilter = sealed({ kind: 'none' });

const maxValues = 10_000;
const forbidden = ['__proto__', 'constructor', 'prototype'];
const identifier = /^[A-Za-z_$][\w$]*$/;

/**
 * Objects whose property equals the value. Equality is exact, whatever the database's collation: case, accents and
 * trailing spaces count. Text equals a whole number with the same decimal digits. `null` means that the property is null.
 *
 * @throws ImproperlyConfigured if the property is no identifier, or the value is not text, a number, a boolean or null
 * @example
 * const mine = whereEquals('authorSub', 'alice');
 */
export function whereEquals(property: string, value: FilterValue): ObjectFilter {
  requireProperty(property);
  requireValue(value, property, ['text', 'number', 'boolean', 'null']);
  return sealed({ kind: 'equals', property, value: withOneZero(value) });
}

/**
 * Objects whose property equals one of the values, at most 10,000.
 *
 * @throws ImproperlyConfigured if the property is no identifier, or a value is not text, a number or a boolean
 * @example
 * const ofMyTeams = whereIn('team.id', ['blue', 'red']);
 */
export function whereIn(property: string, values: readonly (string | number | boolean)[]): ObjectFilter {
  requireProperty(property);
  const list: unknown = values;
  if (!Array.isArray(list)) throw wrong(`the values for '${property}' must be a list`);
  // A copy without holes: what the caller does to the list afterwards changes nothing.
  const copy = Array.from(list as unknown[], withOneZero) as InFilter['values'];
  if (copy.length > maxValues) throw wrong(`'${property}' is compared with more than ${maxValues} values`);
  for (const value of copy) requireValue(value, property, ['text', 'number', 'boolean']);
  const filter: InFilter = { kind: 'in', property, values: Object.freeze(copy) };
  return copy.length === 0 ? noneOf([filter]) : sealed(filter);
}

/**
 * Objects whose property is less or more than a number or a time. Null never is. Text cannot be compared: no two
 * databases order it alike. Times are compared to the millisecond.
 *
 * @throws ImproperlyConfigured if the property is no identifier, or the value is neither a finite number nor a valid Date
 * @example
 * const published = whereCompare('publishedAt', '<=', new Date());
 */
export function whereCompare(property: string, operator: CompareOperator, value: number | Date): ObjectFilter {
  requireProperty(property);
  requireOperator(operator, property);
  return sealed({ kind: 'compare', property, operator, value: comparable(value, property) });
}

/** Objects that pass all of the filters; every object, if there is no filter. */
export function filterAnd(...filters: readonly ObjectFilter[]): ObjectFilter {
  return combined('and', filters);
}

/** Objects that pass one of the filters; no object, if there is no filter. */
export function filterOr(...filters: readonly ObjectFilter[]): ObjectFilter {
  return combined('or', filters);
}

/** The objects that do not pass the filter, exactly: also those where a property is null. */
export function filterNot(filter: ObjectFilter): ObjectFilter {
  const of = checkedFilter(filter);
  if (of.kind === 'all') return noObjects;
  if (of.kind === 'none') return allObjects;
  return of.kind === 'not' ? of.of : sealed({ kind: 'not', of });
}

/**
 * Returns the filter, checked and simplified, and notes that it was taken. A filter may come from anywhere: from a cache,
 * or from a claim that the app believes to be one.
 *
 * @throws ImproperlyConfigured if it is not a filter as the builders make it
 */
export function checkedFilter(filter: ObjectFilter): ObjectFilter {
  const taken = take(filter);
  return isChecked(taken) ? taken : rebuilt(taken);
}

/** Returns the filter, checked and simplified, for a compiler that notes by itself whether its query used it. */
export function notTaken(filter: ObjectFilter): ObjectFilter {
  return isChecked(filter) ? copyOf(filter) : rebuilt(filter);
}

/** Returns a copy that is another object, so that uses of the two can be distinguished. */
export function copyOf(filter: ObjectFilter): ObjectFilter {
  return sealed({ ...filter });
}

/** Returns a copy that calls `note` each time that it is read by a compiler, by `matches`, or by a builder of filters. */
export function watchedCopyOf(filter: ObjectFilter, note: () => void): ObjectFilter {
  const copy = { ...filter };
  noteWhenTaken(copy, filter, note);
  return sealed(copy);
}

// Builds a foreign filter anew, with the checks of the builders.
function rebuilt(filter: ObjectFilter, depth = 0): ObjectFilter {
  const given: unknown = filter;
  if (typeof given !== 'object' || given === null) throw wrong('it is no filter: use whereEquals() and the like');
  if (depth > 100) throw wrong('it is nested more than 100 levels deep');
  const again = (one: ObjectFilter): ObjectFilter => (isChecked(one) ? one : rebuilt(one, depth + 1));
  switch (filter.kind) {
    case 'all':
      return allObjects;
    case 'none':
      return noObjects;
    case 'equals':
      return whereEquals(filter.property, filter.value);
    case 'in':
      return whereIn(filter.property, filter.values);
    case 'compare':
      return whereCompare(filter.property, filter.operator, compared(filter.value));
    case 'not':
      return filterNot(again(filter.of));
    case 'and':
    case 'or':
      if (!Array.isArray(filter.of)) throw wrong(`'of' of '${filter.kind}' must be a list of filters`);
      return combined(filter.kind, Array.from(filter.of, again));
    default:
      throw wrong('its kind is unknown');
  }
}

function compared(value: unknown): number | Date {
  if (typeof value === 'number') return value;
  const { date } = Object(value) as { readonly date?: unknown };
  return new Date(typeof date === 'string' ? date : NaN);
}

function combined(kind: 'and' | 'or', filters: readonly ObjectFilter[]): ObjectFilter {
  const [neutral, final] = kind === 'and' ? [allObjects, noObjects] : [noObjects, allObjects];
  const checked = filters.map(checkedFilter);
  const parts = checked.filter(one => one.kind !== neutral.kind);
  if (parts.length === 1) return parts[0] as ObjectFilter;
  if (parts.some(one => one.kind === final.kind)) return kind === 'and' ? noneOf(parts) : final;
  const of = parts.flatMap(one => (one.kind === kind ? (one as { of: readonly ObjectFilter[] }).of : [one]));
  if (of.length === 0) return kind === 'and' ? neutral : noneOf(checked);
  return sealed({ kind, of: Object.freeze(of) });
}

/** What a filter compared that no object passes. It is kept beside the filter, which is plain JSON. */
const comparedByNone = new MadeOfFilters<readonly PropertyFilter[]>();

/** Returns "no objects", which remembers what was compared. */
function noneOf(parts: readonly ObjectFilter[]): ObjectFilter {
  const compared = parts.flatMap(comparisonsOf);
  if (compared.length === 0) return noObjects;
  const none = sealed({ kind: 'none' });
  comparedByNone.keep(none, compared);
  return none;
}

/** Returns the comparisons of properties in a filter, and of "no objects" those that it was made of. */
export function comparisonsOf(filter: ObjectFilter): readonly PropertyFilter[] {
  switch (filter.kind) {
    case 'all':
      return [];
    case 'none':
      return comparedByNone.of(filter) ?? [];
    case 'and':
    case 'or':
      return filter.of.flatMap(comparisonsOf);
    case 'not':
      return comparisonsOf(filter.of);
    default:
      return [filter];
  }
}

// Frozen, so that what was checked stays right.
function sealed(filter: ObjectFilter): ObjectFilter {
  markAsChecked(filter);
  return Object.freeze(filter);
}

function requireProperty(property: unknown): void {
  const names = typeof property === 'string' ? property.split('.') : [];
  const isRight = names.length > 0 && names.length <= 2 && names.every(isName);
  if (!isRight) throw wrong("a property is an identifier such as 'authorSub', or one step over a relation, 'team.id'");
}

function isName(name: string): boolean {
  return identifier.test(name) && !forbidden.includes(name);
}

function requireOperator(operator: unknown, property: string): void {
  if (!['<', '<=', '>', '>='].includes(operator as string))
    throw wrong(`'${property}' is compared by an unknown operator: use <, <=, > or >=`);
}

type ValueType = 'text' | 'number' | 'boolean' | 'null';

// Both zeros have the same decimal text, by which numbers are compared. A database may tell them apart.
function withOneZero<Value>(value: Value): Value {
  return Object.is(value, -0) ? (0 as Value) : value;
}

function requireValue(value: unknown, property: string, types: readonly ValueType[]): void {
  const type = typeOf(value);
  if (type === undefined || !types.includes(type))
    throw wrong(
      `'${property}' is compared with a value that is not ${types.join(', ')}. Text has no NUL and no lone surrogate, and a whole number is a safe integer`,
    );
}

function typeOf(value: unknown): ValueType | undefined {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return isFilterText(value) ? 'text' : undefined;
  return typeof value === 'number' && isNumber(value) ? 'number' : undefined;
}

/**
 * Tells whether a value is text that a filter can compare: text without NUL, which no database keeps, and without lone
 * surrogates, which have no UTF-8 form. The builders throw for other text, so ask this about a claim first.
 *
 * @example
 * const teams: unknown = request.user?.claims?.teams;
 * const ofMyTeams = whereIn('team.id', Array.isArray(teams) && teams.every(isFilterText) ? teams : []);
 */
export function isFilterText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value);
}

function isNumber(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}

function comparable(value: unknown, property: string): number | FilterDate {
  if (typeof value === 'number' && isNumber(value)) return withOneZero(value);
  if (value instanceof Date && Number.isFinite(value.getTime())) return Object.freeze({ date: value.toISOString() });
  throw wrong(`'${property}' is compared by size with something that is neither a finite number nor a valid Date`);
}

// No value is in the message: it may be a claim.
function wrong(what: string): ImproperlyConfigured {
  return new ImproperlyConfigured(`An object filter is wrong: ${what}.`);
}
