/** Finds out whether another controller refuses an object to a caller who sees it in an open list. */
import type { LoopbackAnswer } from '../loopback';
import { placeOfTexts } from './answers';
import type { Exchanges, Owner } from './exchanges';
import type { TestedRoute } from './tested-routes';

/**
 * Returns the routes that refuse the owner's object to the observer. There are none if another route shows it, or if the
 * seed has sent the canary more than once: it does not tell then which of the objects is shown.
 */
export async function refusingRoutes(
  exchanges: Exchanges,
  routes: readonly TestedRoute[],
  observer: Owner,
  owner: Owner,
): Promise<readonly TestedRoute[]> {
  const refusing: TestedRoute[] = [];
  if (!owner.isSentOnce) return refusing;
  for (const route of routes.filter(({ method, parameters }) => method === 'GET' && parameters.length > 0)) {
    const own = await exchanges.ask(route, owner, owner, owner.canary);
    const answer = await exchanges.ask(route, observer, owner, observer.canary);
    if (own === undefined || answer === undefined || placeOfTexts(own, [owner.canary]) === undefined) continue;
    if (placeOfTexts(answer, [owner.canary]) !== undefined) return [];
    if (answer.status >= 400) refusing.push(route);
  }
  return refusing;
}

/** Does the answer show an object that a route of another controller refuses? */
export function isRefusedElsewhere(
  { action }: TestedRoute,
  answer: LoopbackAnswer,
  refusing: readonly TestedRoute[],
  { canary }: Owner,
): boolean {
  return placeOfTexts(answer, [canary]) !== undefined && refusing.some(one => one.action?.target !== action?.target);
}
