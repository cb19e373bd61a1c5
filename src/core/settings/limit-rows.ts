/** The rows of the table of settings about throttles and revoked tokens. */
import { denylist, throttleRates, throttleStore } from './kinds';
import { row } from './row';

export const limitRows = {
  throttleRates: row(throttleRates, {
    harmless: /^-?\d{1,9}\/\w+$/,
    variable: 'AXIOMS_THROTTLE_RATES',
    defaultText: '–',
    fallback: {},
    meaning: "rates by a throttle's scope: `user=100/hour`; in code `null` is no limit",
  }),
  throttleStore: row(throttleStore, {
    defaultText: 'the memory of this process',
    meaning: 'what throttles count with; `RedisThrottleStore` where several processes share a limit',
  }),
  denylist: row(denylist, {
    defaultText: '–',
    meaning: 'what every verified token is looked up in: `MemoryDenylist`, or `RedisDenylist` for several processes',
  }),
};
