/**
 * A session at the API's own microservice. The refresh token is in a cookie that no script can read. The access token is
 * in memory. The CSRF token is kept for this tab, so that a reloaded page can go on.
 */
import { claimsOf } from './encoding.js';

interface SignedIn {
  readonly access_token: string;
  readonly expires: number;
  readonly CSRF_token: string;
  readonly user: { readonly username: string };
}

const csrfKey = 'CSRF_token';

/** Where the API sends a browser back to after a login at the authorization server. */
export const comeBack = '/#signed-in';

/** An access token is replaced this many milliseconds before it expires. */
const margin = 30_000;

export class Session {
  #refreshing: Promise<void> | undefined;
  #signedIn: SignedIn;
  #goodUntil = 0;

  private constructor(signedIn: SignedIn) {
    this.#signedIn = signedIn;
    this.#keep(signedIn);
  }

  static async signIn(username: string, password: string): Promise<Session> {
    return new Session(await post('sign-in', { username, password }));
  }

  /** Returns the session that this tab had before a reload, or that began with a login at the authorization server. */
  static async resume(): Promise<Session | undefined> {
    const csrfToken = await keptCsrfToken();
    if (csrfToken === undefined) return undefined;
    return new Session(await post('refresh', { CSRF_token: csrfToken }));
  }

  get username(): string {
    return this.#signedIn.user.username;
  }

  get accessToken(): string {
    return this.#signedIn.access_token;
  }

  get expires(): Date {
    return new Date(this.#signedIn.expires * 1000);
  }

  /** Returns an access token that is good for a while: a new one if the old one is about to expire. */
  async freshToken(): Promise<string> {
    if (Date.now() >= this.#goodUntil) await this.refresh();
    return this.accessToken;
  }

  /** Calls during a refresh share its result. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async logOff(everywhere: boolean): Promise<void> {
    await post('logoff', { CSRF_token: this.#signedIn.CSRF_token, everywhere });
    sessionStorage.removeItem(csrfKey);
  }

  async #refresh(): Promise<void> {
    this.#keep(await post('refresh', { CSRF_token: this.#signedIn.CSRF_token }));
  }

  #keep(signedIn: SignedIn): void {
    this.#signedIn = signedIn;
    // This clock may be wrong: the token lives, from now on, as long as the API's clock says.
    this.#goodUntil = Date.now() + (signedIn.expires - Number(claimsOf(signedIn.access_token)['iat'])) * 1000 - margin;
    sessionStorage.setItem(csrfKey, signedIn.CSRF_token);
  }
}

/** The session is over, or there is none. */
export class SessionEnded extends Error {}

async function keptCsrfToken(): Promise<string | undefined> {
  if (location.hash !== new URL(comeBack, location.href).hash) return sessionStorage.getItem(csrfKey) ?? undefined;
  history.replaceState(null, '', location.pathname);
  return (await post('csrf', {})).CSRF_token;
}

async function post(endpoint: 'sign-in' | 'csrf' | 'refresh' | 'logoff', body: object): Promise<SignedIn> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`auth/${endpoint}/`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = (response.status === 204 ? {} : await response.json()) as SignedIn & { error_description?: string };
  if (response.ok) return answer;
  const description = answer.error_description ?? `the API answered ${response.status}`;
  if (endpoint === 'sign-in' || response.status !== 401) throw new Error(`${description}.`);
  sessionStorage.removeItem(csrfKey);
  throw new SessionEnded(`The session is over: ${description}.`);
}
