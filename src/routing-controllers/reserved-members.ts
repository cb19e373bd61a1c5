/** Refuses a controller's own members under the names that are set for each request: they would be replaced, or hide them. */
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Class } from './dependencies';

const reserved = ['request', 'response', 'action'] as const;

/**
 * @param controller before anything is set on it
 * @throws ImproperlyConfigured for a field with a value, a method, or a getter without a setter.
 */
export function refuseReservedMembers(controller: object): void {
  const name = reserved.find(one => isMember(controller, one));
  if (name === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name} has a member '${name}' of its own, and this.${name} is set for each request, so that the member would be lost. Give it another name. To type what is set, write: declare ${name}: ${types[name]};`,
  );
}

const types = { request: 'AxiomsRequest', response: 'Response', action: 'string' };

// A field that is only typed, without declare, may be there and undefined.
function isMember(controller: object, name: string): boolean {
  for (let one: object | null = controller; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    const member = Object.getOwnPropertyDescriptor(one, name);
    if (member !== undefined)
      return member.value !== undefined || (member.get !== undefined && member.set === undefined);
  }
  return false;
}

/** @throws ImproperlyConfigured for a handler of such a name: a field that is set for each request would hide it. */
export function refuseReservedHandler({ target, method }: ActionMetadata): void {
  if (!(reserved as readonly string[]).includes(method)) return;
  throw new ImproperlyConfigured(
    `${(target as Class).name}.${method} cannot be a handler: this.${method} is set for each request. Call the handler something else.`,
  );
}
