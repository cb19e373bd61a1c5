/** Finds the shard of a key, so that one dead shard of a cluster closes only its own keys. */

/** Clusters of `ioredis` (`slots` with addresses) and of `redis` (`slots` with nodes), and the prefix of `ioredis`. */
interface ClusterClient {
  readonly slots?: readonly (Slot | undefined)[];
  readonly options?: { readonly keyPrefix?: unknown };
}
type Slot = readonly string[] | { readonly master?: { readonly address?: string } };

/**
 * Returns a function that names the shard of a key: the address of the master that has it now. A client that is no
 * cluster has one shard, whose name is empty; so has a cluster client that does not know its nodes yet.
 */
export function shardsOf(client: object): (key: string) => string {
  const cluster = client as ClusterClient;
  return key => {
    const { slots } = cluster;
    if (slots === undefined) return '';
    const prefix = typeof cluster.options?.keyPrefix === 'string' ? cluster.options.keyPrefix : '';
    return addressOf(slots[slotOf(prefix + key)]);
  };
}

function addressOf(slot: Slot | undefined): string {
  if (slot === undefined) return '';
  return (isList(slot) ? slot[0] : slot.master?.address) ?? '';
}

function isList(slot: Slot): slot is readonly string[] {
  return Array.isArray(slot);
}

/** Returns the slot of a key: CRC-16/XMODEM of the hash tag, modulo 16384 (Redis Cluster specification). */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tagOf(key))) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return crc & 16_383;
}

// The first text in braces, if it is not empty.
function tagOf(key: string): string {
  const start = key.indexOf('{');
  const end = start < 0 ? -1 : key.indexOf('}', start);
  return end > start + 1 ? key.slice(start + 1, end) : key;
}
