/**
 * Reads the parameters of a handler at once, with upstream's own conversion and validation. Upstream waits for about five
 * promises for each parameter, although only the validation of a body needs one.
 */
import type { Action, ActionMetadata, ParamMetadata } from 'routing-controllers';
import { after, attempt, type Soon } from '../../core/time/soon';
import { userOf } from './authorized';
import { conversionWith, type Conversion } from './conversion';
import { asInvalid } from './parameters';

/** The driver, as parameters are read with it. */
interface Source {
  getParamFromRequest(action: Action, param: ParamMetadata): unknown;
  readonly currentUserChecker?: unknown;
}

/** Returns the parameters; `undefined` where upstream must read them. */
export type Extract = (action: Action) => Soon<unknown[]> | undefined;

const unread = Symbol('a value that upstream must read');

/** Returns how the parameters of a handler are read at once; `undefined` if upstream must read one of them. */
export function extractorOf({ params }: ActionMetadata, driver: Source): Extract | undefined {
  const sorted = [...params].sort((one, other) => one.index - other.index);
  const bodies = sorted.filter(isObjectBody);
  if (!sorted.every(param => isObjectBody(param) || isSimple(param, driver)) || bodies.length > 1) return undefined;
  if (sorted.length === 0) return () => [];
  const conversion = conversionWith(driver);
  // Without it upstream reads everything.
  if (conversion === undefined) return undefined;
  return action => {
    const values = valuesOf(sorted, action, driver, conversion);
    const [body] = bodies;
    if (values === undefined || body === undefined) return values;
    const place = sorted.indexOf(body);
    return after(converted(values[place], body, action, conversion), value => values.with(place, value));
  };
}

// Nothing of the app runs here. What cannot be read is read again as upstream does, so that the error is upstream's.
function valuesOf(
  params: readonly ParamMetadata[],
  action: Action,
  driver: Source,
  conversion: Conversion,
): unknown[] | undefined {
  const values: unknown[] = [];
  try {
    for (const param of params) {
      const value = isObjectBody(param) ? bodyOf(param, action, driver) : valueOf(param, action, driver, conversion);
      if (value === unread) return undefined;
      values.push(value);
    }
  } catch {
    return undefined;
  }
  return values;
}

function valueOf(param: ParamMetadata, action: Action, driver: Source, conversion: Conversion): unknown {
  if (param.type === 'request') return action.request as unknown;
  if (param.type === 'response') return action.response as unknown;
  const isUser = param.type === 'current-user';
  const value = isUser ? userOf(action) : driver.getParamFromRequest(action, param);
  if (param.required && (value === undefined || value === null || value === '')) return unread;
  return isUser ? value : simpleValue(value, param, conversion);
}

function simpleValue(value: unknown, { name, targetName, isArray }: ParamMetadata, conversion: Conversion): unknown {
  const read = (text: string): unknown => conversion.normalizeStringValue(text, name, targetName);
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== 'string') return value;
  return isArray ? [read(value)] : read(value);
}

function bodyOf(param: ParamMetadata, action: Action, driver: Source): unknown {
  const value = driver.getParamFromRequest(action, param);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : unread;
}

// The constructor and the validators of the class are the app's.
function converted(body: unknown, param: ParamMetadata, action: Action, conversion: Conversion): Soon<unknown> {
  return attempt(
    () => {
      const validated = conversion.validateValue(conversion.transformValue(body, param), param);
      return after(validated, value => conversion.handleValue(value, action, param));
    },
    error => {
      throw asInvalid(error, param);
    },
  );
}

const primitives = ['number', 'string', 'boolean'];

function isObjectBody({ type, targetName, isTargetObject, transform }: ParamMetadata): boolean {
  const isOther = [...primitives, 'date', 'array'].includes(targetName);
  return type === 'body' && isTargetObject && !isOther && (transform as unknown) === undefined;
}

function isSimple({ type, targetName, transform }: ParamMetadata, { currentUserChecker }: Source): boolean {
  if ((transform as unknown) !== undefined) return false;
  if (type === 'request' || type === 'response') return true;
  if (type === 'current-user') return currentUserChecker === userOf;
  return ['param', 'query', 'header'].includes(type) && primitives.includes(targetName);
}
