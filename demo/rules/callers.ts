/** Who calls the API while its rules are checked. */
import { accounts, type AccountName } from '../accounts';
import type { AuthorizationServer } from '../authorization-server';
import { Browser } from '../client/browser';
import { logOut } from '../client/logout';
import { personToken, tokenOf } from '../client/tokens';
import { flawedTokens } from './flawed-tokens';

export interface Caller {
  readonly name: string;
  readonly token?: string;
  readonly scopes: readonly string[];
  /** What is wrong with the token. */
  readonly flaw?: string;
}

const anonymous: Caller = { name: 'anonymous', scopes: [] };

/** Makes each caller once: signing in takes longer than a request. */
export class Callers {
  readonly #callers = new Map<string, Promise<Caller>>();
  #flawed?: Promise<Caller[]>;

  constructor(private readonly issuer: AuthorizationServer) {}

  /** Those of the table, in its order. */
  async ofTheTable(): Promise<Caller[]> {
    return [anonymous, await this.named('bob'), await this.named('alice'), await this.named('machine')];
  }

  named(name: AccountName): Promise<Caller> {
    return this.#once(name, accounts[name].scopes, () => tokenOf(name, this.issuer.url));
  }

  /** alice, in an app that asks for these scopes only. */
  aliceWith(scopes: readonly string[]): Promise<Caller> {
    return this.#once(`alice with ${scopes.join(' ')}`, scopes, () =>
      personToken(this.issuer.url, 'alice', { scopes }),
    );
  }

  /** alice, in an app that asks for all scopes but these. */
  aliceWithout(missing: readonly string[]): Promise<Caller> {
    const scopes = accounts.alice.scopes.filter(scope => !missing.includes(scope));
    return this.#once(`alice without ${missing.join(' ')}`, scopes, () =>
      personToken(this.issuer.url, 'alice', { scopes }),
    );
  }

  /** alice, in a browser that nobody else uses; once she logs out there, what she has is worth nothing. */
  async aliceAt(place: string): Promise<{ caller: Caller; logOut: () => Promise<Caller> }> {
    const browser = new Browser();
    const token = await personToken(this.issuer.url, 'alice', { browser });
    const caller = { name: `alice, at ${place}`, scopes: accounts.alice.scopes, token };
    const out = { ...caller, name: `${caller.name}, logged out`, flaw: 'The access token was revoked' };
    return { caller, logOut: () => logOut(this.issuer.url, browser).then(() => out) };
  }

  /** With expired, foreign and tampered tokens. */
  flawed(): Promise<Caller[]> {
    return (this.#flawed ??= flawedTokens(this.issuer));
  }

  #once(name: string, scopes: readonly string[], signIn: () => Promise<string>): Promise<Caller> {
    const caller = this.#callers.get(name) ?? signIn().then(token => ({ name, scopes, token }));
    this.#callers.set(name, caller);
    return caller;
  }
}
