/** A page of the API that signs in at its microservice: the cookies are the browser's, the rest is in memory. */
import { Browser } from './browser';

interface SignedIn {
  readonly access_token?: string;
  readonly CSRF_token?: string;
}

/** How a request differs from what the page would send. */
export interface Deviation {
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
}

export class SessionPage {
  #csrfToken = '';
  #accessToken: string;

  constructor(
    private readonly apiUrl: string,
    private readonly browser = new Browser(),
    accessToken = '',
  ) {
    this.#accessToken = accessToken;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  /** The same page with the same cookies, somewhere else. */
  copy(): SessionPage {
    const copy = new SessionPage(this.apiUrl, this.browser.copy(), this.#accessToken);
    copy.#csrfToken = this.#csrfToken;
    return copy;
  }

  signIn(username: string, password: string, deviation?: Deviation): Promise<Response> {
    return this.#post('sign-in', { username, password }, deviation);
  }

  exchange(idToken: string): Promise<Response> {
    return this.#post('social-exchange', { id_token: idToken });
  }

  refresh(deviation?: Deviation): Promise<Response> {
    return this.#post('refresh', { CSRF_token: this.#csrfToken }, deviation);
  }

  /** After a reload the page has its cookies, and nothing else. */
  csrf(deviation?: Deviation): Promise<Response> {
    this.#csrfToken = '';
    return this.#post('csrf', {}, deviation);
  }

  logOff({ everywhere = false } = {}, deviation?: Deviation): Promise<Response> {
    return this.#post('logoff', { CSRF_token: this.#csrfToken, everywhere }, deviation);
  }

  /** A login at the authorization server with the API as the client: the answer to the callback. */
  async logIn(provider: string, name: string, browser = this.browser): Promise<Response> {
    const start = new URL(`${this.apiUrl}/auth/login/${provider}?returnTo=/`);
    const callback = await this.browser.signIn(start, name, `${this.apiUrl}/auth/callback/${provider}`);
    return browser.request(callback);
  }

  /** A request to the API, with the access token. */
  call(method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#accessToken}` };
    return fetch(this.apiUrl + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  }

  async #post(endpoint: string, usual: object, { headers = {}, body = usual }: Deviation = {}): Promise<Response> {
    const response = await this.browser.request(new URL(`${this.apiUrl}/auth/${endpoint}/`), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    if (response.status === 200) this.#keep((await response.clone().json()) as SignedIn);
    return response;
  }

  #keep({ access_token: accessToken, CSRF_token: csrfToken }: SignedIn) {
    this.#accessToken = accessToken ?? this.#accessToken;
    this.#csrfToken = csrfToken ?? this.#csrfToken;
  }
}
