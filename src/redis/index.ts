/** Stores that several processes share: `axioms-routing-controllers/redis`. */
export type { IoredisClient, NodeRedisClient, RedisClient, RedisOptions } from './client';
export { RedisDenylist, type RedisDenylistOptions } from './denylist';
export { RedisThrottleStore, type RedisThrottleStoreOptions } from './throttle-store';
