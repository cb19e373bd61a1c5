/** Checks what a handler returns: objects that the caller may not see, and lists where one object was expected. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { isPlain } from '../core/process/plain';
import { MadeOfFilters } from '../core/requirements/filter-marks';
import { matcherOf, type Matcher } from '../core/requirements/matches';
import {
  checkedFilter,
  comparisonsOf,
  type ObjectFilter,
  type PropertyFilter,
} from '../core/requirements/object-filter';
import { AnswerGate } from './answer-gate';
import { usedFilters } from './unfiltered-lists';
import type { Visit } from './visit';

/**
 * Checks the value that the handler of a route with object rules has returned.
 *
 * @throws ImproperlyConfigured if an array has an object that the filter of the rules does not allow, or if a handler
 * about one object returns an array without having used the filter
 */
export function checkReturned(visit: Visit, returned: unknown): void {
  if (!visit.dependsOnObjects) return;
  try {
    requireAllowed(visit, returned);
  } catch (error) {
    // What the handler has set on the response may describe the objects.
    (visit.gate ??= new AnswerGate(visit)).resetHead();
    throw error;
  }
}

function requireAllowed(visit: Visit, returned: unknown): void {
  const filters = usedFilters(visit);
  if (filters.length === 0) {
    if (isList(returned) && visit.isObjectAction && !isChecked(returned, visit)) throw unexpectedList(visit);
    return;
  }
  if (filters.some(({ kind }) => kind === 'all') || isCheckedObject(returned, visit)) return;
  const checks = filters.map(filter => checkOf(filter, isList(returned)));
  // "No objects" may name no property. Of an object's members nobody can tell then which ones are the rule's.
  const isAnyShown = checks.some(({ shown }) => shown.length > 0);
  const elements = isAnyShown || isList(returned) ? elementsIn(returned) : [];
  for (const element of elements) if (isRefused(element, checks)) throw notAllowed(visit);
}

/** How an element is checked by one filter. */
interface Check {
  /** Tells for each property whether the element shows it. */
  readonly shown: readonly ((element: object) => boolean)[];
  readonly isAllowed: Matcher;
}

const checksOf = new MadeOfFilters<Check>();

// In a list that may have no objects, every object is refused, whatever it shows.
const refusesAll: Check = { shown: [], isAllowed: () => false };

function checkOf(given: ObjectFilter, isOfList: boolean): Check {
  const filter = checkedFilter(given);
  if (isOfList && filter.kind === 'none') return refusesAll;
  const known = isPlain ? undefined : checksOf.of(filter);
  if (known !== undefined) return known;
  const check = { shown: comparisonsOf(filter).map(shownIn), isAllowed: matcherOf(filter) };
  checksOf.keep(filter, check);
  return check;
}

// Loops: `every` would make functions for each element of a list.
function isRefused(element: object, checks: readonly Check[]): boolean {
  for (const { shown } of checks) for (const isShown of shown) if (!isShown(element)) return false;
  for (const { isAllowed } of checks) if (isAllowed(element, asLoaded)) return false;
  return true;
}

const asLoaded = {};

// A handler may ask the rule about each object instead.
function isChecked(returned: List, { allowedObjects }: Visit): boolean {
  return allowedObjects !== undefined && itemsOf(returned).every(item => allowedObjects.has(Object(item) as object));
}

// What belongs to an object that was checked is not an object of the rule. A list is: its elements are looked at all the same.
function isCheckedObject(returned: unknown, { allowedObjects }: Visit): boolean {
  return !isList(returned) && allowedObjects?.has(Object(returned) as object) === true;
}

function unexpectedList({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} is about one object and returned an array, and the filter of its rules was not used: name the handler in listActions if it answers a list, and give what this.authorizedFilter() returns to a compiler or to matches(). Or check each of the objects with checkObjectPermissions(). If it answers no objects of the rules, return them as a member: { tags: [...] }.`,
  );
}

function notAllowed({ rules }: Visit): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `${rules.place} returned an object that its rules do not allow the caller to see: join its own condition to the filter by AND, with the compiler's option 'where'.`,
  );
}

/** The objects of a returned array, or of the arrays that an object has as members. */
function elementsIn(returned: unknown): readonly object[] {
  if (typeof returned !== 'object' || returned === null || ArrayBuffer.isView(returned)) return [];
  const lists = isList(returned) ? [returned] : Object.values(returned).filter(isList);
  const found: object[] = [];
  const add = (item: unknown): void => {
    if (typeof item === 'object' && item !== null) found.push(item);
  };
  // A query for a page returns the rows and their number: [[...], 12].
  for (const list of lists)
    for (const item of list.values())
      if (isList(item)) itemsOf(item).forEach(add);
      else add(item);
  return found;
}

type List = readonly unknown[] | ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>;

// class-transformer writes sets and maps, too.
function isList(value: unknown): value is List {
  return Array.isArray(value) || value instanceof Set || value instanceof Map;
}

function itemsOf(list: List): readonly unknown[] {
  return [...list.values()];
}

/** Does an element have the property as a value that the filter can be compared with? A handler may return other objects. */
function shownIn(filter: PropertyFilter): (element: object) => boolean {
  const [first = '', second] = filter.property.split('.');
  const isComparable = comparability(filter);
  return element => {
    const value = (element as Readonly<Record<string, unknown>>)[first];
    const found =
      second === undefined || value === null ? value : (Object(value) as Readonly<Record<string, unknown>>)[second];
    return found === null || isComparable(found);
  };
}

// A time that was made text, or a flag that a database keeps as 1, says nothing here.
function comparability(filter: PropertyFilter): (value: unknown) => boolean {
  if (filter.kind === 'compare') return typeof filter.value === 'number' ? isNumber : isTime;
  // A Date equals nothing, and is not null: `deletedAt` of what was deleted.
  if (filter.kind === 'equals' && filter.value === null) return value => isTime(value) || isScalar(value);
  const values: readonly unknown[] = filter.kind === 'in' ? filter.values : [filter.value];
  if (values.some(one => typeof one === 'boolean')) return value => typeof value === 'boolean';
  return isScalar;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || isNumber(value);
}

function isTime(value: unknown): boolean {
  return value instanceof Date;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}
