/** A sign-in at the API itself, and what can be done with its session. */
import type { Demo } from './demo-data.js';
import { byId, element } from './element.js';
import { comeBack, type Session } from './session.js';

export interface SessionChoices {
  signIn(username: string, password: string): void;
  refresh(): void;
  logOff(everywhere: boolean): void;
}

export function offerSession({ api, provider }: Demo, choices: SessionChoices): void {
  const form = byId('sign-in', HTMLFormElement);
  form.addEventListener('submit', event => {
    event.preventDefault();
    const [username, password] = ['username', 'password'].map(name => new FormData(form).get(name) as string);
    choices.signIn(username ?? '', password ?? '');
  });
  const login = `${api}/auth/login/${provider}?${new URLSearchParams({ returnTo: comeBack }).toString()}`;
  byId('log-in').addEventListener('click', () => {
    location.assign(login);
  });
  byId('refresh').addEventListener('click', () => {
    choices.refresh();
  });
  byId('log-off').addEventListener('click', () => {
    choices.logOff(false);
  });
  byId('log-off-everywhere').addEventListener('click', () => {
    choices.logOff(true);
  });
}

export function showSession(session: Session | undefined): void {
  byId('sign-in').hidden = session !== undefined;
  byId('session').hidden = session === undefined;
  if (session === undefined) return;
  byId('sign-in', HTMLFormElement).reset();
  const end = element('time', { datetime: session.expires.toISOString() }, session.expires.toLocaleTimeString());
  const name = element('strong', {}, session.username);
  byId('session-state').replaceChildren(name, ' is signed in. The access token expires at ', end, '.');
}
