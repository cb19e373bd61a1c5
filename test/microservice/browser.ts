/** A browser as far as sessions go: it keeps cookies, and the page keeps the CSRF token. */
import { expect } from 'chai';
import type { Express } from 'express';
import request, { type Response, type Test } from 'supertest';
import { fieldsOf } from '../refusals';

export interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** As they were sent, in their order: `Max-Age=86400`, `HttpOnly`, … */
  readonly attributes: readonly string[];
}

/** What an answer sets, in its order. */
export function setCookiesOf(response: Response): SetCookie[] {
  return fieldsOf(response, 'set-cookie').map(field => {
    const [pair = '', ...attributes] = field.split('; ');
    const at = pair.indexOf('=');
    return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes };
  });
}

export class Browser {
  readonly cookies = new Map<string, string>();
  csrfToken: unknown;
  accessToken = '';

  constructor(
    private readonly app: Express | string,
    private readonly prefix = '/auth',
  ) {}

  /** The header field `Cookie`. */
  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** A request to an endpoint, with the cookies; nothing of its answer is kept. */
  ask(endpoint: string, body?: string | object): Test {
    const test = request(this.app).post(`${this.prefix}/${endpoint}`);
    if (this.cookies.size > 0) test.set('Cookie', this.cookieHeader);
    return body === undefined ? test : test.send(body);
  }

  async signIn(username = 'ged', password = 'sparrowhawk'): Promise<Response> {
    return this.keep(await this.ask('sign-in/', { username, password }));
  }

  async refresh(): Promise<Response> {
    return this.keep(await this.ask('refresh/', { CSRF_token: this.csrfToken }));
  }

  async logOff(more: object = {}): Promise<Response> {
    return this.keep(await this.ask('logoff/', { CSRF_token: this.csrfToken, ...more }));
  }

  /** Takes from an answer what a browser, and the page in it, would. */
  keep(response: Response): Response {
    for (const { name, value, attributes } of setCookiesOf(response)) {
      if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const { CSRF_token: token, access_token: accessToken } = response.body as Record<string, unknown>;
    if (token !== undefined) this.csrfToken = token;
    if (typeof accessToken === 'string') this.accessToken = accessToken;
    return response;
  }

  /** Another with the same cookies and token, as somebody has who copied them. */
  copy(): Browser {
    const copy = new Browser(this.app, this.prefix);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    copy.csrfToken = this.csrfToken;
    copy.accessToken = this.accessToken;
    return copy;
  }

  me(): Test {
    return request(this.app).get('/me').set('Authorization', `Bearer ${this.accessToken}`);
  }
}

/** Claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

export function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

const cleared = ['Max-Age=0', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'Path=/auth', 'HttpOnly', 'Secure'];

/** Both cookies, expired as they were set. */
export function expectCleared(response: Response): void {
  expect(setCookiesOf(response)).to.deep.equal([
    { name: 'refresh_cookie', value: '', attributes: [...cleared, 'SameSite=Strict'] },
    { name: 'CSRF_token', value: '', attributes: [...cleared, 'SameSite=Strict'] },
  ]);
}
