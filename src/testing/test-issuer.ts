/** An issuer for tests: real keys, tokens as a test wants them, and bad days on demand. */
import { silentLogger } from './silent-logger';
import { forge, type ForgedTokenName } from './forged-tokens';
import { IssuerEndpoints } from './issuer-endpoints';
import { requireMode, type IssuerMode } from './issuer-mode';
import type { ServerOption } from '../routing-controllers/serving';
import { axiomsServerOf, type AppWithServer } from './served-app';
import { signed, signingKey, type SigningKey } from './signing-key';

/** Claims of a token; `undefined` takes one away. */
export interface TokenClaims {
  readonly sub?: unknown;
  /** `'book:read book:create'` (RFC 8693 §4.2). */
  readonly scope?: unknown;
  readonly roles?: unknown;
  readonly permissions?: unknown;
  /** Seconds since 1970. */
  readonly exp?: unknown;
  readonly [claim: string]: unknown;
}

export interface TestIssuerOptions {
  /** Of the first key; default `ES256`. */
  readonly alg?: string;
  /** Of the first key; default `k1`. */
  readonly kid?: string;
  /** Of the tokens and the settings; default `https://api.example.com`. */
  readonly audience?: string;
  /** The issuer's name; default: where it listens, and before it does `https://issuer.test`. */
  readonly issuerUrl?: string;
  /** What its tokens are dated by; default: the time. */
  readonly clock?: { now(): number };
}

/** What a server needs to trust a test issuer; spread it, and add settings of your own. */
export interface IssuerSettings {
  readonly audience: string;
  readonly issuerUrl: string;
  readonly jwksUrl?: string;
  readonly jwksPrefetch?: boolean;
  readonly logger: typeof silentLogger;
}

/**
 * An issuer: over HTTP on this machine once it listens, or without a network as the `fetch` of the server that it is
 * attached to. Its key set and metadata are what a real issuer publishes; nothing of the verification is replaced.
 *
 * @example
 * const issuer = await new TestIssuer().listen();
 * const app = createExpressServer({ controllers: [BookController], axioms: issuer.settings() });
 * const token = issuer.token({ sub: 'alice', scope: 'book:read' });
 * await issuer.close();
 */
export class TestIssuer {
  /** What `token` signs with. */
  key: SigningKey;
  readonly audience: string;
  /** Metadata and keys, for what the methods here do not do. */
  readonly endpoints: IssuerEndpoints;
  readonly #clock: { now(): number };
  #keysMade = 1;

  constructor({ alg, kid = 'k1', audience, issuerUrl, clock }: TestIssuerOptions = {}) {
    this.key = signingKey(kid, alg);
    this.audience = audience ?? 'https://api.example.com';
    this.#clock = clock ?? { now: () => Date.now() };
    this.endpoints = new IssuerEndpoints(issuerUrl);
    this.endpoints.keys = [this.key.jwk];
  }

  /** The `iss` of its tokens. */
  get url(): string {
    return this.endpoints.url;
  }

  /** Key set requests so far; `endpoints.count(path)` has the others. */
  get fetches(): number {
    return this.endpoints.count(new URL(this.endpoints.jwksUrl).pathname);
  }

  /** Answers like `globalThis.fetch` would, for this issuer's URLs; every other fails. */
  get fetch(): typeof globalThis.fetch {
    return this.endpoints.fetch;
  }

  /** Serves its key set and metadata over HTTP on a free port of 127.0.0.1, until it is closed. */
  async listen(): Promise<this> {
    await this.endpoints.listen();
    return this;
  }

  /** Ends every connection; the keys cannot be fetched from here on. Without `listen()` there is nothing to end. */
  async close(): Promise<void> {
    await this.endpoints.close();
  }

  /** `await using issuer = await new TestIssuer().listen();` closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * The settings with which a server trusts this issuer alone, and says nothing. An issuer that does not listen has to be
   * attached to the server, too.
   */
  settings(): IssuerSettings {
    const { url, audience } = this;
    const { origin, jwksUrl } = this.endpoints;
    const place = origin === undefined ? { jwksPrefetch: false } : origin === url ? {} : { jwksUrl };
    return { audience, issuerUrl: url, ...place, logger: silentLogger };
  }

  /**
   * Gives the server of this app this issuer's `fetch`: no network is needed. Attach it right after the server is made.
   *
   * @param options `server`: which server, where the app has several
   * @throws ImproperlyConfigured for an app that no server of this library serves, or that several serve and none is named.
   * @example
   * const issuer = new TestIssuer();
   * const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms: issuer.settings() }));
   */
  attachTo<App extends AppWithServer>(app: App, options: ServerOption = {}): App {
    axiomsServerOf(app, options, 'TestIssuer.attachTo()').jwksManager.fetch = this.fetch;
    return app;
  }

  /** The claims of a good token, with others added or, by `undefined`, taken away. Good for five minutes. */
  claims(claims: TokenClaims = {}): Record<string, unknown> {
    const now = this.seconds();
    return { iss: this.url, aud: this.audience, sub: 'alice', iat: now, exp: now + 300, ...claims };
  }

  /**
   * A token that is good unless the claims or the header say otherwise.
   *
   * @param header members added to, or by `undefined` taken from, `alg`, `kid` and `typ: 'at+jwt'`
   * @param key default: the issuer's own
   */
  token(claims: TokenClaims = {}, header: object = {}, key: SigningKey = this.key): string {
    return signed({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }, this.claims(claims), key);
  }

  /** A token that must be refused; see {@link forge}. */
  forge(name: ForgedTokenName, claims?: TokenClaims): string {
    return forge(name, this, claims);
  }

  /** Seconds since 1970, by its clock. */
  seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  /**
   * Signs with a new key from now on; the old ones stay published, unless `drop`.
   *
   * @throws RangeError for an algorithm that there is no key for.
   */
  rotate(kid?: string, { alg = this.key.alg, drop = false } = {}): SigningKey {
    this.#keysMade += 1;
    this.key = signingKey(kid ?? `k${this.#keysMade}`, alg);
    this.endpoints.keys = drop ? [this.key.jwk] : [...this.endpoints.keys, this.key.jwk];
    return this.key;
  }

  /**
   * Publishes a key no more.
   *
   * @throws RangeError where none of this `kid` is published.
   */
  remove(kid: string): void {
    const { keys } = this.endpoints;
    if (!keys.some(key => key.kid === kid))
      throw new RangeError(`No key '${kid}' is published: ${keys.map(key => String(key.kid)).join(', ') || 'none'}.`);
    this.endpoints.keys = keys.filter(key => key.kid !== kid);
  }

  /**
   * Has a bad day, keys and metadata both, until it recovers: by default it answers 503.
   *
   * @throws RangeError for a mode that there is not.
   */
  outage(mode: IssuerMode = { is: 'status', status: 503 }): void {
    requireMode(mode);
    this.endpoints.keysMode = this.endpoints.metadataMode = mode;
  }

  recover(): void {
    this.outage({ is: 'ok' });
  }
}
