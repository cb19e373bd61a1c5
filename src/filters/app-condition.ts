/** The app's own condition, for libraries that take `undefined` for "no condition". */
import { ImproperlyConfigured } from '../core/http/exceptions';

/**
 * Returns the condition of the app.
 *
 * @param isDropped says which values the library takes for "no condition"
 * @throws ImproperlyConfigured if it is no object, or a part of it is dropped
 */
export function appCondition(
  where: object,
  isDropped: (value: unknown) => boolean = value => value === undefined,
): Readonly<Record<string, unknown>> {
  if (!isRecord(where)) throw new ImproperlyConfigured("The option 'where' must be a plain object.");
  const requireKept = (value: unknown, path: string): void => {
    if (isDropped(value)) throw dropped(path);
    // `entries` does not skip holes.
    if (Array.isArray(value)) for (const [index, one] of value.entries()) requireKept(one, `${path}[${index}]`);
    if (isRecord(value)) for (const [name, one] of Object.entries(value)) requireKept(one, `${path}.${name}`);
  };
  requireKept(where, 'where');
  return where;
}

function dropped(path: string): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `The option 'where' has no value at '${path}', which would be no condition: leave the part out, or give a value.`,
  );
}

/** Tells whether the value is an object without a class. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Also from another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
