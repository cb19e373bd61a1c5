/** Divides places to wait in among those who wait. */

/**
 * Returns the latest one of the share with the most members, which has to give way to a newcomer. Returns nothing if
 * that share would then have fewer than the newcomer's: each has an equal share, and may use more while places are free.
 *
 * @param waiting all that wait, the latest last
 * @param shareOf the share of one that waits, such as its site
 * @param share the share of the newcomer
 */
export function oneToYield<One>(waiting: Iterable<One>, shareOf: (one: One) => string, share: string): One | undefined {
  const all = [...waiting];
  const counts = new Map<string, number>();
  for (const one of all) counts.set(shareOf(one), (counts.get(shareOf(one)) ?? 0) + 1);
  const most = Math.max(...counts.values());
  if (most <= (counts.get(share) ?? 0) + 1) return undefined;
  return all.findLast(one => counts.get(shareOf(one)) === most);
}
