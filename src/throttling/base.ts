/** The contract of a throttle class: how often a caller may send requests. */
import type { Request } from 'express';
import { findContext } from '../authentication/request-context';
import { addressOf } from '../core/http/client-address';
import { markAsOurs } from '../core/process/copies';
import { warnOfUnreadProxies } from '../core/reports/unread-proxies';
import type { Settings } from '../core/settings/settings';
import type { Hit, Rate } from '../core/settings/throttle-rates';
import type { ApiView } from '../permissions/base';
import { readsWords } from '../permissions/rule-readers';

/** A throttle's limit and its current state, for the `RateLimit` fields. */
export interface Limit extends Rate, Hit {
  /** The name of the limit that the client sees. */
  readonly name: string;
}

/**
 * Decides whether a request comes too soon after earlier ones. Mirrors DRF's `BaseThrottle`. A throttle is created for
 * each request. A `@Service()` is shared by all requests and must not keep anything about one of them in its fields.
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
  /** Decides about the request. Only `true` allows it. */
  abstract allowRequest(request: Request, controller: ApiView): boolean | Promise<boolean>;

  /** Returns the seconds until a request may succeed, after a refusal; `undefined` if that is unknown. */
  wait(_request?: Request): number | undefined {
    return undefined;
  }

  /**
   * Returns the caller's address: `request.ip`, which follows Express's setting `trust proxy` and never an untrusted
   * header. An IPv6 address is reduced to its /64 prefix, because one subscriber has a whole /64.
   */
  getIdent(request: Request): string {
    const context = findContext(request);
    if (context !== undefined) warnOfUnreadProxies(request, context.settings.logger);
    return addressOf(request);
  }

  /** Returns the values of the `RateLimit` fields, after a refusal. */
  limit?(request: Request): Limit | undefined;

  /**
   * Returns whether the throttle may have more to count of the request. It is then asked again once multer has read the
   * fields of a form.
   */
  hasNotCounted?(request: Request): boolean;

  /**
   * Checks the configuration at startup, for each route.
   *
   * @throws ImproperlyConfigured if the throttle cannot work on this route
   */
  checkConfiguration?(controller: ApiView, settings: Settings): void;
}
markAsOurs(BaseThrottle);
readsWords(BaseThrottle, []);

/** A throttle class, an entry of `throttleClasses`. */
export type ThrottleClass = new (...dependencies: never[]) => BaseThrottle;
