/** The two pages of a login, for a controller to show: one sends the browser to the provider, the other takes it back. */
import type { Request, Response } from 'express';
import type { User } from '../users/user';
import type { ProviderLogin } from './provider-login';

/** Begins a session for a user who has come in, and sets its cookies on the answer. */
export interface LoginSessions {
  begin(user: User, request: Request, response: Response): Promise<unknown>;
}

/**
 * `GET {prefix}/login/:provider?returnTo=…` and `GET {prefix}/callback/:provider`.
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

  /** Sends the browser to the provider. @throws as `ProviderLogin.begin`. */
  async begin(provider: string, request: Request, response: Response): Promise<Response> {
    const { location, cookie } = await this.login.begin(provider, request.query['returnTo']);
    response.cookie(this.login.cookieName, cookie, this.login.cookieAttributes);
    return redirect(response, location);
  }

  /** Begins a session, and sends the browser to where it wanted to be. @throws as `ProviderLogin.finish`. */
  async finish(provider: string, request: Request, response: Response): Promise<Response> {
    // Once, whatever comes of it.
    response.cookie(this.login.cookieName, '', { ...this.login.cookieAttributes, maxAge: 0 });
    const query = /\?([^#]*)/.exec(request.originalUrl)?.[1] ?? '';
    const { user, returnTo } = await this.login.finish(provider, query, this.#cookieOf(request));
    await this.sessions.begin(user, request, response);
    return redirect(response, returnTo);
  }

  // Of several that differ none is taken: a subdomain can set one beside ours.
  #cookieOf({ headers }: Request): string | undefined {
    const start = `${this.login.cookieName}=`;
    const pairs = (headers.cookie ?? '').split(';').map(pair => pair.trim());
    const values = new Set(pairs.filter(pair => pair.startsWith(start)).map(pair => pair.slice(start.length)));
    return values.size === 1 ? [...values][0] : undefined;
  }
}

// The code and the state are in the address of the callback: nobody's cache, and nobody's Referer, should have them.
function redirect(response: Response, location: string): Response {
  response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', Location: location });
  return response.status(303).end();
}
