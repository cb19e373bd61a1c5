/** Limits and log-outs to try: with several APIs at each of them in turn, for they share both. */
import { Browser } from './client/browser';
import { logoutForm } from './client/logout';
import { personToken } from './client/tokens';
import type { Attempt } from './curl';
import type { Demo } from './demo';

export async function limitsAndLogouts(demo: Demo): Promise<Attempt[]> {
  return [...exportsOfBob(demo), ...(await logoutOfAlice(demo))];
}

function exportsOfBob({ apiUrls }: Demo): Attempt[] {
  const allowed = ['first', 'second', 'third'].map(nth => `bob exports something, the ${nth} time: 200`);
  const attempts = [...allowed, 'bob exports more in a minute than he may: 429, and Retry-After says when he may'];
  return attempts.map((what, index) => ({ what, path: '/exports', as: 'bob', at: apiUrls[index % apiUrls.length]! }));
}

async function logoutOfAlice({ apiUrls, issuer }: Demo): Promise<Attempt[]> {
  const browser = new Browser();
  const token = await personToken(issuer.url, 'alice', { browser });
  const everywhere = (what: string) => apiUrls.map(at => ({ what, path: '/protected', at, token }));
  const { url, fields } = await logoutForm(issuer.url, browser);
  const logout = { method: 'POST', at: url.origin, path: url.pathname, form: fields, cookie: browser.cookie };
  return [
    ...everywhere('alice, from another browser of hers: 200'),
    { what: 'She logs out of it at the authorization server, which tells the API: 303', ...logout },
    ...everywhere('Her token from there is refused: 401'),
  ];
}
