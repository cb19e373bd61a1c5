/** An error as text for the log. */

/** The stack of an error, always with its message: routing-controllers' errors make their stacks before they have one. */
export function stackOf({ name, message, stack }: Error): string {
  if (stack?.includes(message) === true) return stack;
  return `${name}: ${message}\n${stack ?? ''}`;
}
