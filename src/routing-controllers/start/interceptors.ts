/** Reads the functions and classes of `@UseInterceptor`, and the classes with `@Interceptor`. */
import type { Action, InterceptorInterface } from 'routing-controllers';
import type { AppContainer } from './app-container';
import type { Class } from './dependencies';

type Interceptor = (action: Action, result: unknown) => unknown;

/** Returns the interceptor as a function. The object of a class comes from the container of the server. */
export function interceptorFunction(interceptor: object, container: AppContainer): Interceptor {
  const { prototype } = interceptor as { readonly prototype?: Partial<InterceptorInterface> };
  if (prototype?.intercept === undefined) return interceptor as Interceptor;
  const someClass = interceptor as unknown as Class<InterceptorInterface>;
  return (action, result) => container.ofServer(someClass, action).intercept(action, result) as unknown;
}
