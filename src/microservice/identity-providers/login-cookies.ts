/**
 * The cookies of logins that have begun: each login has one, so that two tabs of a browser can log in at the same time.
 */
import type { Request, Response } from 'express';
import { cookiesIn, type CookiePair } from '../cookies/request-cookies';
import { hashOf } from '../secrets';
import type { LoginTickets } from './login-ticket';

/** The attributes of a login cookie, for `response.cookie` of Express. */
export interface LoginCookieAttributes {
  readonly httpOnly: true;
  readonly secure: boolean;
  /** Not `strict`, because the provider sends the browser back from another site. */
  readonly sameSite: 'lax';
  readonly path: string;
  /** In milliseconds. */
  readonly maxAge: number;
}

/** A login that has begun: its state, and the value of its cookie. */
export interface BegunLogin {
  readonly state: string;
  readonly cookie: string;
}

/** The most logins that a browser has under way at the same time. A further one ends the oldest. */
export const mostLogins = 5;
// Proxies accept 8 KiB of cookies, and those of the app must fit in, too.
const mostBytes = 4096;

/**
 * Sets and clears the cookies of logins. The name of a cookie contains a hash of the login's state, so that an answer with
 * another state finds no cookie and clears none.
 *
 * @example
 * const cookies = new LoginCookies(new URL('https://api.example.com/auth'), tickets);
 * cookies.nameOf(state); // '__Host-axioms-login-…'
 */
export class LoginCookies {
  /** The beginning of the names. */
  readonly prefix: string;
  readonly attributes: LoginCookieAttributes;

  /** @param endpoints the URL of the endpoints, as browsers see it */
  constructor(
    endpoints: URL,
    private readonly tickets: LoginTickets,
  ) {
    const secure = endpoints.protocol === 'https:';
    // A sibling subdomain, or plain HTTP on this host, could otherwise plant the cookie of its own login here, and so sign
    // visitors in as somebody else (draft-ietf-httpbis-rfc6265bis §4.1.3.2). The prefix demands the path '/'.
    this.prefix = secure ? '__Host-axioms-login-' : 'axioms-login-';
    const path = secure ? '/' : endpoints.pathname;
    this.attributes = { httpOnly: true, secure, sameSite: 'lax', path, maxAge: tickets.lifetime * 1000 };
  }

  /** Returns the name of the cookie for a login with this state. */
  nameOf(state: string): string {
    return `${this.prefix}${hashOf(state).slice(0, hashLength)}`;
  }

  /** Sets the cookie of a login that begins, and clears the oldest ones if the browser has too many. */
  async set({ state, cookie }: BegunLogin, request: Request, response: Response): Promise<void> {
    const added = { name: this.nameOf(state), value: cookie };
    for (const name of await this.#excess(this.#pairsOf(request), added)) this.#clear(name, response);
    response.cookie(added.name, cookie, this.attributes);
  }

  /** Returns the cookie of the login with this state, and clears it: it is valid for one try. */
  take(state: string | undefined, request: Request, response: Response): string | undefined {
    if (state === undefined) return undefined;
    const name = this.nameOf(state);
    const values = new Set(this.#pairsOf(request).flatMap(pair => (pair.name === name ? [pair.value] : [])));
    if (values.size > 0) this.#clear(name, response);
    // If several cookies differ, none is used: without the prefix `__Host-`, another host can add one of the same name.
    return values.size === 1 ? [...values][0] : undefined;
  }

  #clear(name: string, response: Response): void {
    response.cookie(name, '', { ...this.attributes, maxAge: 0 });
  }

  // Cookies of other servers and of logins that have expired go first, then the oldest.
  async #excess(pairs: readonly CookiePair[], added: CookiePair): Promise<ReadonlySet<string>> {
    const ends = await Promise.all(pairs.map(({ value }) => this.tickets.endOf(value)));
    const byEnd = pairs
      .map((pair, index) => ({ ...pair, end: ends[index] ?? 0 }))
      .sort((one, other) => one.end - other.end);
    const excess = new Set<string>();
    let [count, bytes] = [byEnd.length + 1, sizeOf([...pairs, added])];
    for (const pair of byEnd) {
      if (count <= mostLogins && bytes <= mostBytes) break;
      excess.add(pair.name);
      [count, bytes] = [count - 1, bytes - sizeOf([pair])];
    }
    return excess;
  }

  // Any other name is not ours, and may be one that cannot be sent back.
  #pairsOf(request: Request): readonly CookiePair[] {
    return cookiesIn(request).filter(
      ({ name }) => name.startsWith(this.prefix) && hashForm.test(name.slice(this.prefix.length)),
    );
  }
}

// 132 bits.
const hashLength = 22;
const hashForm = /^[\w-]{22}$/;

function sizeOf(pairs: readonly CookiePair[]): number {
  return pairs.reduce((sum, { name, value }) => sum + name.length + value.length + '=; '.length, 0);
}
