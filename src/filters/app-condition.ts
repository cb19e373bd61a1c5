/** The app's own condition, for libraries that take `undefined` for "no condition". */
import { ImproperlyConfigured } from '../core/http/exceptions';

/**
 * Returns the condition of the app.
 *
 * @throws ImproperlyConfigured if it is no object, or a part of it is `undefined`: the library would drop that part
 */
export function appCondition(where: object): Readonly<Record<string, unknown>> {
  if (!isRecord(where)) throw new ImproperlyConfigured("The option 'where' must be a plain object.");
  requireDefined(where, 'where');
  return where;
}

function requireDefined(value: unknown, path: string): void {
  if (value === undefined || isEmptyMark(value))
    throw new ImproperlyConfigured(
      `The option 'where' has no value at '${path}', which would be no condition: leave the part out, or give a value.`,
    );
  // `entries` does not skip holes.
  if (Array.isArray(value)) for (const [index, one] of value.entries()) requireDefined(one, `${path}[${index}]`);
  if (isRecord(value)) for (const [name, one] of Object.entries(value)) requireDefined(one, `${path}.${name}`);
}

// `Prisma.skip` is an object of a class without content, and drops its part of the condition.
function isEmptyMark(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !isRecord(value);
  return isObject && !(value instanceof Date) && !ArrayBuffer.isView(value) && isWithoutContent(value);
}

function isWithoutContent(value: object): boolean {
  return Reflect.ownKeys(value).length === 0 && !(value instanceof RegExp);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
