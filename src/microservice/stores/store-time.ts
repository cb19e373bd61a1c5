/** The time by which sessions and signing keys are measured. */
import type { StoreClock } from './store';

/**
 * Returns the time in milliseconds since 1970: by the clock of the store, which is one for all processes, or by the clock
 * of this process if the store has none.
 *
 * @param handle the family that the time is for
 */
export async function timeOf(store: Pick<StoreClock, 'now'>, clock: () => number, handle?: string): Promise<number> {
  return store.now === undefined ? clock() : store.now(handle);
}
