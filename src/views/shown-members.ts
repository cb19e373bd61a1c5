/**
 * Shows a controller its request by accessors of its class. To define members anew for each request, once for the rules
 * before the body and once for the handler, cost more than asking these rules.
 */

type Name = 'request' | 'response';

/** What a controller shows at the moment. */
export interface Showing {
  shown(name: Name): unknown;
}

const showing = Symbol('axioms.showing');
const givers = new WeakSet<object>();

/**
 * Defines `request` and `response` on a controller class, unless it has them. Assigning to one of them gives a controller
 * a property of its own.
 */
export function giveRequest({ prototype }: { readonly prototype: object }): void {
  if ('request' in prototype || 'response' in prototype) return;
  for (const name of ['request', 'response'] as const)
    Object.defineProperty(prototype, name, {
      get(this: { [showing]?: Showing }): unknown {
        return this[showing]?.shown(name);
      },
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
      configurable: true,
    });
  givers.add(prototype);
}

/** Has the class of a controller show this. Returns whether it does: the class may have such members itself. */
export function showByClass(controller: object, what: Showing): boolean {
  if (!givers.has(Object.getPrototypeOf(controller) as object) || hasOwnRequest(controller)) return false;
  (controller as { [showing]?: Showing })[showing] = what;
  return true;
}

/** Whether a controller has a property of its own in place of what its class shows. */
export function hasOwnRequest(controller: object): boolean {
  return Object.hasOwn(controller, 'request') || Object.hasOwn(controller, 'response');
}
