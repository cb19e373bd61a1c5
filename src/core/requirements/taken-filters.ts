/** Which filters were read: a list whose filter nobody has read must not be answered. */

const waiting = new WeakMap<object, () => void>();

/** Calls `note` once the filter is read by a compiler, by `matches`, or by a builder that combines filters. */
export function noteWhenTaken(filter: object, note: () => void): void {
  waiting.set(filter, note);
}

/** Notes that the filter was read. */
export function take(filter: unknown): void {
  waiting.get(Object(filter) as object)?.();
}
