/** A plain guard's visit, and the one that its request was on before. */
import { setContext } from '../../authentication/request-context';
import { Answered } from '../../core/http/answered';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { Visit } from '../../views/visit';
import type { Exchange } from './plain-answers';

/**
 * Refuses a guard that a handler calls by hand. Its visit would replace the handler's, with its caller, and the handler's
 * answer would wait for another route's.
 *
 * @throws ImproperlyConfigured it is not handed to `next`: the handler is refused even if it looks at no error there.
 */
export function refuseInHandler(visit: Visit | undefined): void {
  if (visit?.isInItsHandler === true)
    throw new ImproperlyConfigured(
      `${visit.rules.place} called requireAccessToken(): list it in @UseBefore, where it runs before the handler.`,
    );
}

/**
 * Returns a function that puts the controller's visit back: among the middlewares of its route the request stays the
 * controller's, and the caller the one that it knows.
 */
export function rememberVisit(visit: Visit | undefined, { request, next }: Exchange): () => void {
  if (visit?.nextOfStep !== next) return () => undefined;
  const { user, auth, authJwt } = visit.request;
  return () => {
    setContext(request, visit);
    Object.assign(request, { user, auth, authJwt });
  };
}

/** Why a guard lets nothing on that another one has received meanwhile: the handler behind it would see that one's caller. */
export function takenOver({ response }: Visit): Error {
  if (response.headersSent) return new Answered();
  return new ImproperlyConfigured(
    'A request was dispatched to another guarded route while requireAccessToken() was checking it. The middleware that dispatches it must not call next() as well.',
  );
}
