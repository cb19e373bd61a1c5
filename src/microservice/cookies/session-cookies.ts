/** Sets, reads and clears the two cookies of a session. */
import type { Request, Response } from 'express';
import { AuthenticationFailed, ImproperlyConfigured, NotAuthenticated } from '../../core/http/exceptions';
import { RefreshToken } from '../refresh/refresh-token';
import { cookiesIn } from './request-cookies';
import { matchesPath, type CookieOptions } from './cookie-rules';
import type { CsrfTokens } from './csrf-tokens';
import type { SignedValues } from './signed-value';

/** In milliseconds since 1970, by the store's clock. */
export interface CookieTimes {
  readonly now: number;
  /** When the session ends unless it is refreshed. */
  readonly end: number;
}

export class SessionCookies {
  constructor(
    private readonly options: CookieOptions,
    private readonly values: SignedValues,
    private readonly csrf: CsrfTokens,
  ) {}

  /**
   * Checks, before anything else, that browsers will send the cookies to the endpoints. A `routePrefix` may have moved
   * them.
   *
   * @throws ImproperlyConfigured if browsers would not send the cookies to the endpoints
   */
  requireReach(request: Request): void {
    const { refreshCookiePath, prefix } = this.options;
    const endpoint = registeredPath(request);
    const mount = endpoint.slice(0, endpoint.lastIndexOf(prefix) + prefix.length);
    if (!matchesPath(endpoint, refreshCookiePath) && !refreshCookiePath.endsWith(mount))
      throw new ImproperlyConfigured(
        `refreshCookiePath is '${refreshCookiePath}' and the endpoints are under '${mount}': browsers would never send the cookie there. Set refreshCookiePath to '${mount}' and prefix to '${prefix}'.`,
      );
  }

  /** Sets both cookies. */
  set(response: Response, token: RefreshToken, times: CookieTimes): void {
    const { refreshCookieName, csrfCookieName } = this.options;
    this.setOne(response, refreshCookieName, token.text, times);
    this.setOne(response, csrfCookieName, this.csrfTokenOf(token), times);
  }

  /** Returns the CSRF token that the page keeps and sends in the body. */
  csrfTokenOf(token: RefreshToken): string {
    return this.csrf.of(token);
  }

  clear(response: Response): void {
    for (const name of [this.options.refreshCookieName, this.options.csrfCookieName])
      this.append(response, `${name}=`, 0, new Date(0));
  }

  /**
   * Returns the refresh token of a request.
   *
   * @throws NotAuthenticated without a cookie
   * @throws AuthenticationFailed for a cookie that we did not sign, and for several different ones
   */
  read(request: Request): RefreshToken {
    const name = this.options.refreshCookieName;
    const [signed, ...others] = cookiesNamed(name, request);
    if (signed === undefined) throw new NotAuthenticated('There is no session: sign in');
    // A subdomain can add a cookie of the same name (RFC 6265 §8.6). Choosing one would be a guess.
    if (others.some(other => other !== signed)) throw new AuthenticationFailed('There are several refresh cookies');
    const token = RefreshToken.parse(this.values.read(name, signed) ?? '');
    if (token === undefined) throw new AuthenticationFailed('The refresh cookie is not valid: sign in again');
    return token;
  }

  /** Returns the refresh token of a request, if it has one that we signed. */
  find(request: Request): RefreshToken | undefined {
    const name = this.options.refreshCookieName;
    const [signed, ...others] = cookiesNamed(name, request);
    if (signed === undefined || others.some(other => other !== signed)) return undefined;
    return RefreshToken.parse(this.values.read(name, signed) ?? '');
  }

  /** @throws PermissionDenied unless the CSRF tokens of the body, the cookie and the session are the same */
  checkCsrf(request: Request, token: RefreshToken, body: unknown): void {
    const name = this.options.csrfCookieName;
    const [signed = '', ...others] = cookiesNamed(name, request);
    const isOne = others.every(other => other === signed);
    const ofCookie = isOne ? this.values.read(name, signed) : undefined;
    this.csrf.check(token, ofCookie, body);
  }

  private setOne(response: Response, name: string, value: string, { now, end }: CookieTimes): void {
    const seconds = Math.max(0, Math.ceil((end - now) / 1000));
    this.append(response, `${name}=${this.values.sign(name, value)}`, seconds, new Date(now + seconds * 1000));
  }

  // RFC 6265 §4.1.1. `response.cookie()` of Express computes Expires from the system's clock and cannot set it to 1970.
  private append(response: Response, pair: string, seconds: number, end: Date): void {
    const { refreshCookiePath, cookieSameSite, isSecure } = this.options;
    const sameSite = cookieSameSite.replace(/^./, letter => letter.toUpperCase());
    const times = `Max-Age=${seconds}; Expires=${end.toUTCString()}`;
    const secure = isSecure ? '; Secure' : '';
    response.append(
      'Set-Cookie',
      `${pair}; ${times}; Path=${refreshCookiePath}; HttpOnly${secure}; SameSite=${sameSite}`,
    );
  }
}

// Uses the registered path, not the requested one: Express treats /AUTH as /auth, and browsers do not.
function registeredPath({ route, baseUrl, originalUrl }: Request): string {
  const { path } = (route ?? {}) as { readonly path?: unknown };
  return typeof path === 'string' ? `${baseUrl}${path}` : (originalUrl.split('?', 1)[0] ?? '');
}

function cookiesNamed(wanted: string, request: Request): string[] {
  return cookiesIn(request)
    .filter(({ name }) => name === wanted)
    .map(({ value }) => value);
}
