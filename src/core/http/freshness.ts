/**
 * How long an HTTP answer says that it is good (RFC 9111 §4.2), how far that shortens a refresh interval, and how long a
 * refusal asks to be left alone.
 */

/** Seconds; an answer that must not be stored is still kept this long, because one fetch a request is no answer. */
const shortestInterval = 60;

/**
 * Seconds until the next refresh: `interval`, or less where the answer's headers ask for it; never less than 60 seconds
 * (or `interval`, where that is shorter), never more than `interval`.
 *
 * @param now in milliseconds; only for an `Expires` that comes without a `Date`.
 */
export function refreshAfter(headers: Headers, interval: number, now: number): number {
  const lifetime = lifetimeOf(headers, now) ?? interval;
  return Math.min(interval, Math.max(shortestInterval, lifetime));
}

/**
 * Returns the seconds for which an answer asks to be left alone (RFC 9110 §10.2.3), or `undefined` if it does not.
 *
 * @param now in milliseconds; only for a date that comes without a `Date`
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

// RFC 9111 §5.1: the seconds it already spent in a cache on the way.
function ageOf(headers: Headers): number {
  const age = headers.get('age') ?? '';
  return /^\d+$/.test(age) ? Number(age) : 0;
}

// RFC 9111 §5.3: counted from the answer's own Date; an invalid one, "0" above all, is already past.
function untilExpiry(headers: Headers, now: number): number | undefined {
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  const lifetime = (Date.parse(expires) - sentAt(headers, now)) / 1000;
  return /^[A-Za-z]/.test(expires) && !Number.isNaN(lifetime) ? lifetime : 0;
}
