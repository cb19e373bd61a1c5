/** What a filter means. Every compiler must select exactly the objects that `matches` accepts. */
import { ImproperlyConfigured } from '../http/exceptions';
import { seen } from '../process/rejections';
import { isPending } from '../time/soon';
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
  return matcherOf(filter)(loaded(object), options);
}

/**
 * Returns the objects that pass the filter, in their order. Unlike `objects.filter(object => matches(filter, object))` it
 * reads the filter even if there are no objects, so that an empty list counts as filtered.
 *
 * @throws ImproperlyConfigured as {@link matches} does
 * @example
 * matching(whereEquals('authorSub', 'alice'), [{ authorSub: 'alice' }, { authorSub: 'bob' }]); // [{ authorSub: 'alice' }]
 */
export function matching<T extends object>(
  filter: ObjectFilter,
  objects: Iterable<T>,
  options: MatchOptions = {},
): T[] {
  const isMatch = matcherOf(filter);
  return [...objects].filter(object => isMatch(loaded(object), options));
}

/** Tells whether an object passes the filter that it was made of. */
export type Matcher = (object: object, options: MatchOptions) => boolean;

/**
 * Reads the filter once, for many objects.
 *
 * @throws ImproperlyConfigured if the filter is wrong
 */
export function matcherOf(filter: ObjectFilter): Matcher {
  return made(checkedFilter(filter));
}

function made(filter: ObjectFilter): Matcher {
  switch (filter.kind) {
    case 'all':
    case 'none':
      return () => filter.kind === 'all';
    case 'and':
    case 'or':
      return joined(filter.of.map(made), filter.kind === 'or');
    case 'not': {
      const isMet = made(filter.of);
      return (object, options) => !isMet(object, options);
    }
    default: {
      const [valueOf, isMet] = [readerOf(filter.property), testOf(filter)];
      return (object, options) => isMet(valueOf(object, options));
    }
  }
}

// A loop: `every` would make a function for each object of a list.
function joined(parts: readonly Matcher[], isEither: boolean): Matcher {
  return (object, options) => {
    for (const isMet of parts) if (isMet(object, options) === isEither) return isEither;
    return !isEither;
  };
}

function testOf(filter: PropertyFilter): (found: unknown) => boolean {
  if (filter.kind === 'compare') return inOrder(filter);
  return oneOf(filter.kind === 'in' ? filter.values : [filter.value]);
}

// Text and whole numbers by their decimal digits, as ownership compares them; everything else only with its own type.
function oneOf(values: readonly FilterValue[]): (found: unknown) => boolean {
  const texts = new Set(values.map(decimalText).filter(text => text !== undefined));
  const others = new Set<unknown>(values.filter(value => decimalText(value) === undefined));
  const [only] = texts;
  // To look up a text in a set costs more than to compare it.
  if (texts.size === 1 && others.size === 0) return found => decimalText(found) === only;
  return found => {
    const text = decimalText(found);
    return text === undefined ? others.has(found) : texts.has(text);
  };
}

function decimalText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function inOrder({ operator, value }: CompareFilter): (found: unknown) => boolean {
  const [read, right] = typeof value === 'number' ? [amountOf, value] : [timeOf, Date.parse(value.date)];
  return found => {
    const left = read(found);
    if (operator === '<') return left < right;
    if (operator === '<=') return left <= right;
    return operator === '>' ? left > right : left >= right;
  };
}

// NaN is neither less nor more than anything.
function amountOf(found: unknown): number | bigint {
  return typeof found === 'number' || typeof found === 'bigint' ? found : NaN;
}

function timeOf(found: unknown): number {
  return found instanceof Date ? found.getTime() : NaN;
}

/** Reads the value of a property, or of a related object's; null if there is no related object. */
function readerOf(path: string): (object: object, options: MatchOptions) => unknown {
  const [first = '', second] = path.split('.');
  if (second === undefined) return (object, options) => ownValue(object, first, path, options);
  return (object, options) => {
    const related = ownValue(object, first, path, options);
    if (related === null) return null;
    if (typeof related !== 'object' || Array.isArray(related) || related instanceof Date)
      throw new ImproperlyConfigured(`A filter needs '${path}', and '${first}' is not one related object.`);
    return ownValue(related, second, path, options);
  };
}

function ownValue(object: object, name: string, path: string, { missing }: MatchOptions): unknown {
  const value = (object as Readonly<Record<string, unknown>>)[name];
  // A lazy relation is a promise.
  if (typeof value === 'object' && isPending(seen(value)))
    throw new ImproperlyConfigured(
      `A filter needs '${path}', which the object was loaded without: '${name}' is a promise.`,
    );
  if (value !== undefined) return value;
  if (missing === 'null') return null;
  throw new ImproperlyConfigured(`A filter needs '${path}', which the object was loaded without: load it.`);
}

// What a query will find is not known, so that neither a filter nor its negation may pass it.
function loaded(object: object): object {
  if (!isPending(seen(object))) return object;
  throw new ImproperlyConfigured('A filter is asked about a promise or a query: await it first.');
}
