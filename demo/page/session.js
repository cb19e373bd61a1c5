/**
 * A session at the API's own microservice. The refresh token is in a cookie that no script can read; the access token is
 * here, in memory; the CSRF token is kept for this tab, so that a page that was reloaded can go on.
 */
import { claimsOf } from './sign-in.js';

/**
 * @typedef {{ access_token: string, expires: number, CSRF_token: string, user: { username: string } }} SignedIn
 */

const csrfKey = 'CSRF_token';

/** Where the API sends a browser to that comes back from the authorization server. */
export const comeBack = '/#signed-in';

/** Milliseconds before its end from which on an access token is replaced. */
const margin = 30_000;

export class Session {
  /** @type {Promise<void> | undefined} */
  #refreshing;
  /** @type {SignedIn} */
  #signedIn;
  #goodUntil = 0;

  /** @param {SignedIn} signedIn */
  constructor(signedIn) {
    this.#signedIn = signedIn;
    this.#keep(signedIn);
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  static async signIn(username, password) {
    return new Session(await post('sign-in', { username, password }));
  }

  /**
   * The session that this tab had before it was reloaded, or that has begun with a login at the authorization server.
   *
   * @returns {Promise<Session | undefined>}
   */
  static async resume() {
    const csrfToken = await keptCsrfToken();
    if (csrfToken === undefined) return undefined;
    return new Session(await post('refresh', { CSRF_token: csrfToken }));
  }

  get name() {
    return `${this.#signedIn.user.username} of the API`;
  }

  get accessToken() {
    return this.#signedIn.access_token;
  }

  get expires() {
    return new Date(this.#signedIn.expires * 1000);
  }

  /** An access token that is good for a while: a new one, where the old one is about to expire. */
  async freshToken() {
    if (Date.now() >= this.#goodUntil) await this.refresh();
    return this.accessToken;
  }

  /** Calls during a refresh share its result. */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** @param {boolean} everywhere */
  async logOff(everywhere) {
    await post('logoff', { CSRF_token: this.#signedIn.CSRF_token, everywhere });
    sessionStorage.removeItem(csrfKey);
  }

  async #refresh() {
    this.#keep(await post('refresh', { CSRF_token: this.#signedIn.CSRF_token }));
  }

  /** @param {SignedIn} signedIn */
  #keep(signedIn) {
    this.#signedIn = signedIn;
    // This clock may be wrong: how long the token lives is what the API's clock says, from now on.
    this.#goodUntil = Date.now() + (signedIn.expires - Number(claimsOf(signedIn.access_token)['iat'])) * 1000 - margin;
    sessionStorage.setItem(csrfKey, signedIn.CSRF_token);
  }
}

/** The session is over, or there is none. */
export class SessionEnded extends Error {}

async function keptCsrfToken() {
  if (location.hash !== new URL(comeBack, location.href).hash) return sessionStorage.getItem(csrfKey) ?? undefined;
  history.replaceState(null, '', location.pathname);
  return (await post('csrf', {})).CSRF_token;
}

/**
 * @param {'sign-in' | 'csrf' | 'refresh' | 'logoff'} endpoint
 * @param {object} body
 */
async function post(endpoint, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`auth/${endpoint}/`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.status === 204) return undefined;
  const answer = await response.json();
  if (response.ok) return answer;
  if (endpoint === 'sign-in' || response.status !== 401) throw new Error(`${answer.error_description}.`);
  sessionStorage.removeItem(csrfKey);
  throw new SessionEnded(`The session is over: ${answer.error_description}.`);
}
