/** Global middlewares and interceptors of one server alone. */
import { Interceptor, Middleware, getMetadataArgsStorage, type InterceptorInterface } from 'routing-controllers';

type MiddlewareClass = new () => object;

export interface GlobalClasses {
  readonly before?: readonly MiddlewareClass[];
  readonly after?: readonly MiddlewareClass[];
  readonly interceptors?: readonly (new () => InterceptorInterface)[];
}

/** Decorates them while `start` runs; a server that names none would take every one that the process has. */
export function withGlobals<T>({ before = [], after = [], interceptors = [] }: GlobalClasses, start: () => T): T {
  const storage = getMetadataArgsStorage();
  const known = [storage.middlewares.length, storage.interceptors.length] as const;
  for (const one of before) (Middleware({ type: 'before' }) as ClassDecorator)(one);
  for (const one of after) (Middleware({ type: 'after' }) as ClassDecorator)(one);
  for (const one of interceptors) (Interceptor() as ClassDecorator)(one);
  try {
    return start();
  } finally {
    [storage.middlewares.length, storage.interceptors.length] = known;
  }
}
