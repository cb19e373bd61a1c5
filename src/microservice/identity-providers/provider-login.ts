/** Logs users in at a provider, with the server as the client: authorization code with PKCE, and no tokens for scripts. */
import { randomBytes } from 'node:crypto';
import { consoleLogger } from '../../core/settings/logger';
import { ImproperlyConfigured, NotFound } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { shown } from '../../core/settings/shown-value';
import { isFetchable, isPlainUrl, joinUrl } from '../../core/http/urls';
import type { User } from '../users/user';
import type { IdentityProvider } from './identity-provider';
import { LoginCookies, type BegunLogin } from './login-cookies';
import { LoginTickets, type LoginTicket } from './login-ticket';
import { IdentityRefused } from './refusal';
import { returnPlace } from './return-to';
import type { SocialExchange } from './social-exchange';

export interface ProviderLoginOptions {
  /** The URL of the API, as browsers see it. It is never taken from a `Host` header. */
  readonly baseUrl: string;
  /** The path of the endpoints; default `/auth`. */
  readonly prefix?: string;
  /** A key of 256 bits for this purpose only. */
  readonly key: Uint8Array;
  /** Other origins than that of the API where a login may end. */
  readonly allowedOrigins?: readonly string[];
  /** How long a login may take, in seconds; default 600. */
  readonly lifetime?: number;
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly logger?: Logger;
}

/** The start of a login: the answer to the browser. */
export interface LoginStart extends BegunLogin {
  /** The URL of the provider's login page. */
  readonly location: string;
}

/** A completed login. */
export interface LoginEnd {
  readonly user: User;
  /** Where the browser goes next: a path, or a URL at an allowed origin. */
  readonly returnTo: string;
}

/**
 * Logs users in at their providers with the package `openid-client` (RFC 6749 §4.1, RFC 7636 S256, RFC 9207). The
 * server keeps nothing between the two requests: the browser has an encrypted cookie for each login. A login that another
 * browser began cannot be completed.
 *
 * @example
 * const login = new ProviderLogin(exchange, { baseUrl: 'https://api.example.com', key: secrets.key('login') });
 * const { location, cookie } = await login.begin('google', '/books');
 * const { user, returnTo } = await login.finish('google', 'code=…&state=…', cookie);
 */
export class ProviderLogin {
  readonly cookies: LoginCookies;
  readonly #options: ProviderLoginOptions;
  readonly #origin: string;
  readonly #tickets: LoginTickets;
  readonly #callback: string;
  readonly #logger: Logger;

  /**
   * @throws ImproperlyConfigured for an invalid option, such as a `baseUrl` that is not a URL or a key that is too
   * short
   */
  constructor(
    private readonly exchange: SocialExchange,
    options: ProviderLoginOptions,
  ) {
    checkOptions(options);
    const { baseUrl, key, prefix = '/auth', lifetime = 600, clock = () => Date.now() } = options;
    const url = new URL(baseUrl);
    this.#options = options;
    this.#origin = url.origin;
    this.#logger = options.logger ?? consoleLogger;
    this.#tickets = new LoginTickets(key, lifetime, clock);
    this.#callback = new URL(joinUrl(baseUrl, `${prefix}/callback`)).href;
    this.cookies = new LoginCookies(new URL(joinUrl(baseUrl, prefix)), this.#tickets);
  }

  /**
   * Begins a login.
   *
   * @param returnTo where the browser goes after the login: a path, or a URL at an allowed origin; default `/`
   * @throws NotFound if there is no such provider
   * @throws InvalidFields for any other `returnTo`
   * @throws ServiceUnavailable if the provider is unavailable
   */
  async begin(provider: string, returnTo?: unknown): Promise<LoginStart> {
    const { server } = this.#providerOf(provider);
    const { allowedOrigins = [] } = this.#options;
    const place = returnPlace(returnTo, this.#origin, allowedOrigins);
    const ticket = { provider, state: secret(), nonce: secret(), verifier: secret(), returnTo: place };
    return {
      state: ticket.state,
      location: await server.authorizationUrl(`${this.#callback}/${provider}`, ticket),
      cookie: await this.#tickets.write(ticket),
    };
  }

  /**
   * Completes a login.
   *
   * @param query the query of the callback, without the question mark
   * @param cookie the value of the login's cookie; the calling code must clear the cookie in any case
   * @throws NotFound if there is no such provider
   * @throws IdentityRefused if the login did not begin in this browser, is too old, or was refused
   * @throws ServiceUnavailable if the provider is unavailable
   */
  async finish(provider: string, query: string, cookie: string | undefined): Promise<LoginEnd> {
    const known = this.#providerOf(provider);
    try {
      const ticket = await this.#ticketOf(provider, stateOf(query), cookie);
      const tokens = await known.server.redeem(new URL(`${this.#callback}/${provider}?${query}`), ticket);
      const identity = await known.verify(tokens);
      return { user: await this.exchange.signIn(identity), returnTo: ticket.returnTo };
    } catch (error) {
      if (error instanceof IdentityRefused)
        this.#logger.info('A login at a provider was refused', { provider, reason: error.reason });
      throw error;
    }
  }

  #providerOf(name: string): IdentityProvider {
    const provider = this.exchange.providers.find(one => one.name === name);
    if (provider === undefined) throw new NotFound();
    return provider;
  }

  async #ticketOf(provider: string, state: string | undefined, cookie: string | undefined): Promise<LoginTicket> {
    const ticket = cookie === undefined ? undefined : await this.#tickets.read(cookie);
    if (ticket?.provider !== provider || ticket.state !== state)
      throw new IdentityRefused('The login did not begin here, or took too long', 'login_unknown');
    return ticket;
  }
}

/** Returns the state of an answer, if it has exactly one (RFC 6749 §3.1: "parameters MUST NOT be included more than once"). */
export function stateOf(query: string): string | undefined {
  const states = new URLSearchParams(query).getAll('state');
  return states.length === 1 ? states[0] : undefined;
}

/** Returns 256 random bits: as a PKCE verifier 43 characters, as RFC 7636 §4.1 recommends. */
function secret(): string {
  return randomBytes(32).toString('base64url');
}

function checkOptions({
  baseUrl,
  key,
  prefix = '/auth',
  lifetime = 600,
  allowedOrigins = [],
}: ProviderLoginOptions): void {
  if (!isPlainUrl(baseUrl) || baseUrl.includes('?') || !isFetchable(baseUrl, []))
    throw new ImproperlyConfigured(
      `The base URL of logins is ${shown(baseUrl)}; expected the https: URL of the API (http: only for loopback hosts).`,
    );
  if (key.byteLength !== 32) throw new ImproperlyConfigured('The key of logins must have 256 bits.');
  if (!/^(?:\/[\w.~-]+)*$/.test(prefix))
    throw new ImproperlyConfigured(`The prefix of logins is '${prefix}'; expected a path such as '/auth'.`);
  if (!(lifetime >= 30 && lifetime <= 3600))
    throw new ImproperlyConfigured(`The lifetime of logins is ${lifetime}; expected 30 to 3600 seconds.`);
  const wrong = allowedOrigins.find(origin => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong !== undefined)
    throw new ImproperlyConfigured(`${shown(wrong)} is not an origin; expected one such as 'https://app.example.com'.`);
}
