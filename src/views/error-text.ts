/** Formats an error as text for the log. */

/**
 * Returns the stack of an error, always with its message. routing-controllers' errors make their stacks before they
 * have a message.
 */
export function stackOf({ name, message, stack }: Error): string {
  if (stack?.includes(message) === true) return stack;
  return `${name}: ${message}\n${stack ?? ''}`;
}
