/** The contract of a throttle class: how often. */
import type { Request } from 'express';
import type { ApiView } from '../permissions/base';

/** Says whether a request comes too soon after others. Mirrors DRF's `BaseThrottle`. */
export abstract class BaseThrottle {
  /** Only `true` lets the request through. */
  abstract allowRequest(request: Request, controller: ApiView): boolean | Promise<boolean>;

  /** After a refusal: seconds until a request may succeed, where that is known. */
  wait(): number | undefined {
    return undefined;
  }
}

/** A class of throttle, as `throttleClasses` lists it. */
export type ThrottleClass = new (...dependencies: never[]) => BaseThrottle;
