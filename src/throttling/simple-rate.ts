/** Throttles with a rate. Mirrors DRF's throttles, with the defaults that are safe. */
import { hash } from 'node:crypto';
import type { Request } from 'express';
import { contextOf } from '../authentication/request-context';
import { currentCaller, isAuthenticated } from '../authentication/caller';
import { claimValue } from '../core/claims';
import { ImproperlyConfigured } from '../core/exceptions';
import { isPlain } from '../core/plain';
import type { Settings } from '../core/settings';
import { isPending, type Soon } from '../core/soon';
import { parseRate, rateForm, type Hit, type Rate } from '../core/throttle-rates';
import type { ApiView } from '../permissions/base';
import { memberOf } from '../permissions/evaluated';
import { BaseThrottle, type Limit } from './base';
import { countingOf } from './counting';
import { callerKeyOf } from './identity';

const limits = Symbol('axioms.limits');

/** Of each throttle that refused the request: kept with it, for a throttle may be shared by all requests. */
type WithLimits = Request & { [limits]?: [BaseThrottle, Limit][] };

/**
 * Lets so many requests a period through, counted by what `getCacheKey` returns. A subclass says who is counted, and
 * either its `rate` or its `scope`, whose rate the setting `throttleRates` has.
 *
 * The window slides, as in DRF: no span of the period has more requests than the rate. Refused requests are not counted.
 *
 * @example
 * class ClientThrottle extends SimpleRateThrottle {
 *   override rate = '1000/day';
 *   getCacheKey(request: Request) {
 *     const { iss, client_id } = (request as AxiomsRequest).authJwt ?? {};
 *     return client_id === undefined ? null : JSON.stringify([iss, client_id]);
 *   }
 * }
 */
export abstract class SimpleRateThrottle extends BaseThrottle {
  /** `'100/hour'`; `null`: no limit. Default: the scope's. */
  declare readonly rate?: string | null | undefined;
  /** The name of its rate in the setting `throttleRates`. Throttles of one scope and rate share their counts. */
  declare readonly scope?: string | undefined;

  /**
   * Who is counted; `null`: this request is not. `sub`, `jti`, `sid` and `client_id` mean nothing without `iss`: a key
   * that has one of them must have `iss`, too.
   */
  abstract getCacheKey(request: Request, controller: ApiView): string | null;

  /** The rate for this request: `'100/hour'`, or `null` for no limit. Default: `rate`, or that of the scope. */
  getRate(request: Request, controller: ApiView): string | null {
    return this.configuredRate(controller, contextOf(request).settings);
  }

