/** What the APIs share: counts, log-outs and used proofs, in Redis. */
import { RedisDenylist, RedisProofStore, RedisThrottleStore } from 'axioms-routing-controllers/redis';
import { Redis } from 'ioredis';
import type { ApiOptions } from '../api';

export interface SharedState {
  readonly settings: Required<NonNullable<ApiOptions['shared']>>;
  close(): void;
}

/** @throws Error that says what to do, where Redis cannot be reached. */
export async function shareState(): Promise<SharedState> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  await expectRedis(url);
  const client = new Redis(url);
  const denylist = new RedisDenylist(client, { prefix: 'axioms-demo:denylist:', ttl: tokenLifetime });
  const throttleStore = new RedisThrottleStore(client, { prefix: 'axioms-demo:throttle:' });
  const proofStore = new RedisProofStore(client, { prefix: 'axioms-demo:proof:' });
  const close = () => {
    client.disconnect();
  };
  return { settings: { denylist, throttleStore, proofStore }, close };
}

/** Seconds that an access token of the demo lives. */
const tokenLifetime = 3600;

function hostIn(url: string): string {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' };
  if (/^rediss?:$/.test(protocol) && host !== '') return host;
  // What stands there may hold a password.
  throw new Error('REDIS_URL must be the URL of a Redis server, such as redis://127.0.0.1:6379.');
}

async function expectRedis(url: string) {
  const host = hostIn(url);
  const client = new Redis(url, { lazyConnect: true, retryStrategy: null, connectTimeout: 3000 });
  let reason = '';
  client.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message));
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const why = reason === '' ? (error as Error).message : reason;
    throw new Error(`There is no Redis at ${host} (${why}): start one, or say in REDIS_URL where one is.`);
  } finally {
    client.disconnect();
  }
}
