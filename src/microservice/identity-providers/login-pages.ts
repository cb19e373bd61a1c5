/** The two pages of a login, for a controller: one sends the browser to the provider, the other receives it back. */
import type { Request, Response } from 'express';
import type { User } from '../users/user';
import type { ProviderLogin } from './provider-login';

/** Starts a session for a user who has logged in, and sets its cookies on the response. */
export interface LoginSessions {
  begin(user: User, request: Request, response: Response): Promise<unknown>;
}

/**
 * Answers `GET {prefix}/login/:provider?returnTo=…` and `GET {prefix}/callback/:provider`.
 *
 * @example
 * const pages = new LoginPages(login, sessions);
 * const pageOf = class {
 *   async login(request: Request, response: Response) {
 *     return pages.begin('google', request, response);
 *   }
 * };
 */
export class LoginPages {
  constructor(
    private readonly login: ProviderLogin,
    private readonly sessions: LoginSessions,
  ) {}

  /** Redirects the browser to the provider. Throws the errors of `ProviderLogin.begin`. */
  async begin(provider: string, request: Request, response: Response): Promise<Response> {
    const { location, cookie } = await this.login.begin(provider, request.query['returnTo']);
    response.cookie(this.login.cookieName, cookie, this.login.cookieAttributes);
    return redirect(response, location);
  }

  /** Starts a session and redirects the browser to `returnTo`. Throws the errors of `ProviderLogin.finish`. */
  async finish(provider: string, request: Request, response: Response): Promise<Response> {
    // The cookie is valid for one try, whether it succeeds or not.
    response.cookie(this.login.cookieName, '', { ...this.login.cookieAttributes, maxAge: 0 });
    const query = /\?([^#]*)/.exec(request.originalUrl)?.[1] ?? '';
    const { user, returnTo } = await this.login.finish(provider, query, this.#cookieOf(request));
    await this.sessions.begin(user, request, response);
    return redirect(response, returnTo);
  }

  // If several cookies differ, none is used: a subdomain can add one of the same name.
  #cookieOf({ headers }: Request): string | undefined {
    const start = `${this.login.cookieName}=`;
    const pairs = (headers.cookie ?? '').split(';').map(pair => pair.trim());
    const values = new Set(pairs.filter(pair => pair.startsWith(start)).map(pair => pair.slice(start.length)));
    return values.size === 1 ? [...values][0] : undefined;
  }
}

// The URL of the callback contains the code and the state, which must not end up in a cache or a Referer.
function redirect(response: Response, location: string): Response {
  response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', Location: location });
  return response.status(303).end();
}
