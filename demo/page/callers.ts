/** The callers of the page, and how each gets a token. Tokens are in memory only: a reload forgets them. */
import type { CallerId, CallerInfo, Demo } from './demo-data.js';
import { ProofKey } from './proof-key.js';
import { Session } from './session.js';
import { openWindow, signIn } from './sign-in.js';

/** What a caller sends with a request. */
export interface Credentials {
  readonly token?: string;
  /** The key that the token is bound to. */
  readonly key?: ProofKey;
}

export class Callers {
  current: CallerInfo;
  /** Whether tokens of people are bound to a key of the page. */
  isBound = false;
  #session: Session | undefined;
  #key: ProofKey | undefined;
  #signingIn = new AbortController();
  readonly #tokens = new Map<string, Credentials>();

  constructor(private readonly demo: Demo) {
    this.current = this.info('anonymous');
  }

  get all(): readonly CallerInfo[] {
    return this.demo.callers.map(({ id }) => this.info(id));
  }

  info(id: CallerId): CallerInfo {
    const found = this.demo.callers.find(caller => caller.id === id)!;
    const username = this.#session?.username ?? found.name;
    if (id !== 'user' || username === found.name) return found;
    return { ...found, name: `${username} (API)`, summary: 'user of the API, by login' };
  }

  get session(): Session | undefined {
    return this.#session;
  }

  set session(session: Session | undefined) {
    this.#session = session;
    if (this.current.id === 'user') this.current = this.info(session === undefined ? 'anonymous' : 'user');
  }

  /** The key under which the server says what the rules foresee. */
  foreseenAs(id: CallerId): string {
    if (id === 'user' && this.info(id).name !== this.demo.user.name) return 'newcomer';
    return this.#isBoundFor(id) ? `${id}+key` : id;
  }

  /** What the caller would send now. `undefined` if the caller must sign in first. */
  known(id: CallerId, isBound = this.#isBoundFor(id)): Credentials | undefined {
    if (id === 'anonymous') return {};
    if (id === 'user') return this.#session && { token: this.#session.accessToken };
    return this.#tokens.get(tokenKey(id, isBound));
  }

  /** Returns what the caller sends, after signing in where necessary. People sign in while a click is handled. */
  async obtain(id: CallerId, isBound = this.#isBoundFor(id)): Promise<Credentials> {
    if (id === 'user') return this.#ofSession();
    return this.known(id, isBound) ?? this.#signedIn([id], isBound).then(() => this.known(id, isBound)!);
  }

  /** The same for several callers, who sign in one after the other in the same window. */
  async obtainAll(ids: readonly CallerId[]): Promise<void> {
    const people = ids.filter(id => this.kindOf(id) === 'person' && this.known(id) === undefined);
    if (people.length > 0) await this.#signedIn(people, this.isBound);
    for (const id of ids) await this.obtain(id);
  }

  /** Ends a sign-in that is under way. */
  cancel(): void {
    this.#signingIn.abort(new DOMException('Another caller was picked.', 'AbortError'));
    this.#signingIn = new AbortController();
  }

  /** The next request of the caller signs in again. */
  forget(id: CallerId): void {
    for (const isBound of [true, false]) this.#tokens.delete(tokenKey(id, isBound));
  }

  kindOf(id: CallerId): CallerInfo['kind'] {
    return this.info(id).kind;
  }

  #isBoundFor(id: CallerId): boolean {
    return this.isBound && this.kindOf(id) === 'person';
  }

  async #ofSession(): Promise<Credentials> {
    const { name, password } = this.demo.user;
    this.#session ??= await Session.signIn(name, password);
    return { token: await this.#session.freshToken() };
  }

  async #signedIn(ids: readonly CallerId[], isBound: boolean): Promise<void> {
    this.cancel();
    const { signal } = this.#signingIn;
    if (ids.every(id => id === 'machine')) {
      this.#keep('machine', { token: await machineToken(signal) }, false);
      return;
    }
    const popup = openWindow();
    try {
      for (const id of ids) this.#keep(id, await this.#ofPerson(popup, id, { isBound, signal }), isBound);
    } finally {
      popup.close();
    }
  }

  async #ofPerson(
    popup: Window,
    person: CallerId,
    { isBound, signal }: { readonly isBound: boolean; readonly signal: AbortSignal },
  ): Promise<Credentials> {
    const key = isBound ? (this.#key ??= await ProofKey.generate()) : undefined;
    const token = await signIn(popup, this.demo.client, { person, key, signal });
    return key === undefined ? { token } : { token, key };
  }

  #keep(id: CallerId, credentials: Credentials, isBound: boolean): void {
    this.#tokens.set(tokenKey(id, isBound), credentials);
  }
}

function tokenKey(id: CallerId, isBound: boolean): string {
  return isBound ? `${id}+key` : id;
}

async function machineToken(signal: AbortSignal): Promise<string> {
  const response = await fetch('page/machine-token', { method: 'POST', signal });
  if (!response.ok) throw new Error(`The API answered ${response.status} instead of a token.`);
  return ((await response.json()) as { accessToken: string }).accessToken;
}
