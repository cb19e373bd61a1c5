/** How often: `axioms-routing-controllers/throttling`. */
export type { Hit, OutagePolicy, Rate, ThrottleStore } from '../core/throttle-rates';
export { BaseThrottle, type Limit, type ThrottleClass } from './base';
export { MemoryThrottleStore, type MemoryThrottleStoreOptions } from './memory-store';
export {
  AnonRateThrottle,
  ClaimRateThrottle,
  ScopedRateThrottle,
  SimpleRateThrottle,
  UserRateThrottle,
} from './simple-rate';
