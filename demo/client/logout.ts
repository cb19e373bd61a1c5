/** How a person logs out at the authorization server: OpenID Connect RP-Initiated Logout 1.0 §2. */
import type { Browser } from './browser';
import { discover } from './tokens';

/** The form in which the authorization server asks for confirmation. Sending it logs out the user of this browser. */
export interface LogoutForm {
  readonly url: URL;
  readonly fields: URLSearchParams;
}

export async function logoutForm(issuerUrl: string, browser: Browser): Promise<LogoutForm> {
  const endpoint = new URL((await discover(issuerUrl)).end_session_endpoint!);
  const html = await (await browser.request(endpoint)).text();
  const [, action = ''] = /<form [^>]*action="([^"]+)"/.exec(html) ?? [];
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(html) ?? [];
  return { url: new URL(action, endpoint), fields: new URLSearchParams({ xsrf, logout: 'yes' }) };
}

/** Resolves when the API has learned of the logout. */
export async function logOut(issuerUrl: string, browser: Browser): Promise<void> {
  const { url, fields } = await logoutForm(issuerUrl, browser);
  const { status } = await browser.request(url, { method: 'POST', body: fields });
  if (status !== 303) throw new Error(`The authorization server answered ${status} to a log-out`);
}
