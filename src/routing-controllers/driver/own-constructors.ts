/**
 * Writes results with a member named `constructor`. class-transformer takes the member for the class of its object. If it is no
 * class, it throws: one row with such JSON would make a whole list a 500. If it looks like one, as `{ "prototype": {} }` does,
 * the object's own class no longer hides anything. Where the class is known, class-transformer leaves the member out.
 */
import { Exclude, TransformationType } from 'class-transformer';
import { ExpressDriver } from 'routing-controllers';
import { isOfConverter } from './parameters';

/** What class-transformer transforms with, which it does not export. */
interface Executor {
  transform(source: unknown, value: unknown, targetType: unknown, ...others: unknown[]): unknown;
}

type ExecutorClass = new (type: TransformationType, options: object) => Executor;

/**
 * Returns the result as upstream transforms it. If a member named `constructor` is in the way, transforms it by the classes of
 * the prototypes.
 *
 * @param options those of the server and of the handler, of which the last counts; `undefined` if nothing is transformed
 * @param transform transforms as upstream does
 */
export function transformed(
  result: unknown,
  options: readonly unknown[] | undefined,
  transform: () => unknown,
): unknown {
  if (options === undefined || isBinary(result)) return transform();
  if (hidesClass(result)) return byClasses(result, options) ?? transform();
  try {
    return transform();
  } catch (error) {
    // A getter may give such an object. Endless recursion is a RangeError: it would only take the time twice.
    const again = error instanceof TypeError && isOfConverter(error) ? byClasses(result, options) : undefined;
    if (again === undefined) throw error;
    return again;
  }
}

// Upstream sends bytes and streams as they are.
function isBinary(result: unknown): boolean {
  return ArrayBuffer.isView(result) || (Object(result) as { readonly pipe?: unknown }).pipe instanceof Function;
}

function hidesClass(value: unknown, seen = new Set<object>()): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return false;
  seen.add(value);
  if (hiddenClass(value) !== undefined) return true;
  const isCollection = value instanceof Set || value instanceof Map;
  const members: Iterable<unknown> = isCollection ? value.values() : Object.values(value);
  for (const member of members) if (hidesClass(member, seen)) return true;
  return false;
}

function byClasses(result: unknown, options: readonly unknown[]): unknown {
  executor ??= { class: executorClass() };
  if (executor.class === undefined) return undefined;
  const given = Object(options.findLast(Boolean)) as object;
  const again = new executor.class(TransformationType.CLASS_TO_PLAIN, { exposeUnsetFields: true, ...given });
  return again.transform(undefined, result, undefined);
}

let executor: { readonly class: ExecutorClass | undefined } | undefined;

function executorClass(): ExecutorClass | undefined {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- it has no declarations under this path
    const { TransformOperationExecutor } = require('class-transformer/cjs/TransformOperationExecutor') as {
      readonly TransformOperationExecutor: ExecutorClass;
    };
    return isOfUpstream(TransformOperationExecutor) ? byPrototypes(TransformOperationExecutor) : undefined;
  } catch {
    return undefined;
  }
}

function byPrototypes(base: ExecutorClass): ExecutorClass {
  return class extends base {
    override transform(source: unknown, value: unknown, targetType: unknown, ...others: unknown[]): unknown {
      return super.transform(source, value, targetType ?? hiddenClass(value), ...others);
    }
  };
}

/** Returns the class of an object that a member named `constructor` hides; `undefined` if none does. */
function hiddenClass(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Set) return undefined;
  if (!Object.hasOwn(value, 'constructor')) return undefined;
  // The prototype of parsed cookies has no constructor.
  const { constructor = Object } = Object(Object.getPrototypeOf(value)) as { readonly constructor?: unknown };
  return constructor;
}

// Another copy of class-transformer would not know what the app's classes leave out.
function isOfUpstream(base: ExecutorClass): boolean {
  class Probe {
    hidden = true;
  }
  Exclude()(Probe.prototype, 'hidden');
  const byUpstream = Upstream.transform(new Probe());
  const here = new base(TransformationType.CLASS_TO_PLAIN, {}).transform(undefined, new Probe(), undefined);
  return [byUpstream, here].every(plain => !Object.hasOwn(plain as object, 'hidden'));
}

class Upstream extends ExpressDriver {
  static transform(value: object): unknown {
    const driver = Object.create(this.prototype, { useClassTransformer: { value: true } }) as Upstream;
    return driver.transformResult(value, { options: {} } as never, {} as never) as unknown;
  }
}
