/** Throttles with a rate. Mirrors DRF's throttles, with safe defaults. */
import { hash } from 'node:crypto';
import type { Request } from 'express';
import { contextOf } from '../authentication/request-context';
import { currentCaller, isAuthenticated } from '../authentication/caller';
import { claimValue } from '../core/tokens/claims';
import { ImproperlyConfigured } from '../core/http/exceptions';
import { isPlain } from '../core/process/plain';
import type { Settings } from '../core/settings/settings';
import { isPending, type Soon } from '../core/time/soon';
import { parseRate, rateForm, type Hit, type Rate } from '../core/settings/throttle-rates';
import type { ApiView } from '../permissions/base';
import { memberOf } from '../permissions/evaluated';
import { readsWords } from '../permissions/rule-readers';
import { BaseThrottle, type Limit } from './base';
import { countingOf } from './counting';
import { callerKeyOf } from './identity';

const limits = Symbol('axioms.limits');

/** The limits of the throttles that refused the request. Stored on the request, because requests may share a throttle. */
type WithLimits = Request & { [limits]?: [BaseThrottle, Limit][] };

const counted = Symbol('axioms.counted');

/** What a throttle has done for a controller's request. */
interface Counted {
  readonly throttle: BaseThrottle;
  readonly controller: ApiView;
  /** The key under which the request was counted; `null`: it was not. */
  readonly key: string | null;
}

/** What the throttles have counted. Stored on the request, as the limits are. */
type WithCounted = Request & { [counted]?: Counted[] };

/**
 * Allows a number of requests per period, counted by the key that `getCacheKey` returns. A subclass defines the key, and
 * either a `rate` or a `scope` whose rate is in the setting `throttleRates`.
 *
 * The window slides, as in DRF: no span of the period contains more requests than the rate. Refused requests are not
 * counted.
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
  /** The rate, such as `'100/hour'`; `null` means no limit. Default: the rate of the scope. */
  declare readonly rate?: string | null | undefined;
  /** The name of the rate in the setting `throttleRates`. Throttles with the same scope and rate share their counts. */
  declare readonly scope?: string | undefined;

  /**
   * Returns the key under which the request is counted; `null` if it is not counted. `sub`, `jti`, `sid` and
   * `client_id` are unique for one issuer only, so a key with one of them must also contain `iss`.
   */
  abstract getCacheKey(request: Request, controller: ApiView): string | null;

  /**
   * Returns the rate for this request, such as `'100/hour'`; `null` means no limit. Default: `rate`, or that of the
   * scope.
   */
  getRate(request: Request, controller: ApiView): string | null {
    return this.configuredRate(controller, contextOf(request).settings);
  }

  /**
   * Parses a rate such as `'100/hour'`. Only the first letter of the period counts (s, m, h, d). `null` stays `null`.
   *
   * @throws ImproperlyConfigured for anything else
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
    const name = this.scopeFor(controller) ?? this.constructor.name;
    const storeKey = rate === null || key === null ? null : this.#storeKey(name, rate, key);
    if (this.#hasCounted(request, controller, storeKey) || rate === null || storeKey === null) return true;
    const hit = countingOf(settings).hit(storeKey, rate);
    return isPending(hit)
      ? hit.then(found => this.#answer(request, name, rate, found))
      : this.#answer(request, name, rate, hit);
  }

  override wait(request?: Request): number | undefined {
    return request === undefined ? undefined : this.limit(request)?.reset;
  }

  override limit(request: Request): Limit | undefined {
    return (request as WithLimits)[limits]?.find(([throttle]) => throttle === this)?.[1];
  }

  // Another name, rate or key may apply once the form is there. What is the same is not counted again.
  override hasNotCounted(request: Request): boolean {
    const isOurs = this.allowRequest === SimpleRateThrottle.prototype.allowRequest;
    return isOurs || (request as WithCounted)[counted]?.some(one => one.throttle === this && one.key === null) === true;
  }

  override checkConfiguration(controller: ApiView, settings: Settings): void {
    // An overridden getRate() may need the request.
    if (!this.#hasOwnRate) this.parseRate(this.configuredRate(controller, settings));
  }

  /** Returns the scope on this controller. */
  protected scopeFor(_controller: ApiView): string | undefined {
    return this.scope;
  }

  /**
   * Returns `rate`, or the rate of the scope.
   *
   * @throws ImproperlyConfigured if there is neither a rate nor a scope with a rate
   */
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

  /** Notes the key, and returns whether the request was counted under it before. */
  #hasCounted(request: Request, controller: ApiView, key: string | null): boolean {
    const all = ((request as WithCounted)[counted] ??= []);
    const isKnown = all.some(one => one.throttle === this && one.controller === controller && one.key === key);
    if (!isKnown) all.push({ throttle: this, controller, key });
    return isKnown && key !== null;
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
    // An app has few rates. The limit is for one that computes a rate for every request.
    if (ratesKnown.size < 1000 && !isPlain) ratesKnown.set(text, rate);
    return rate;
  }

  // The rate is part of the key: throttles with one scope and different rates, per minute and per day, count separately.
  #storeKey(name: string, { amount, seconds }: Rate, key: unknown): string {
    if (typeof key !== 'string')
      throw new ImproperlyConfigured(`${this.constructor.name}.getCacheKey must return a string, or null.`);
    // The length of the name makes the key unambiguous.
    const whole = `${name.length}:${name}:${amount}/${seconds}:${key}`;
    return whole.length <= longestKey ? whole : hash('sha256', whole, 'base64');
  }
}

const ratesKnown = new Map<string, Rate>();
const longestKey = 256;

/** Limits anonymous requests by address, at the rate `anon`. Mirrors DRF's class of this name. */
export class AnonRateThrottle extends SimpleRateThrottle {
  override readonly scope: string = 'anon';

  getCacheKey(request: Request): string | null {
    return isAuthenticated(request) ? null : this.getIdent(request);
  }
}

/**
 * Limits all requests, at the rate `user`: by user (`iss` and `sub`), by client for a token that a client got for
 * itself, and by address for anonymous requests. Mirrors DRF's class of this name.
 */
export class UserRateThrottle extends SimpleRateThrottle {
  override readonly scope: string = 'user';

  getCacheKey(request: Request, _controller: ApiView): string | null {
    return callerKeyOf(currentCaller(request)) ?? this.getIdent(request);
  }
}

/**
 * Limits requests to controllers with a `throttleScope`, by user or address, at the rate of that scope. Other requests
 * are not counted. Mirrors DRF's class of this name.
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
 * Limits the requests of all callers whose tokens have the same value of one claim, from the same issuer. Requests
 * without the claim are counted by user or address. A subclass names the claim, and a `rate` or a `scope`.
 *
 * @example
 * class TenantThrottle extends ClaimRateThrottle {
 *   claim = '/organization/id';
 *   override scope = 'tenant';
 * }
 */
export abstract class ClaimRateThrottle extends SimpleRateThrottle {
  /** The name of a top-level claim, or a JSON Pointer. */
  abstract readonly claim: string;

  getCacheKey(request: Request): string | null {
    const claims = currentCaller(request).authJwt ?? {};
    const value = claimValue(claims, this.claim);
    if (value === undefined) return callerKeyOf(currentCaller(request)) ?? this.getIdent(request);
    return JSON.stringify(['claim', claims.iss ?? null, this.claim, value]);
  }
}

for (const one of [SimpleRateThrottle, AnonRateThrottle, UserRateThrottle, ClaimRateThrottle]) readsWords(one, []);
readsWords(ScopedRateThrottle, ['throttleScope']);
