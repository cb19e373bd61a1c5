/**
 * Reads from the headers of an HTTP answer how long it is fresh (RFC 9111 §4.2), when to refresh it, and how long to
 * wait after a refusal.
 */

/**
 * Seconds. An answer that must not be stored is still kept this long, because one fetch per request would be too many.
 */
const shortestInterval = 60;

/**
 * Returns the seconds until the next refresh: `interval`, or less if the headers say so, but never less than 60 seconds
 * (or than `interval`, if that is shorter).
 *
 * @param interval seconds
 * @param now milliseconds since 1970; used only for an `Expires` without a `Date`
 */
export function refreshAfter(headers: Headers, interval: number, now: number): number {
  const lifetime = lifetimeOf(headers, now) ?? interval;
  return Math.min(interval, Math.max(shortestInterval, lifetime));
}

/**
 * Returns the seconds that an answer's `Retry-After` asks to wait (RFC 9110 §10.2.3), or `undefined` without one.
 *
 * @param now milliseconds since 1970; used only for a date without a `Date`
 */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text);
  const date = /^[A-Za-z]/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, (date - sentAt(headers, now)) / 1000);
}

function sentAt(headers: Headers, now: number): number {
  const sent = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(sent) ? now : sent;
}

function lifetimeOf(headers: Headers, now: number): number | undefined {
  const directives = (headers.get('cache-control') ?? '').split(',').map(directive => directive.trim().toLowerCase());
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0;
  const maxAge = directives.map(directive => /^max-age="?(\d+)"?$/.exec(directive)?.[1]).find(Boolean);
  return maxAge === undefined ? untilExpiry(headers, now) : Number(maxAge) - ageOf(headers);
}

// RFC 9111 §5.1: the seconds that the answer has already spent in a cache.
function ageOf(headers: Headers): number {
  const age = headers.get('age') ?? '';
  return /^\d+$/.test(age) ? Number(age) : 0;
}

// RFC 9111 §5.3: counts from the answer's own Date. An invalid date, "0" in particular, means that the answer has
// expired.
function untilExpiry(headers: Headers, now: number): number | undefined {
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  const lifetime = (Date.parse(expires) - sentAt(headers, now)) / 1000;
  return /^[A-Za-z]/.test(expires) && !Number.isNaN(lifetime) ? lifetime : 0;
}
