/** Guards the conversion of the client's values into parameters: how deep they are, and what cannot be converted. */
import type { Action, ActionMetadata, ParamMetadata } from 'routing-controllers';
import { ParseError } from '../../core/http/exceptions';
import { levelsOf, mostLevels } from './body';
import type { Conversion } from './conversion';
import { InvalidParameter } from './parameter-errors';
import { inShape, isOfClass } from './shapes';

/** The inputs that are objects of texts. Upstream converts each text by the type of the class's member. */
const objects = ['queries', 'headers', 'params', 'cookies'];
const inputs = [...objects, 'body', 'body-param', 'query', 'param', 'header', 'cookie'];

/**
 * Reads the value of a parameter.
 *
 * @param read reads it as upstream does
 * @throws ParseError or InvalidParameter if the value has more levels or members than upstream can convert, or another shape
 * than its parameter
 */
export function valueOf({ request }: Action, param: ParamMetadata, read: () => unknown): unknown {
  const { body } = request as { body?: unknown };
  // What upstream reads of a body that is not there is a TypeError.
  if (param.type === 'body-param' && (body === undefined || body === null)) return undefined;
  const value = read();
  if (!inputs.includes(param.type) || !isDeep(value, param.type, param.targetType))
    return narrow(inShape(value, param), param);
  throw param.type.startsWith('body')
    ? new ParseError()
    : new InvalidParameter(param, `cannot have more than ${mostLevels} levels`);
}

/**
 * Limits the members of one object. class-transformer looks for each name among all others, so that the time grows with the
 * square of their number: 9,000 members took 0.3 s.
 */
export const mostMembers = 5000;

function narrow(value: unknown, param: ParamMetadata): unknown {
  if (isOfClass(param) && isWide(value))
    throw new InvalidParameter(param, `cannot have an object with more than ${mostMembers} members`);
  return value;
}

// Levels are limited by now.
function isWide(value: unknown): boolean {
  if (!isPlain(value)) return false;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return (!Array.isArray(value) && members.length > mostMembers) || members.some(isWide);
}

function isDeep(value: unknown, type: string, targetType: unknown): boolean {
  if (typeof value === 'string') return isJson(targetType) && levelsOf(Buffer.from(value)) > mostLevels;
  return isNested(value) || (objects.includes(type) && hasDeepMember(Object(value) as object, targetType));
}

// Upstream parses a text as JSON unless it is for one of these.
function isJson(type: unknown): boolean {
  return typeof type === 'function' && ![String, Number, Boolean, Date, Array].includes(type as never);
}

function hasDeepMember(value: object, targetType: unknown): boolean {
  const { prototype } = Object(targetType) as { readonly prototype?: object };
  return Object.entries(value).some(([name, member]) => {
    const ofMember: unknown = prototype && Reflect.getMetadata('design:type', prototype, name);
    return typeof member === 'string' && isDeep(member, 'query', ofMember);
  });
}

// Looks at each object of a level once: what the app parsed itself may have references, as YAML has.
function isNested(value: unknown): boolean {
  let level = new Set([value].filter(isPlain));
  for (let levels = 1; level.size > 0; levels++) {
    if (levels > mostLevels) return true;
    const next = new Set<object>();
    for (const one of level) for (const inner of Object.values(one)) if (isPlain(inner)) next.add(inner);
    level = next;
  }
  return false;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

/**
 * Answers a value that cannot be converted by an error that names its parameter. For each request upstream reads the
 * parameters with `params.sort(…).map(read)`. There is no other place where an error and its parameter meet.
 */
export function nameUnconvertible({ params }: ActionMetadata, conversion: Conversion | undefined): void {
  const sorted = [...params].sort((one, other) => one.index - other.index);
  const map = (read: Read): unknown[] => sorted.map(param => reading(param, read, conversion));
  Object.defineProperty(params, 'sort', { value: () => ({ map }) });
}

type Read = (param: ParamMetadata) => unknown;

// Always a promise: an error that is thrown would leave those of other parameters without a handler, and end the process.
async function reading(param: ParamMetadata, read: Read, conversion: Conversion | undefined): Promise<unknown> {
  try {
    const value = await read(param);
    const isList = conversion !== undefined && Array.isArray(value) && isOfClass(param);
    return isList ? await eachConverted(value, param, conversion) : value;
  } catch (error) {
    throw asInvalid(error, param);
  }
}

// Upstream converts and validates an object alone, and no list of them.
async function eachConverted(list: readonly unknown[], param: ParamMetadata, conversion: Conversion) {
  const elements: unknown[] = [];
  for (const [index, element] of list.entries())
    try {
      elements.push(await conversion.validateValue(conversion.transformValue(element, param), param));
    } catch (error) {
      throw atIndex(index, error);
    }
  return elements;
}

/** Puts the index of the element in front of the fields that are not valid. */
function atIndex(index: number, error: unknown): unknown {
  const { errors } = Object(error) as { errors?: unknown };
  return errors === undefined
    ? error
    : Object.assign(error as object, { errors: [{ property: index, children: errors }] });
}

/** Returns an error that names the parameter, if the value could not be converted; any other error unchanged. */
export function asInvalid(error: unknown, param: ParamMetadata): unknown {
  const isOfInput = inputs.includes(param.type) && isOfConverter(error);
  return isOfInput ? new InvalidParameter(param, 'cannot be converted') : error;
}

const converters = /\b_*(?:TransformOperationExecutor|MetadataStorage|ActionParameterHandler\d*\.normalizeStringValue)/;

// A converter calls code of the app, such as constructors, setters and @Transform(). An error of that is no fault of the
// client, so the innermost function of the stack decides; functions of the language and of Node count for their callers.
export function isOfConverter(error: unknown): boolean {
  if (!(error instanceof TypeError) && !(error instanceof RangeError)) return false;
  const message: unknown = error.message;
  if (typeof message !== 'string') return false;
  const stack = String(error.stack);
  const frames = stack
    .slice(stack.indexOf(message) + message.length)
    .split('\n')
    .slice(1);
  return converters.test(frames.find(frame => !/(?:\(|at )(?:<anonymous>|node:)/.test(frame)) ?? '');
}
