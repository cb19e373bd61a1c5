/** The two pages of a login, for a controller: one sends the browser to the provider, the other receives it back. */
import type { Request, Response } from 'express';
import { checkNavigation } from '../cookies/request-origin';
import type { User } from '../users/user';
import { stateOf, type ProviderLogin } from './provider-login';

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

  /**
   * Redirects the browser to the provider. Throws the errors of `ProviderLogin.begin`.
   *
   * @throws PermissionDenied for a request that a page of another origin sends without leaving
   */
  async begin(provider: string, request: Request, response: Response): Promise<Response> {
    checkNavigation(request);
    const begun = await this.login.begin(provider, request.query['returnTo']);
    await this.login.cookies.set(begun, request, response);
    return redirect(response, begun.location);
  }

  /** Starts a session and redirects the browser to `returnTo`. Throws the errors of `ProviderLogin.finish`. */
  async finish(provider: string, request: Request, response: Response): Promise<Response> {
    const query = /\?([^#]*)/.exec(request.originalUrl)?.[1] ?? '';
    const cookie = this.login.cookies.take(stateOf(query), request, response);
    const { user, returnTo } = await this.login.finish(provider, query, cookie);
    await this.sessions.begin(user, request, response);
    return redirect(response, returnTo);
  }
}

// The URL of the callback contains the code and the state, which must not end up in a cache or a Referer.
function redirect(response: Response, location: string): Response {
  response.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', Location: location });
  return response.status(303).end();
}
