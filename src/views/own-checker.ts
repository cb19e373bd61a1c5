/** Asks the app's own `authorizationChecker` about the caller that the handler will see. */
import { callerIn } from '../authentication/caller';
import type { Soon } from '../core/time/soon';
import type { Visit } from './visit';

/** Asks the app's own checker, where the route has one, about the current caller. */
export function askOwnChecker(visit: Visit): Soon<void> {
  if (visit.askOwnChecker === undefined) return;
  visit.checkedCaller = callerIn(visit, visit.request);
  return visit.askOwnChecker();
}

/** Tells whether the permissions, and the app's own checker, were asked about the current caller. */
export function isCallerAsked(visit: Visit): boolean {
  const { askedCaller, checkedCaller, askOwnChecker: own } = visit;
  const caller = callerIn(visit, visit.request);
  return caller === askedCaller && (own === undefined || caller === checkedCaller);
}
