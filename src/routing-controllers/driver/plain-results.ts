/** Copies results without class instances: class-transformer would copy them, too, for a hundred times the price. */
import type { ActionMetadata } from 'routing-controllers';
import { isPlain } from '../../core/process/plain';

/** Deeper results are left to class-transformer. */
const mostLevels = 20;

/** In place of the copy of a value that class-transformer may change. */
export const notPlain = Symbol('a value that class-transformer may change');

/** The options of class-transformer that a driver has. */
interface Transforming {
  readonly useClassTransformer: boolean;
  readonly classToPlainTransformOptions?: object | undefined;
}

/** Whether results of this handler may be copied here: an option of class-transformer may leave members out. */
export function mayBeCopied(meta: ActionMetadata, driver: Transforming): boolean {
  return !isPlain && transformOptions(meta, driver)?.every(one => one === undefined) === true;
}

/** Returns the options of the server and of the handler for class-transformer; `undefined` if results are not transformed. */
export function transformOptions(
  { responseClassTransformOptions, options }: ActionMetadata,
  driver: Transforming,
): readonly unknown[] | undefined {
  const isTransformed = driver.useClassTransformer && options.transformResponse !== false;
  return isTransformed ? [driver.classToPlainTransformOptions, responseClassTransformOptions] : undefined;
}

/**
 * Copies arrays, dates and objects without a class. Reads each member once, so that a getter runs once.
 *
 * @returns {@link notPlain} for a value that holds anything else, such as an instance of a class or a function
 */
export function plainCopy(value: unknown, levels = mostLevels): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? notPlain : value;
  if (levels === 0) return notPlain;
  const prototype: unknown = Object.getPrototypeOf(value);
  // A proxy may show another prototype than its object has.
  const isObject = prototype === Object.prototype && value.constructor === Object;
  if (isObject) return copyOfObject(value as Record<string, unknown>, levels);
  if (prototype === Array.prototype && Array.isArray(value)) return copyOfList(value as readonly unknown[], levels);
  return prototype === Date.prototype ? new Date((value as Date).valueOf()) : notPlain;
}

/** Whether a copy is an object or an array. */
export function isObject(copy: unknown): copy is object {
  return typeof copy === 'object' && copy !== null;
}

function copyOfObject(object: Readonly<Record<string, unknown>>, levels: number): unknown {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    // class-transformer leaves these two out.
    if (name === '__proto__' || name === 'constructor') return notPlain;
    const member = plainCopy(object[name], levels - 1);
    if (member === notPlain) return notPlain;
    copy[name] = member;
  }
  return copy;
}

function copyOfList(list: readonly unknown[], levels: number): unknown {
  const copy: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const element = plainCopy(list[index], levels - 1);
    // class-transformer closes holes.
    if (element === notPlain || (element === undefined && !(index in list))) return notPlain;
    copy.push(element);
  }
  return copy;
}
