/** Promises that may be dropped before anybody awaits them. */

/**
 * Marks the rejection of a promise as seen: who awaits it still gets it, and where nobody comes to that, because
 * another rule has thrown meanwhile, it does not end the process.
 */
export function seen<T>(value: T): T {
  if (value instanceof Promise) value.catch(() => undefined);
  return value;
}
