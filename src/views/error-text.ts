/** Reads thrown values and formats them for the log. They may be anything: a getter may throw, and a proxy may be revoked. */
import { APIException } from '../core/http/exceptions';

/**
 * Returns the stack of an error, always with its message. routing-controllers' errors make their stacks before they
 * have a message.
 */
export function stackOf({ name, message, stack }: Error): string {
  if (stack?.includes(message) === true) return stack;
  return `${name}: ${message}\n${stack ?? ''}`;
}

/**
 * Returns the stack of an error, or the type of any other value. The object itself is not logged: its properties may
 * hold claims.
 */
export function stackOrType(error: unknown): string {
  try {
    return error instanceof Error ? stackOf(error) : typeof error;
  } catch {
    return typeof error;
  }
}

// What this library and Express read of an error to answer it.
const readMembers = ['name', 'message', 'expose', 'status', 'statusCode', 'httpCode', 'headers'] as const;

/** Tells whether the class and the members of a thrown value can be read. */
export function isReadable(error: unknown): boolean {
  try {
    const read = Object(error) as object;
    for (const name of readMembers) Reflect.get(read, name);
    // Reading a stack formats it, which would cost more than the rest of a refusal.
    if (!(error instanceof APIException)) Reflect.get(read, 'stack');
    return true;
  } catch {
    return false;
  }
}
