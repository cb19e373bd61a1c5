/** What a filter means. Every compiler must select exactly the objects that `matches` accepts. */
import { ImproperlyConfigured } from '../http/exceptions';
import {
  checkedFilter,
  type CompareFilter,
  type FilterValue,
  type ObjectFilter,
  type PropertyFilter,
} from './object-filter';

/** How `matches` reads an object. */
export interface MatchOptions {
  /** `'null'`: a property that the object does not have counts as null, as in a document. By default that is an error. */
  readonly missing?: 'null';
}

/**
 * Tells whether an object passes the filter.
 *
 * @throws ImproperlyConfigured if the filter is wrong, or the object was loaded without a property or a relation that the
 * filter needs
 * @example
 * matches(whereEquals('authorSub', 'alice'), { authorSub: 'alice' }); // true
 */
export function matches(filter: ObjectFilter, object: object, options: MatchOptions = {}): boolean {
  return isMetBy(checkedFilter(filter), object, options);
}

function isMetBy(filter: ObjectFilter, object: object, options: MatchOptions): boolean {
  switch (filter.kind) {
    case 'all':
    case 'none':
      return filter.kind === 'all';
    case 'and':
      return filter.of.every(one => isMetBy(one, object, options));
    case 'or':
      return filter.of.some(one => isMetBy(one, object, options));
    case 'not':
      return !isMetBy(filter.of, object, options);
    default:
      return isPropertyMet(filter, propertyOf(object, filter.property, options));
  }
}

function isPropertyMet(filter: PropertyFilter, found: unknown): boolean {
  if (filter.kind === 'equals') return equals(filter.value, found);
  if (filter.kind === 'in') return filter.values.some(value => equals(value, found));
  return isInOrder(filter, found);
}

// Text and whole numbers by their decimal digits, as ownership compares them; everything else only with its own type.
function equals(value: FilterValue, found: unknown): boolean {
  const text = decimalText(value);
  return text === undefined ? value === found : text === decimalText(found);
}

function decimalText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function isInOrder({ operator, value }: CompareFilter, found: unknown): boolean {
  const [left, right] = typeof value === 'number' ? [amountOf(found), value] : [timeOf(found), Date.parse(value.date)];
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

// NaN is neither less nor more than anything.
function amountOf(found: unknown): number | bigint {
  return typeof found === 'number' || typeof found === 'bigint' ? found : NaN;
}

function timeOf(found: unknown): number {
  return found instanceof Date ? found.getTime() : NaN;
}

/** Returns the value of a property, or of a related object's; null if there is no related object. */
function propertyOf(object: object, path: string, options: MatchOptions): unknown {
  const [first = '', second] = path.split('.');
  const value = ownValue(object, first, path, options);
  if (second === undefined || value === null) return value;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date)
    throw new ImproperlyConfigured(`A filter needs '${path}', and '${first}' is not one related object.`);
  return ownValue(value, second, path, options);
}

function ownValue(object: object, name: string, path: string, { missing }: MatchOptions): unknown {
  const value = (object as Readonly<Record<string, unknown>>)[name];
  if (value !== undefined) return value;
  if (missing === 'null') return null;
  throw new ImproperlyConfigured(`A filter needs '${path}', which the object was loaded without: load it.`);
}
