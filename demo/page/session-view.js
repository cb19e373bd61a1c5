/** Signing in at the API itself, and what can be done with the session. */
import { byId, element } from './element.js';
import { comeBack } from './session.js';

/**
 * @typedef {{ signIn(username: string, password: string): void, refresh(): void, logOff(everywhere: boolean): void }} Wishes
 */

/**
 * @param {string} api the URL that the authorization server sends browsers back to
 * @param {string} provider
 * @param {Wishes} wishes
 */
export function offerSession(api, provider, wishes) {
  const form = /** @type {HTMLFormElement} */ (byId('sign-in'));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const [username, password] = ['username', 'password'].map(name => String(new FormData(form).get(name)));
    wishes.signIn(username ?? '', password ?? '');
  });
  const login = `${api}/auth/login/${provider}?${new URLSearchParams({ returnTo: comeBack })}`;
  byId('log-in').addEventListener('click', () => location.assign(login));
  byId('refresh').addEventListener('click', () => wishes.refresh());
  byId('log-off').addEventListener('click', () => wishes.logOff(false));
  byId('log-off-everywhere').addEventListener('click', () => wishes.logOff(true));
}

/** @param {import('./session.js').Session | undefined} session */
export function showSession(session) {
  byId('sign-in').hidden = session !== undefined;
  byId('session').hidden = session === undefined;
  if (session === undefined) return;
  /** @type {HTMLFormElement} */ (byId('sign-in')).reset();
  const end = element('time', { datetime: session.expires.toISOString() }, session.expires.toLocaleTimeString());
  byId('session-state').replaceChildren(element('strong', {}, session.name), ', with an access token until ', end);
}
