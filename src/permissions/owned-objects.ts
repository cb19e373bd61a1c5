/** Which objects a caller owns, as a filter. */
import { PermissionDenied } from '../core/http/exceptions';
import { isPlain } from '../core/process/plain';
import {
  allObjects,
  filterAnd,
  isFilterText,
  whereEquals,
  whereIn,
  type ObjectFilter,
} from '../core/requirements/object-filter';

/** The names that an owned object has, and the properties that hold them. */
export interface Owner {
  readonly attribute: string;
  readonly name: unknown;
  /** `undefined` if the issuer does not matter. */
  readonly issuerAttribute: string | undefined;
  readonly issuer: unknown;
}

interface Known {
  readonly owner: Owner;
  readonly filter: ObjectFilter;
}

/** The last filters, by the name of the caller. The same object again: what compilers made of it is kept with it. */
const lastFilters = new Map<string, Known>();
const maxCallers = 1_000;
const maxNameLength = 200;

/** @throws PermissionDenied for a name that a filter cannot hold. "No objects" would be every object below a `not`. */
export function ownedObjects(owner: Owner): ObjectFilter {
  const { name } = owner;
  if (isPlain || !isName(name) || name.length > maxNameLength) return filterOf(owner);
  const known = lastFilters.get(name);
  if (known !== undefined && isSame(known.owner, owner)) return known.filter;
  const filter = filterOf(owner);
  if (lastFilters.size >= maxCallers) lastFilters.clear();
  lastFilters.set(name, { owner, filter });
  return filter;
}

export function isName(caller: unknown): caller is string {
  return typeof caller === 'string' && caller !== '';
}

function isSame(one: Owner, other: Owner): boolean {
  return (
    one.attribute === other.attribute &&
    one.name === other.name &&
    one.issuerAttribute === other.issuerAttribute &&
    one.issuer === other.issuer
  );
}

function filterOf({ attribute, name, issuerAttribute, issuer }: Owner): ObjectFilter {
  const ofName = namedFilter(attribute, name);
  return filterAnd(ofName, issuerAttribute === undefined ? allObjects : namedFilter(issuerAttribute, issuer));
}

function namedFilter(attribute: string, name: unknown): ObjectFilter {
  if (!isName(name)) return whereIn(attribute, []);
  if (!isFilterText(name)) throw new PermissionDenied();
  return whereEquals(attribute, name);
}
