/** Hits a shared throttle, in a process of its own: node processes-server.mjs <URL of Redis> <rate's amount>. */
import { Redis } from 'ioredis';
import redis from '../../dist/src/redis/index.js';
import { serve } from '../child.mjs';

const [url, amount] = process.argv.slice(2);
const store = new redis.RedisThrottleStore(new Redis(url), { fail: 'closed', timeout: 30 });
const rate = { amount: Number(amount), seconds: 3600 };

serve(async ({ hits }) => {
  const answers = await Promise.all(Array.from({ length: hits }, () => store.hit('somebody', rate)));
  return { allowed: answers.filter(({ isAllowed }) => isAllowed).length };
});
process.send({});
