/**
 * Refuses members of a controller with a name that the server sets for each request: one of the two would hide the
 * other.
 */
import type { ActionMetadata } from 'routing-controllers';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { namesOf, type NameOf } from '../../permissions/rule-words';
import type { Class } from './dependencies';

const reserved = namesOf('set for each request');

/**
 * Refuses a controller whose class uses a reserved name for a member of its own.
 *
 * @param controller a controller on which the server has not set anything yet
 * @throws ImproperlyConfigured for a field with a value, a method, or a getter without a setter.
 */
export function refuseReservedMembers(controller: object): void {
  const name = reserved.find(one => isMember(controller, one));
  if (name === undefined) return;
  throw new ImproperlyConfigured(
    `${controller.constructor.name} has a member '${name}' of its own, and this.${name} is set for each request, so that the member would be lost. Give it another name. To type what is set, write: declare ${name}: ${types[name]};`,
  );
}

const types: Readonly<Record<NameOf<'set for each request'>, string>> = {
  request: 'AxiomsRequest',
  response: 'Response',
  action: 'string',
};

// A field that only declares the type, but without `declare`, may exist with the value undefined.
function isMember(controller: object, name: string): boolean {
  for (let one: object | null = controller; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    const member = Object.getOwnPropertyDescriptor(one, name);
    if (member !== undefined)
      return member.value !== undefined || (member.get !== undefined && member.set === undefined);
  }
  return false;
}

/**
 * Refuses a handler with a reserved name: the field that is set for each request would hide it.
 *
 * @throws ImproperlyConfigured for such a name.
 */
export function refuseReservedHandler({ target, method }: ActionMetadata): void {
  if (!(reserved as readonly string[]).includes(method)) return;
  throw new ImproperlyConfigured(
    `${(target as Class).name}.${method} cannot be a handler: this.${method} is set for each request. Call the handler something else.`,
  );
}
