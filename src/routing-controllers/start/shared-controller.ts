/**
 * Refuses a controller class that does not create a new object for each request: one request would see the caller of
 * another.
 */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { MethodOnly } from '../../views/start/method-only';

/**
 * Compares two objects of a controller class.
 *
 * @param first an object of the class
 * @param second the next object of the class
 * @throws ImproperlyConfigured if they are the same object, or if a member that is set on one shows on the other.
 */
export function refuseShared(controllerClass: { readonly name: string }, first: object, second: object): void {
  const shared = first === second ? 'the same object' : sharedMember(first, second);
  if (shared === undefined) return;
  throw new ImproperlyConfigured(
    `${controllerClass.name} cannot be a controller: its constructor returns ${shared} each time, so that requests would see each other's callers. Make a new object for each request, and keep shared state in a service.`,
  );
}

// Detects a proxy around one object, and an accessor that writes to a static member.
function sharedMember(first: object, second: object): string | undefined {
  const { request, response } = new MethodOnly(undefined);
  const marks = { request, response, action: ' ' };
  Object.assign(first, marks);
  const seen = second as Readonly<Record<string, unknown>>;
  const name = Object.entries(marks).find(([member, mark]) => seen[member] === mark)?.[0];
  return name === undefined ? undefined : `an object that shares this.${name} with the others`;
}
