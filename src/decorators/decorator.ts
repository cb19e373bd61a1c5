/** Applies a decorator to a class or to one of its methods, and refuses anything else. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { decorate, type Decoration } from '../views/start/decorations';

/** A decorator of a handler. */
export type HandlerDecorator = (target: object, action: string, descriptor: PropertyDescriptor) => void;

/** A decorator of a class or of a handler. */
export interface PolicyDecorator {
  (controllerClass: abstract new (...dependencies: never[]) => object): void;
  (target: object, action: string, descriptor: PropertyDescriptor): void;
}

/**
 * Makes a decorator for classes and handlers.
 *
 * @throws ImproperlyConfigured when it is applied to anything but a class or a method
 */
export function policyDecorator(decoration: Decoration): PolicyDecorator {
  return (target: object, action?: unknown, descriptor?: unknown): void => {
    const isClass = typeof target === 'function' && action === undefined && descriptor === undefined;
    if (isClass) decorate(target, undefined, decoration);
    else decorateHandler(decoration, target, action, descriptor);
  };
}

/**
 * Makes a decorator for handlers only.
 *
 * @throws ImproperlyConfigured when it is applied to anything but a method
 */
export function handlerDecorator(decoration: Decoration): HandlerDecorator {
  return (target, action, descriptor) => {
    decorateHandler(decoration, target, action, descriptor);
  };
}

function decorateHandler(decoration: Decoration, target: object, action: unknown, descriptor: unknown): void {
  const value: unknown = (Object(descriptor) as PropertyDescriptor).value;
  // For a static method the target is the class itself. Standard decorators, without "experimentalDecorators", pass other
  // arguments.
  if (typeof target !== 'object' || typeof action !== 'string' || typeof value !== 'function')
    throw new ImproperlyConfigured(
      `@${decoration.name} stands on ${nameOf(target, action)}, where it guards nothing: put it on a handler${decoration.adds === undefined ? '; for the whole class write the list as a field' : ' or on its class'}, and compile with "experimentalDecorators".`,
    );
  decorate(target.constructor, action, decoration);
}

function nameOf(target: unknown, action: unknown): string {
  const owner = typeof target === 'function' ? target : (target as object | undefined)?.constructor;
  const name = owner?.name ?? typeof target;
  return typeof action === 'string' || typeof action === 'symbol' ? `${name}.${String(action)}` : name;
}
