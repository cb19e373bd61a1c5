/** How often: `axioms-routing-controllers/throttling`. */
export { BaseThrottle, type ThrottleClass } from './base';
