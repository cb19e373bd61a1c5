/** A client of Redis that counts what it is asked, and that a test may stop. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/redis';

export type Maker = (url: string, keyPrefix?: string) => Promise<{ client: RedisClient; close(): unknown }>;

export const makers: Record<'ioredis' | 'redis', Maker> = {
  async ioredis(url, keyPrefix = '') {
    const client = new Redis(url, { enableReadyCheck: false, keyPrefix, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    await client.ping();
    return {
      client,
      close: () => {
        client.disconnect();
      },
    };
  },
  async redis(url) {
    // Version 4.0 takes no number.
    const client = createClient({ url, socket: { reconnectStrategy: () => 20 } });
    client.on('error', () => undefined);
    await client.connect();
    // Version 4 has no destroy().
    const { destroy, disconnect } = client as unknown as { destroy?(): unknown; disconnect(): unknown };
    return { client, close: () => (destroy ?? disconnect).call(client) };
  },
};

export class WatchedClient {
  /** The names of the commands that were sent. */
  sent: string[] = [];
  /** Whether scripts get no answer; `mget` does. */
  isStopped = false;
  readonly client: RedisClient;

  constructor(client: RedisClient) {
    this.client = new Proxy(client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...values: unknown[]) => {
          if (name === 'on' || name === 'listenerCount') return (member as () => unknown).apply(target, values as []);
          this.sent.push(String(name).toLowerCase());
          if (this.isStopped && name === 'eval') return new Promise(() => undefined);
          return (member as () => unknown).apply(target, values as []);
        };
      },
    });
  }
}
