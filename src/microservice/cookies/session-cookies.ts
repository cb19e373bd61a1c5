/** The two cookies of a session: set, read and cleared. */
import type { Request, Response } from 'express';
import { AuthenticationFailed, ImproperlyConfigured, NotAuthenticated } from '../../core/exceptions';
import { RefreshToken } from '../refresh/refresh-token';
import { matchesPath, type CookieOptions } from './cookie-rules';
import type { CsrfTokens } from './csrf-tokens';
import type { SignedValues } from './signed-value';

export class SessionCookies {
  constructor(
    private readonly options: CookieOptions,
    private readonly values: SignedValues,
    private readonly csrf: CsrfTokens,
    /** Milliseconds since 1970. */
    private readonly clock: () => number,
  ) {}

  /**
   * Asked before anything is done: where a routePrefix moved the endpoints the cookies would be set, and never come back.
   *
   * @throws ImproperlyConfigured where browsers would not send them to where they are needed.
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

  /** @param end when the session ends unless it is refreshed; milliseconds since 1970 */
  set(response: Response, token: RefreshToken, end: number): void {
    const { refreshCookieName, csrfCookieName } = this.options;
    const lifetime = Math.max(0, Math.ceil((end - this.clock()) / 1000));
    this.setOne(response, refreshCookieName, token.text, lifetime);
    this.setOne(response, csrfCookieName, this.csrfTokenOf(token), lifetime);
  }

  /** What the page keeps, and sends in the body. */
  csrfTokenOf(token: RefreshToken): string {
    return this.csrf.of(token);
  }

  clear(response: Response): void {
    for (const name of [this.options.refreshCookieName, this.options.csrfCookieName])
      this.append(response, `${name}=`, 0, new Date(0));
  }

  /**
   * The refresh token of a request.
   *
   * @throws NotAuthenticated where there is no cookie.
   * @throws AuthenticationFailed where it is not ours, or there are several.
   */
  read(request: Request): RefreshToken {
    const name = this.options.refreshCookieName;
    const [signed, ...others] = cookiesNamed(name, request);
    if (signed === undefined) throw new NotAuthenticated('There is no session: sign in');
    // A subdomain can set one beside ours (RFC 6265 §8.6): never guess which was meant.
    if (others.some(other => other !== signed)) throw new AuthenticationFailed('There are several refresh cookies');
    const token = RefreshToken.parse(this.values.read(name, signed) ?? '');
    if (token === undefined) throw new AuthenticationFailed('The refresh cookie is not valid: sign in again');
    return token;
  }

  /** @throws PermissionDenied unless the body's CSRF token is the cookie's, and that of this session. */
  checkCsrf(request: Request, token: RefreshToken, body: unknown): void {
    const name = this.options.csrfCookieName;
    const [signed = '', ...others] = cookiesNamed(name, request);
    const isOne = others.every(other => other === signed);
    const ofCookie = isOne ? this.values.read(name, signed) : undefined;
    this.csrf.check(token, ofCookie, body);
  }

  private setOne(response: Response, name: string, value: string, seconds: number): void {
    const end = new Date(this.clock() + seconds * 1000);
    this.append(response, `${name}=${this.values.sign(name, value)}`, seconds, end);
  }

  // RFC 6265 §4.1.1. Express's own takes the time of expiry from the system's clock, and cannot say 1970.
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

// A caller may spell it otherwise: Express does not tell /AUTH from /auth, and browsers do.
function registeredPath({ route, baseUrl, originalUrl }: Request): string {
  const { path } = (route ?? {}) as { readonly path?: unknown };
  return typeof path === 'string' ? `${baseUrl}${path}` : (originalUrl.split('?', 1)[0] ?? '');
}

function cookiesNamed(name: string, { headers }: Request): string[] {
  const pairs = (headers.cookie ?? '').split(';').map(pair => pair.trim());
  return pairs.filter(pair => pair.startsWith(`${name}=`)).map(pair => pair.slice(name.length + 1));
}
