/**
 * Refuses values that do not have the shape of their parameter. Upstream passes them on: an object where a text is declared
 * (`{ "$ne": null }` is an operator for a document database), and a list or a number where a class is declared, which is
 * then not validated at all.
 */
import type { ParamMetadata } from 'routing-controllers';
import { InvalidParameter } from './parameter-errors';

const single: readonly unknown[] = [String, Number, Boolean, Date];
const inputs = ['body', 'body-param', 'query', 'param', 'header', 'cookie'];

/** Types that are no class of the app's: what they are made of is not known here. */
const others: readonly unknown[] = [Object, Array, BigInt, Symbol, Function, Promise, Buffer, Map, Set];

/**
 * Returns the value, parsed if it is JSON for a class.
 *
 * @throws InvalidParameter if it is a list or an object where neither is declared, or anything else where one is
 */
export function inShape(value: unknown, param: ParamMetadata): unknown {
  if (!inputs.includes(param.type) || value === undefined || value === null) return value;
  if (isSingle(param)) return singleIn(value, param);
  return isOfClass(param) ? objectIn(value, param) : value;
}

/** Whether a parameter is an object, or a list of objects, of a class of the app. */
export function isOfClass({ targetType, type }: ParamMetadata): boolean {
  return typeof targetType === 'function' && type !== 'param' && ![...single, ...others].includes(targetType);
}

// The parser of JSON makes an object or a list of every body, so that one that is declared as text cannot be meant so.
function isSingle({ targetType, type }: ParamMetadata): boolean {
  return type !== 'body' && single.includes(targetType);
}

function singleIn(value: unknown, param: ParamMetadata): unknown {
  const isList = Array.isArray(value) && mayBeList(param);
  if (isList ? value.some(isComposite) : isComposite(value))
    throw new InvalidParameter(param, isList ? 'must be a list of single values' : 'must be a single value');
  return value;
}

function objectIn(given: unknown, param: ParamMetadata): unknown {
  const value = typeof given === 'string' ? parsed(given) : given;
  const isList = Array.isArray(value) && mayBeList(param);
  const isObject = isList ? value.every(isOneObject) : isOneObject(value);
  if (value !== undefined && value !== null && !isObject)
    throw new InvalidParameter(param, isList ? 'must be a list of objects' : 'must be an object');
  return value ?? given;
}

// Upstream reports a text that is no JSON.
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// A list that is declared without the type of its elements, and a type that TypeScript does not write, may be anything.
function mayBeList({ isArray, target, method, index }: ParamMetadata): boolean {
  const types = Reflect.getMetadata('design:paramtypes', (target as { prototype: object }).prototype, method) as
    readonly unknown[] | undefined;
  return isArray === true || [Array, Object, undefined].includes(types?.[index] as never);
}

function isComposite(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'object' && value !== null && isPlain(value));
}

function isOneObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
