/** Throttles: `axioms-routing-controllers/throttling`. */
import { setTripwire } from '../routing-controllers/start/tripwire';

export type { Hit, OutagePolicy, Rate, ThrottleStore } from '../core/settings/throttle-rates';
export { BaseThrottle, type Limit, type ThrottleClass } from './base';
export { MemoryThrottleStore, type MemoryThrottleStoreOptions } from './memory-store';
export {
  AnonRateThrottle,
  ClaimRateThrottle,
  ScopedRateThrottle,
  SimpleRateThrottle,
  UserRateThrottle,
} from './simple-rate';

// An app may load only this subpath and serve its controllers with routing-controllers' own server.
setTripwire();
