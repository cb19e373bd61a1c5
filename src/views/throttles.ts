/** How often: every throttle of the route is asked, and what they say becomes one answer. */
import type { HeaderFields } from '../core/exceptions';
import { Throttled } from '../core/exceptions';
import type { BaseThrottle, Limit } from '../throttling/base';
import { throttleClassesOf } from './policies';
import type { Visit } from './visit';

/**
 * All are asked, also after one refused, and those that allow have counted the request, as in DRF. They are asked side
 * by side, so that several cost the time of one.
 *
 * @throws Throttled with the longest wait.
 */
export async function checkThrottles(visit: Visit): Promise<void> {
  const classes = throttleClassesOf(visit.controller, visit.settings);
  if (classes.length === 0) return;
  const throttles = classes.map(one => visit.services.make(one));
  const answers = await Promise.all(throttles.map(async one => one.allowRequest(visit.request, visit.controller)));
  const refusing = throttles.filter((_, index) => (answers[index] as unknown) !== true);
  const fields = rateLimitFields(throttles, visit);
  if (refusing.length > 0) throw new Throttled(longestWait(refusing, visit), undefined, { headers: fields });
  for (const [name, value] of Object.entries(fields)) visit.response.setHeader(name, value);
}

function longestWait(refusing: readonly BaseThrottle[], { request }: Visit): number {
  const waits = refusing.map(one => one.wait(request));
  return Math.max(0, ...waits.filter((wait): wait is number => Number.isFinite(wait)));
}

// draft-ietf-httpapi-ratelimit-headers-10 §3, §4: the limits, and what is left of them.
function rateLimitFields(throttles: readonly BaseThrottle[], { request }: Visit): HeaderFields {
  const known = throttles.map(one => one.limit?.(request)).filter(limit => limit !== undefined);
  if (known.length === 0) return {};
  return { 'RateLimit-Policy': known.map(policyItem).join(', '), RateLimit: known.map(limitItem).join(', ') };
}

function policyItem({ name, amount, seconds }: Limit): string {
  return `${quoted(name)};q=${amount};w=${seconds}`;
}

function limitItem({ name, remaining, reset }: Limit): string {
  return `${quoted(name)};r=${remaining};t=${Math.ceil(reset)}`;
}

// RFC 9651 §3.3.3.
function quoted(name: string): string {
  return `"${name.replace(/[^\x20-\x7E]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
