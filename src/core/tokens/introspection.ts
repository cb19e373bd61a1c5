/**
 * Introspects opaque tokens (RFC 7662): asks the issuer about each token once, caches the answer for a short time, and
 * checks it like the claims of a JWT.
 */
import { setMaxListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { oneToYield } from '../attempts/fair-shares';
import { FetchFailure, fetchJson, type FailureKind, type JsonObject } from '../http/bounded-fetch';
import { bindingOf, jointBinding, requireUnbound } from './binding';
import { checkClaims, checkTimes } from './claim-rules';
import { claimValue } from './claims';
import { frozen, objectsIn, parseCompactJws, type Claims, type JsonValue } from '../jws/compact-jws';
import { CountedReport } from '../reports/counted-report';
import { Deadline, follow } from '../time/deadline';
import { discoverUrl } from '../issuers/discovery';
import { ImproperlyConfigured, InvalidToken, ServiceUnavailable } from '../http/exceptions';
import { IntrospectionAnswers, keyOf, type Introspected, type Moment } from './introspection-answers';
import { askAbout } from './introspection-request';
import type { JwksManager } from '../issuers/jwks-manager';
import type { Settings } from '../settings/settings';
import { SteadyClock, systemClock } from '../time/steady-clock';
import { globalTimers, type Timers } from '../time/timers';
import { issuerSettings } from '../settings/trusted-issuers';

/**
 * Most introspections at the same time. A further one takes the place of one from the site with the most, or is answered 503,
 * so that no stranger keeps the others out and no further socket is opened.
 */
const mostInFlight = 1024;

/** An introspection that is under way. */
interface UnderWay {
  readonly answer: Promise<Introspected>;
  /** Where the request came from, as `siteOf` tells. */
  readonly site: string;
  /** Ends it with an error, in favor of a request from another site. */
  giveWay(): void;
}

/**
 * Returns the settings of the issuer whose opaque tokens are introspected: the one with an `introspectionClientId`.
 *
 * @throws ImproperlyConfigured if no issuer has one.
 */
export function introspectionSettings(settings: Settings): Settings {
  const found = issuerSettings(settings).find(one => one.introspectionClientId !== undefined);
  if (found !== undefined) return found;
  throw new ImproperlyConfigured(
    "Opaque tokens are to be introspected, and nothing says how: give the settings 'introspectionClientId' (AXIOMS_INTROSPECTION_CLIENT_ID) and 'introspectionClientSecret' (AXIOMS_INTROSPECTION_CLIENT_SECRET), or 'introspectionClientKey'.",
  );
}

/**
 * Asks the issuer about access tokens that only the issuer can read. Requests with the same token share one
 * introspection. An answer is used again until `exp`, and for at most `introspectionCacheTtl`.
 *
 * @example
 * const claims = await Container.get(TokenIntrospector).introspect(token);
 */
export class TokenIntrospector {
  /** The function that sends requests to the issuer; default: `globalThis.fetch`, read at the moment of use. */
  fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request);
  /** Milliseconds since 1970; default: `Date.now()`. */
  clock: () => number = systemClock;
  /**
   * Milliseconds from any start: the age of cached answers. It must only run forward. Default: `performance.now()`; if
   * `clock` was replaced, that clock's steps forward.
   */
  monotonic: () => number = () => this.#steady.now();
  /** The timers of timeouts; default: the global timers. */
  timers: Timers = globalTimers;

  readonly #steady = new SteadyClock(() => this.clock);
  readonly #settings: Settings;
  readonly #keys: JwksManager;
  readonly #closing = new AbortController();
  readonly #inFlight = new Map<string, UnderWay>();
  readonly #failures: CountedReport<Failure>;
  #answers: IntrospectionAnswers | undefined;
  #endpoint: Promise<string> | undefined;

  constructor(settings: Settings, keys: JwksManager) {
    this.#settings = settings;
    this.#keys = keys;
    // During an outage anyone can cause failures by sending tokens, so they are counted and reported once a minute.
    this.#failures = new CountedReport(
      () => this.timers,
      (count, failure) => {
        settings.logger.error('The issuer could not be asked about a token', { ...failure, count });
      },
    );
    // Each introspection that is under way listens to this signal, and Node warns about more than ten listeners.
    setMaxListeners(0, this.#closing.signal);
  }

  /**
   * Returns the claims of an active token, frozen. `iss` is added if the answer has none. Refuses a token that is bound to
   * a key (`cnf`): only a request can show that its sender has the key.
   *
   * @param site where the request came from: if too many tokens are asked about, each site has an equal share
   * @throws InvalidToken if the token is not active or not valid for this API.
   * @throws ServiceUnavailable if the issuer gives no answer that can be trusted.
   */
  async introspect(token: string, site = ''): Promise<Claims> {
    const claims = await this.introspectUnproven(token, site);
    requireUnbound(claims);
    return claims;
  }

  /** Does the same for a token that may be bound to a key. The caller of this method must check that it was shown. */
  async introspectUnproven(token: string, site: string): Promise<Claims> {
    const settings = introspectionSettings(this.#settings);
    if (token.length > settings.maxTokenSize)
      throw new InvalidToken('The access token is too long', { reason: 'token_too_long' });
    const answer = await this.#answerTo(token, settings, site);
    try {
      return judged(answer, settings, this.clock());
    } catch (error) {
      if (error instanceof InvalidToken) error.issuer = settings.issuerUrl;
      throw error;
    }
  }

  /**
   * Deletes the cached answer about a token, so that the next request with it asks the issuer. An answer that is under way
   * is not cached, and no further request waits for it.
   *
   * @returns whether there was an answer
   */
  forget(token: string): boolean {
    const key = keyOf(token);
    this.#inFlight.delete(key);
    return this.#answers?.delete(key) ?? false;
  }

  /** Aborts the introspections that are under way. From then on `introspect` throws `ServiceUnavailable`. */
  close(): void {
    this.#closing.abort(new FetchFailure('closed', 'introspection', 'the server is closing'));
  }

  get #now(): Moment {
    return { date: this.clock(), steady: this.monotonic() };
  }

  async #answerTo(token: string, settings: Settings, site: string): Promise<Introspected> {
    const key = keyOf(token);
    this.#answers ??= new IntrospectionAnswers(settings.tokenCacheSize, settings.introspectionCacheTtl);
    const known = this.#answers.get(key, this.#now);
    if (known !== undefined) return known;
    try {
      return await this.#askOnce(key, token, settings, site);
    } catch (error) {
      // A new error for each request, because the code that answers the request may add headers to it.
      throw unavailable(error, settings);
    }
  }

  async #askOnce(key: string, token: string, settings: Settings, site: string): Promise<Introspected> {
    const asked = this.#inFlight.get(key);
    if (asked !== undefined) return asked.answer;
    this.#makeRoom(site);
    const own = new AbortController();
    const unfollow = follow(this.#closing.signal, own);
    // The cache counts from before the request: what the issuer says was true then.
    const now = this.#now;
    const answer = this.#ask(token, settings, own.signal).then(said => {
      if (isAwaited()) this.#answers?.set(key, said, now);
      return said;
    });
    const giveWay = (): void => {
      this.#inFlight.delete(key);
      own.abort(tooMany());
    };
    const underWay: UnderWay = { answer, site, giveWay };
    const isAwaited = (): boolean => this.#inFlight.get(key) === underWay;
    this.#inFlight.set(key, underWay);
    return answer.finally(() => {
      unfollow();
      if (isAwaited()) this.#inFlight.delete(key);
    });
  }

  /** @throws FetchFailure if no introspection has to give way to one from this site */
  #makeRoom(site: string): void {
    if (this.#inFlight.size < mostInFlight) return;
    const yielding = oneToYield(this.#inFlight.values(), one => one.site, site);
    if (yielding === undefined) throw tooMany();
    yielding.giveWay();
  }

  #report(error: unknown, { issuerUrl: issuer, logger }: Settings): void {
    const { kind, message: reason } =
      error instanceof FetchFailure ? error : { kind: undefined, message: textOf(error) };
    if (kind === 'closed') return;
    logger.debug('An introspection failed', { issuer, kind, reason });
    this.#failures.add({ issuer, kind, reason });
  }

  async #ask(token: string, settings: Settings, signal: AbortSignal): Promise<Introspected> {
    const deadline = new Deadline(settings.introspectionTimeout, this.timers, signal);
    const bounds = { fetch: this.fetch, signal: deadline.signal };
    try {
      const endpoint = settings.introspectionUrl ?? (await (this.#endpoint ??= locate(settings, bounds)));
      const said = await askAbout(token, endpoint, { settings, keys: this.#keys, ...bounds });
      return said.active === true ? completed(said, token, settings) : null;
    } catch (error) {
      this.#endpoint = undefined;
      this.#report(error, settings);
      throw error;
    } finally {
      deadline.end();
    }
  }
}

function tooMany(): FetchFailure {
  return new FetchFailure('timeout', 'introspection', 'too many introspections are under way');
}

interface Failure {
  readonly issuer: string | undefined;
  readonly kind: FailureKind | undefined;
  readonly reason: string;
}

async function locate(
  settings: Settings,
  bounds: { readonly fetch: typeof globalThis.fetch; readonly signal: AbortSignal },
): Promise<string> {
  const { issuerUrl = '', allowInsecureUrls } = settings;
  const ask = async (url: string): Promise<unknown> => (await fetchJson(url, bounds)).document;
  const found = await discoverUrl('introspection_endpoint', issuerUrl, ask, allowInsecureUrls);
  if (found !== undefined) return found;
  throw new FetchFailure('content', issuerUrl, 'the issuer has no metadata: give introspectionUrl');
}

// RFC 7662 §2.2 makes `iss` optional. The issuer itself gives the answer, so an answer without `iss` gets the issuer's.
function completed(said: JsonObject, token: string, { issuerUrl }: Settings): Claims {
  const iss: Record<string, JsonValue> = issuerUrl === undefined ? {} : { iss: issuerUrl };
  const answer = said as Claims;
  return frozen({ ...iss, ...answer, ...wholeBinding(answer, token) });
}

// RFC 9449 §6.2 has `cnf` in the answer. An issuer that leaves it out, or a part of it, would make a bearer token of a JWT that
// is bound. In a token that is no well-formed JWT, a thief may have added a part that names a key of their own. Such a part
// binds the token to nothing: the token is refused unless the answer says the same.
function wholeBinding(answer: Claims, token: string): Claims {
  const binding = jointBinding([answer, claimsOf(token)]);
  const whole = jointBinding([binding, ...objectsIn(token)]);
  return isDeepStrictEqual(whole, binding) ? binding : { cnf: null };
}

function claimsOf(token: string): Claims {
  try {
    return parseCompactJws(token, token.length).claims;
  } catch (error) {
    if (error instanceof InvalidToken) return {};
    throw error;
  }
}

function judged(answer: Introspected, settings: Settings, now: number): Claims {
  if (answer === null) throw new InvalidToken('The access token is not active', { reason: 'token_inactive' });
  const isForAnybody = settings.audienceClaims.every(name => claimValue(answer, name) === undefined);
  checkTokenType(answer, isForAnybody, settings);
  const rules = variation(settings, { profile: undefined, subjectClaims: settings.introspectionSubjectClaims });
  // An answer without `exp` is valid for as long as the issuer says so. The issuer is asked again after
  // introspectionCacheTtl.
  checkTimes({ exp: Number.MAX_SAFE_INTEGER, ...answer }, rules, now);
  if (isForAnybody && settings.introspectionOptionalClaims.includes('aud'))
    checkClaims({ ...asAccess(answer), aud: settings.audience }, variation(rules, { audienceClaims: ['aud'] }));
  else checkClaims(asAccess(answer), rules);
  return answer;
}

function variation(settings: Settings, other: Partial<Settings>): Settings {
  const values = Object.entries(other).map(([name, value]: [string, unknown]) => [name, { value }]);
  return Object.create(settings, Object.fromEntries(values) as PropertyDescriptorMap) as Settings;
}

// Accepts RFC 6750's type, or its name as a hint (RFC 7009 §2.1). A token that is bound to a key has another type (RFC
// 9449 §5). A refresh token is active, too, so an answer with neither an audience nor a type may be about one.
function checkTokenType(answer: Claims, isForAnybody: boolean, { introspectionOptionalClaims }: Settings): void {
  const { token_type: type } = answer;
  const mayBeMissing = !isForAnybody || introspectionOptionalClaims.includes('token_type');
  if (type === undefined && mayBeMissing) return;
  const isOfKey = bindingOf(answer).jkt !== undefined;
  const accepted = isOfKey ? ['dpop', 'bearer', 'access_token'] : ['bearer', 'access_token'];
  if (typeof type === 'string' && accepted.includes(type.toLowerCase())) return;
  throw new InvalidToken('The token is not of an accepted type', { reason: 'token_type' });
}

// Ory Hydra writes `access_token` where Cognito writes `access`.
function asAccess(answer: Claims): Claims {
  return answer.token_use === 'access_token' ? { ...answer, token_use: 'access' } : answer;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : typeof error;
}

function unavailable(cause: unknown, { issuerUrl }: Settings): ServiceUnavailable {
  const error = new ServiceUnavailable('The issuer cannot be asked about the access token at the moment', 1, {
    reason: 'introspection_unavailable',
    cause,
  });
  error.issuer = issuerUrl;
  return error;
}
