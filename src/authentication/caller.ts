/** `request.user`, `request.auth` and `request.authJwt`: who is calling, on the request. */
import type { Request } from 'express';
import { findContext, type RequestContext } from './request-context';
import type { AxiomsRequest } from './user';

/** What a request says of its caller. */
export type Caller = Pick<AxiomsRequest, 'user' | 'auth' | 'authJwt'>;

const names = ['user', 'auth', 'authJwt'] as const;
const installed = Symbol('axioms.caller');

/**
 * Gives the requests of an Express app the three members, as accessors of their prototype: each property that is added
 * to a request of its own costs more than a microsecond, since Express gives each request a shape of its own. What
 * others set (Passport's `request.user`) is the request's own and stays so.
 *
 * @param prototype the `request` of an Express app: what its requests inherit from
 */
export function giveCallers(prototype: object): void {
  if (Object.hasOwn(prototype, installed)) return;
  Object.defineProperty(prototype, installed, { value: true });
  for (const name of names) Object.defineProperty(prototype, name, accessor(name));
}

function accessor(name: keyof Caller): PropertyDescriptor & ThisType<Request> {
  return {
    configurable: true,
    get() {
      return findContext(this)?.caller?.[name];
    },
    set(value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
  };
}

/** Says who is calling; what was said before, by whomever, is over. */
export function setCaller(context: RequestContext, request: AxiomsRequest, caller: Caller): void {
  context.caller = caller;
  // Of the prototype, which requests share: that each has a shape of its own makes looking through them dear.
  const inherits = Object.hasOwn(Object.getPrototypeOf(request) as object, installed);
  for (const name of names)
    if (!inherits || Object.hasOwn(request, name))
      (request as Partial<Record<keyof Caller, unknown>>)[name] = caller[name];
}
