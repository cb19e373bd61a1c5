/** Handles a request that is on another visit already when it reaches the guard of a plain route. */
import { setContext } from '../../authentication/request-context';
import { Answered } from '../../core/http/answered';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Visit } from '../../views/visit';
import type { Exchange } from './plain-answers';

/**
 * Refuses a guard that a handler calls itself. The guard's visit and caller would replace the handler's, and the
 * handler's response would wait for the checks of another route.
 *
 * @throws ImproperlyConfigured if the visit is in its handler. The error is thrown and not passed to `next`, so that
 * the handler fails even if it ignores the errors of `next`.
 */
export function refuseInHandler(visit: Visit | undefined): void {
  if (visit?.isInItsHandler === true)
    throw new ImproperlyConfigured(
      `${visit.rules.place} called requireAccessToken(): list it in @UseBefore, where it runs before the handler.`,
    );
}

/** Whether the guard is called by a step in front of the handler of this visit. */
export function isInFrontOf(visit: Visit | undefined, { next }: Exchange): visit is Visit {
  return visit?.nextOfStep === next;
}

/**
 * Returns a function that restores the controller's visit and caller. A request in the middlewares of a controller's
 * route remains the controller's.
 */
export function rememberVisit(visit: Visit | undefined, exchange: Exchange): () => void {
  if (!isInFrontOf(visit, exchange)) return () => undefined;
  const { request } = exchange;
  const { user, auth, authJwt } = visit.request;
  return () => {
    setContext(request, visit);
    Object.assign(request, { user, auth, authJwt });
  };
}

/**
 * Returns the error for a guard whose request another guard has received meanwhile. The handler behind the first guard
 * would see the other guard's caller.
 */
export function takenOver({ response }: Visit): Error {
  if (response.headersSent) return new Answered();
  return new ImproperlyConfigured(
    'A request was dispatched to another guarded route while requireAccessToken() was checking it. The middleware that dispatches it must not call next() as well.',
  );
}
