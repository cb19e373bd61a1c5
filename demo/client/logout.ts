/** How a person logs out at the authorization server: OpenID Connect RP-Initiated Logout 1.0 §2. */
import type { Browser } from './browser';
import { discover } from './tokens';

/** The form that the authorization server asks with; whoever is signed in at this browser is out once it is sent. */
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

/** It is over once the API was told. */
export async function logOut(issuerUrl: string, browser: Browser): Promise<void> {
  const { url, fields } = await logoutForm(issuerUrl, browser);
  const { status } = await browser.request(url, { method: 'POST', body: fields });
  if (status !== 303) throw new Error(`The authorization server answered ${status} to a log-out`);
}
