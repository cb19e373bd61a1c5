/** Whether a log-out at the authorization server ends a session at the API, and no other one. */
import type { Caller, Callers } from './callers';
import { ApiClient, type Outcome } from './check-rules';
import { answerTo } from './expected';

export async function* checkLogout(apiUrl: string, callers: Callers): AsyncGenerator<Outcome> {
  const api = new ApiClient(apiUrl, callers);
  const outcome = (caller: Caller, status: number) =>
    api.outcomeOf({ request: 'GET /protected', caller, expected: answerTo(caller, status, {}, apiUrl) });
  const [desk, phone] = [await callers.aliceAt('her desk'), await callers.aliceAt('her phone')];
  for (const { caller } of [desk, phone]) yield outcome(caller, 200);
  yield outcome(await desk.logOut(), 401);
  yield outcome(phone.caller, 200);
}
