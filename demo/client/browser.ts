/** As much of a browser as signing in and out takes: it follows redirects, keeps cookies and submits the form. */
export class Browser {
  readonly #cookies: Map<string, string>;

  constructor(cookies: Iterable<readonly [string, string]> = []) {
    this.#cookies = new Map(cookies);
  }

  /** Another with the same cookies, as somebody has who copied them. */
  copy(): Browser {
    return new Browser(this.#cookies);
  }

  /** Opens a page, signs in where it is asked to, and stops where it is sent to `destination`: at which URL? */
  async signIn(start: URL, name: string, destination: string): Promise<URL> {
    let url = start;
    while (!url.href.startsWith(destination)) {
      const page = await this.request(url);
      const answer =
        page.status === 200 ? await this.request(url, { method: 'POST', body: new URLSearchParams({ name }) }) : page;
      url = await redirectOf(answer, url);
    }
    return url;
  }

  /** What it sends as `Cookie`. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** One request; redirects are left to the caller. */
  async request(url: URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('cookie', this.cookie);
    const response = await fetch(url, { ...init, redirect: 'manual', headers });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    // A cookie without a value is one that the server takes back.
    if (value === '') this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}

async function redirectOf(response: Response, url: URL): Promise<URL> {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`);
  return new URL(location, url);
}
