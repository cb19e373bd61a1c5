import { Redis } from 'ioredis';
import { RedisThrottleStore } from 'axioms-routing-controllers/redis';

const throttleStore = new RedisThrottleStore(new Redis('redis://localhost'), { fail: 'local' });

export {};