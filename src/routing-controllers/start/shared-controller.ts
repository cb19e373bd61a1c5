/** Refuses a controller class whose objects are not each request's own: one request would see another one's caller. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { MethodOnly } from '../../views/start/method-only';

/**
 * @param first, second two objects of the class, made one after the other
 * @throws ImproperlyConfigured where they are the same object, or where what is set on one shows on the other.
 */
export function refuseShared(controllerClass: { readonly name: string }, first: object, second: object): void {
  const shared = first === second ? 'the same object' : sharedMember(first, second);
  if (shared === undefined) return;
  throw new ImproperlyConfigured(
    `${controllerClass.name} cannot be a controller: its constructor returns ${shared} each time, so that requests would see each other's callers. Make a new object for each request, and keep shared state in a service.`,
  );
}

// A proxy around one object, or an accessor that writes to a static member.
function sharedMember(first: object, second: object): string | undefined {
  const { request, response } = new MethodOnly(undefined);
  const marks = { request, response, action: ' ' };
  Object.assign(first, marks);
  const seen = second as Readonly<Record<string, unknown>>;
  const name = Object.entries(marks).find(([member, mark]) => seen[member] === mark)?.[0];
  return name === undefined ? undefined : `an object that shares this.${name} with the others`;
}
