/** Makes a client look for its master again, where the client does not do so itself. */
import type { RedisClient } from './commands';

interface Reconnecting {
  /** Of `ioredis`. */
  disconnect?(isReconnecting: boolean): void;
  /** Of `redis`, except for its clusters and its Sentinel, which find the new master themselves. */
  sendCommand?(command: string[]): Promise<unknown>;
}

/** The part of a cluster of `redis` that finds its nodes. */
interface Discovering {
  readonly masters?: readonly { readonly address: string; readonly client?: object }[];
  readonly _slots?: { rediscover?(startWith: object): Promise<unknown> };
}

/**
 * Closes a connection to a master that has become a replica, so that the client resolves the name of its server, or asks
 * Sentinel, again. A client keeps the connection otherwise, and every write is refused.
 */
export function reconnect(client: RedisClient): void {
  if ('slots' in client || 'getSentinelNode' in client) return;
  const { status } = client as { readonly status?: unknown };
  const either = client as Reconnecting;
  if (typeof status === 'string' && 'disconnect' in either) either.disconnect?.(true);
  // The server closes the connection, and the client opens another one by its own strategy. This also works in a pool.
  else if ('isOpen' in client) void either.sendCommand?.(['QUIT']).catch(() => undefined);
}

/**
 * Lets a cluster of `redis` 5 look for the master that has replaced a dead one: it would send to the dead one forever.
 *
 * @param shard the address of the master that did not answer
 */
export function rediscover(client: RedisClient, shard: string): void {
  const { masters, _slots } = client as Discovering;
  const other = masters?.find(({ address, client: known }) => address !== shard && known !== undefined);
  // A failure changes nothing: the next failed command tries again.
  if (other?.client !== undefined) _slots?.rediscover?.(other.client).catch(() => undefined);
}
