/** Stores that several processes share: `axioms-routing-controllers/redis`. */
export type { RedisOptions } from './client';
export type { IoredisClient, NodeRedisClient, RedisClient } from './commands';
export { RedisDenylist, type RedisDenylistOptions } from './denylist';
export type { LocalCopyOptions } from './local-copy';
export { RedisProofStore, type RedisProofStoreOptions } from './proof-store';
export { RedisThrottleStore, type RedisThrottleStoreOptions } from './throttle-store';
export { RedisSignInAttempts, type RedisSignInAttemptsOptions } from './sign-in-attempts';
