/** The contract of a throttle class: how often. */
import type { Request } from 'express';
import { addressOf } from '../core/client-address';
import { markAsOurs } from '../core/copies';
import type { Settings } from '../core/settings';
import type { Hit, Rate } from '../core/throttle-rates';
import type { ApiView } from '../permissions/base';

/** What a throttle tells of its limit, for the `RateLimit` fields. */
export interface Limit extends Rate, Hit {
  /** Names the limit to the client. */
  readonly name: string;
}

/**
 * Says whether a request comes too soon after others. Mirrors DRF's `BaseThrottle`. A throttle is made for each request,
 * or shared by all where it is a `@Service()`: what it learns of a request must not be kept in its fields then.
 *
 * @example
 * class OddSeconds extends BaseThrottle {
 *   allowRequest() {
 *     return Math.floor(Date.now() / 1000) % 2 === 1;
 *   }
 *   override wait() {
 *     return 1;
 *   }
 * }
 */
export abstract class BaseThrottle {
  /** Only `true` lets the request through. */
  abstract allowRequest(request: Request, controller: ApiView): boolean | Promise<boolean>;

  /** After a refusal: seconds until a request may succeed, where that is known. */
  wait(_request?: Request): number | undefined {
    return undefined;
  }

  /**
   * The caller's address: `request.ip`, which follows Express's `trust proxy` and never a header that nobody vouches
   * for; of an IPv6 address the /64, which is what one subscriber has.
   */
  getIdent(request: Request): string {
    return addressOf(request);
  }

  /** After a refusal: what the `RateLimit` fields of the answer tell. */
  limit?(request: Request): Limit | undefined;

  /**
   * Asked at start, for each route.
   *
   * @throws ImproperlyConfigured where the throttle can never work there.
   */
  checkConfiguration?(controller: ApiView, settings: Settings): void;
}
markAsOurs(BaseThrottle);

/** A class of throttle, as `throttleClasses` lists it. */
export type ThrottleClass = new (...dependencies: never[]) => BaseThrottle;
