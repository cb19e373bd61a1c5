/** Asks every throttle of a route, and combines their refusals into one response. */
import { requireUnanswered } from '../core/http/answered';
import type { HeaderFields } from '../core/http/exceptions';
import { Throttled } from '../core/http/exceptions';
import { isPending, type Soon } from '../core/time/soon';
import type { BaseThrottle, Limit } from '../throttling/base';
import { forgetMembers } from '../permissions/evaluated';
import { seen } from '../core/process/rejections';
import { throttleClassesOf } from './start/policies';
import type { Visit } from './visit';

/**
 * Asks all throttles one after the other, even after one has refused. As in DRF, the throttles that allow the request
 * have counted it.
 *
 * @throws Throttled if a throttle refuses, with the longest wait.
 */
export function checkThrottles(visit: Visit): Soon<void> {
  const classes = throttleClassesOf(visit.controller, visit.settings, visit.rules.decorations);
  if (classes.length === 0) return;
  visit.throttles = classes.map(one => visit.services.make(one));
  return askFrom(visit.throttles, 0, [], visit);
}

/** Asks the throttles again that may count by what multer has read since. They count nothing twice. */
export function checkUncountedThrottles(visit: Visit): Soon<void> {
  const { controller, settings, rules, services, request } = visit;
  // A getter may name another scope, or another class, now.
  forgetMembers(controller, ['throttleScope']);
  const asked = visit.throttles.map(one => one.constructor);
  const added = throttleClassesOf(controller, settings, rules.decorations).filter(one => !asked.includes(one));
  const again = visit.throttles.filter(one => one.hasNotCounted?.(request) === true);
  return askFrom([...again, ...added.map(one => services.make(one))], 0, [], visit);
}

function askFrom(
  throttles: readonly BaseThrottle[],
  first: number,
  refusing: BaseThrottle[],
  visit: Visit,
): Soon<void> {
  for (let index = first; index < throttles.length; index++) {
    requireUnanswered(visit.response);
    const throttle = throttles[index] as BaseThrottle;
    const isAllowed: unknown = throttle.allowRequest(visit.request, visit.controller);
    if (isPending(isAllowed))
      return Promise.resolve(isAllowed).then(later => {
        if (later !== true) refusing.push(throttle);
        return askFrom(throttles, index + 1, refusing, visit);
      });
    if (isAllowed !== true) refusing.push(throttle);
  }
  if (refusing.length > 0)
    throw new Throttled(longestWait(refusing, visit), undefined, { headers: rateLimitFields(refusing, visit) });
}

function longestWait(refusing: readonly BaseThrottle[], { request }: Visit): number {
  const waits = refusing.map(one => seen(one.wait(request)));
  return Math.max(0, ...waits.filter((wait): wait is number => Number.isFinite(wait)));
}

// draft-ietf-httpapi-ratelimit-headers-10 §3, §4: returns the limits that refuse. A success does not get these fields,
// which would cost as much as the counting.
function rateLimitFields(throttles: readonly BaseThrottle[], { request }: Visit): HeaderFields | undefined {
  const known = throttles.map(one => seen(one.limit?.(request))).filter(limit => limit !== undefined);
  if (known.length === 0) return undefined;
  return { 'RateLimit-Policy': known.map(policyItem).join(', '), RateLimit: known.map(limitItem).join(', ') };
}

function policyItem({ name, amount, seconds }: Limit): string {
  return `${quoted(name)};q=${amount};w=${seconds}`;
}

function limitItem({ name, remaining, reset }: Limit): string {
  return `${quoted(name)};r=${remaining};t=${Math.ceil(reset)}`;
}

// Serializes a string (RFC 9651 §3.3.3).
function quoted(name: string): string {
  return `"${name.replace(/[^\x20-\x7E]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
