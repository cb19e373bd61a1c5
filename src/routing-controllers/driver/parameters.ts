/** Answers values of the client that cannot be converted into parameters. */
import type { ActionMetadata, ParamMetadata } from 'routing-controllers';
import { InvalidParameter } from './parameter-errors';

const inputs = ['body', 'body-param', 'query', 'queries', 'param', 'params', 'header', 'headers', 'cookie', 'cookies'];

/**
 * Answers a value that cannot be converted by an error that names its parameter. For each request upstream reads the
 * parameters with `params.sort(…).map(read)`. There is no other place where an error and its parameter meet.
 */
export function nameUnconvertible({ params }: ActionMetadata): void {
  const sorted = [...params].sort((one, other) => one.index - other.index);
  const map = (read: Read): unknown[] => sorted.map(param => reading(param, read));
  Object.defineProperty(params, 'sort', { value: () => ({ map }) });
}

type Read = (param: ParamMetadata) => unknown;

// Always a promise: an error that is thrown would leave those of other parameters without a handler, and end the process.
async function reading(param: ParamMetadata, read: Read): Promise<unknown> {
  try {
    return await read(param);
  } catch (error) {
    if (!inputs.includes(param.type) || !isOfConverter(error)) throw error;
    throw new InvalidParameter(param, 'cannot be converted');
  }
}

const converters = /\b_*(?:TransformOperationExecutor|MetadataStorage|ActionParameterHandler\d*\.normalizeStringValue)/;

// A converter calls code of the app, such as constructors, setters and @Transform(). An error of that is no fault of the
// client, so the innermost function of the stack decides; functions of the language and of Node count for their callers.
function isOfConverter(error: unknown): boolean {
  if (!(error instanceof TypeError) && !(error instanceof RangeError)) return false;
  const stack = String(error.stack);
  const frames = stack
    .slice(stack.indexOf(error.message) + error.message.length)
    .split('\n')
    .slice(1);
  return converters.test(frames.find(frame => !/(?:\(|at )(?:<anonymous>|node:)/.test(frame)) ?? '');
}