  /**
   * `'100/hour'` taken apart: the first letter of the period counts (s, m, h, d).
   *
   * @throws ImproperlyConfigured for anything else; `null` stays `null`.
   */
  parseRate(rate: string | null): Rate | null {
    return rate === null ? null : (ratesKnown.get(rate) ?? this.#parsed(rate));
  }

  allowRequest(request: Request, controller: ApiView): Soon<boolean> {
    const { settings } = contextOf(request);
    const rate = this.parseRate(
      this.#hasOwnRate ? this.getRate(request, controller) : this.configuredRate(controller, settings),
    );
    const key = rate === null ? null : this.getCacheKey(request, controller);
    if (rate === null || key === null) return true;
    const name = this.scopeFor(controller) ?? this.constructor.name;
    const counted = countingOf(settings).hit(this.#storeKey(name, rate, key), rate);
    return isPending(counted)
      ? counted.then(hit => this.#answer(request, name, rate, hit))
      : this.#answer(request, name, rate, counted);
  }

  override wait(request?: Request): number | undefined {
    return request === undefined ? undefined : this.limit(request)?.reset;
  }

  override limit(request: Request): Limit | undefined {
    return (request as WithLimits)[limits]?.find(([throttle]) => throttle === this)?.[1];
  }

  override checkConfiguration(controller: ApiView, settings: Settings): void {
    // A rate of one's own may need the request.
    if (!this.#hasOwnRate) this.parseRate(this.configuredRate(controller, settings));
  }

  /** The scope on this controller. */
  protected scopeFor(_controller: ApiView): string | undefined {
    return this.scope;
  }

  /** @throws ImproperlyConfigured where there is neither a rate nor a scope that has one. */
  protected configuredRate(controller: ApiView, { throttleRates }: Settings): string | null {
    if (this.rate !== undefined) return this.rate;
    const scope: unknown = this.scopeFor(controller);
    if (typeof scope !== 'string' || scope === '')
      throw new ImproperlyConfigured(`${this.constructor.name} has neither a rate nor a scope: give it one of them.`);
    const rate = Object.hasOwn(throttleRates, scope) ? throttleRates[scope] : undefined;
    if (rate !== undefined) return rate;
    throw new ImproperlyConfigured(
      `${this.constructor.name} has the scope '${scope}', for which the setting 'throttleRates' has no rate: add ${scope}: '100/hour', or null for no limit.`,
    );
  }

  get #hasOwnRate(): boolean {
    return this.getRate !== SimpleRateThrottle.prototype.getRate;
  }

  #answer(request: Request, name: string, { amount, seconds }: Rate, hit: Hit | undefined): boolean {
    if (hit === undefined || hit.isAllowed) return true;
    const { isAllowed, remaining, reset } = hit;
    ((request as WithLimits)[limits] ??= []).push([this, { name, amount, seconds, isAllowed, remaining, reset }]);
    return false;
  }

  #parsed(text: string): Rate {
    const rate = parseRate(text);
    if (rate === undefined)
      throw new ImproperlyConfigured(
        `The rate of ${this.constructor.name} is '${text}'; expected ${rateForm}, or null.`,
      );
    // Rates are few, unless one is computed for every request.
    if (ratesKnown.size < 1000 && !isPlain) ratesKnown.set(text, rate);
    return rate;
  }

  // With the rate: throttles of one scope and different rates (a burst's, a day's) must not count into each other.
  #storeKey(name: string, { amount, seconds }: Rate, key: unknown): string {
    if (typeof key !== 'string')
      throw new ImproperlyConfigured(`${this.constructor.name}.getCacheKey must return a string, or null.`);
    // With the length of the name no two of them can be spelled the same.
    const whole = `${name.length}:${name}:${amount}/${seconds}:${key}`;
    return whole.length <= longestKey ? whole : hash('sha256', whole, 'base64');
  }
}

const ratesKnown = new Map<string, Rate>();
const longestKey = 256;

/** Anonymous requests, by address; rate `anon`. */
export class AnonRateThrottle extends SimpleRateThrottle {
  override readonly scope: string = 'anon';

  getCacheKey(request: Request): string | null {
    return isAuthenticated(request) ? null : this.getIdent(request);
  }
}

/**
 * Every request: by user, that is `iss` and `sub`, or by client where a token is a client's own; anonymous ones by
 * address; rate `user`.
 */
export class UserRateThrottle extends SimpleRateThrottle {
  override readonly scope: string = 'user';

  getCacheKey(request: Request, _controller: ApiView): string | null {
    return callerKeyOf(currentCaller(request)) ?? this.getIdent(request);
  }
}

/**
 * Requests to controllers with a `throttleScope`, by user or address, at the rate of that scope; others are not counted.
 *
 * @example
 * class UploadController {
 *   throttleClasses = [ScopedRateThrottle];
 *   throttleScope = 'uploads';
 * }
 */
export class ScopedRateThrottle extends UserRateThrottle {
  protected override scopeFor(controller: ApiView): string | undefined {
    return memberOf(controller, 'throttleScope');
  }

  protected override configuredRate(controller: ApiView, settings: Settings): string | null {
    return memberOf(controller, 'throttleScope') === undefined ? null : super.configuredRate(controller, settings);
  }
}

/**
 * Requests of everybody whose token has the same value of one claim, of the same issuer; by user or address where it
 * has none. A subclass names the claim, and a `rate` or a `scope`.
 *
 * @example
 * class TenantThrottle extends ClaimRateThrottle {
 *   claim = '/organization/id';
 *   override scope = 'tenant';
 * }
 */
export abstract class ClaimRateThrottle extends SimpleRateThrottle {
  /** A top-level claim as it is written, or a JSON Pointer. */
  abstract readonly claim: string;

  getCacheKey(request: Request): string | null {
    const claims = currentCaller(request).authJwt ?? {};
    const value = claimValue(claims, this.claim);
    if (value === undefined) return callerKeyOf(currentCaller(request)) ?? this.getIdent(request);
    return JSON.stringify(['claim', claims.iss ?? null, this.claim, value]);
  }
}
