/** An issuer for tests: real keys, arbitrary tokens, and outages on demand. */
import { silentLogger } from './silent-logger';
import { forge, type ForgedTokenName } from './forged-tokens';
import { IssuerEndpoints } from './issuer-endpoints';
import { requireMode, type IssuerMode } from './issuer-mode';
import type { ServerOption } from '../routing-controllers/start/serving';
import { axiomsServerOf, type AppWithServer } from './served-app';
import { signed, signingKey, type SigningKey } from './signing-key';
import type { TokenClaims } from './token-claims';

/** Options of {@link TestIssuer}. */
export interface TestIssuerOptions {
  /** The algorithm of the first key; default `ES256`. */
  readonly alg?: string;
  /** The key ID of the first key; default `k1`. */
  readonly kid?: string;
  /** The audience in tokens and settings; default `https://api.example.com`. */
  readonly audience?: string;
  /** The issuer's name; default: the URL where it listens, or `https://issuer.test` before it listens. */
  readonly issuerUrl?: string;
  /** The clock that dates its tokens, in milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: { now(): number };
}

/** The settings that a server needs to trust a test issuer. Spread them, and add your own. */
export interface IssuerSettings {
  readonly audience: string;
  readonly issuerUrl: string;
  readonly jwksUrl?: string;
  readonly jwksPrefetch?: boolean;
  readonly logger: typeof silentLogger;
}

/**
 * An issuer that serves over HTTP on the loopback interface once it listens, or without a network as the `fetch` of the
 * server that it is attached to. It publishes a key set and metadata as a real issuer does; no part of the verification
 * is replaced.
 *
 * @example
 * const issuer = await new TestIssuer().listen();
 * const app = createExpressServer({ controllers: [BookController], axioms: issuer.settings() });
 * const token = issuer.token({ sub: 'alice', scope: 'book:read' });
 * await issuer.close();
 */
export class TestIssuer {
  /** The key that `token` signs with. */
  key: SigningKey;
  readonly audience: string;
  /** The endpoints for metadata and keys, for anything that this class has no method for. */
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

  /** The number of requests for the key set so far; `endpoints.count(path)` counts those for other paths. */
  get fetches(): number {
    return this.endpoints.count(new URL(this.endpoints.jwksUrl).pathname);
  }

  /** Answers as `globalThis.fetch` would, for this issuer's URLs only. Any other URL fails. */
  get fetch(): typeof globalThis.fetch {
    return this.endpoints.fetch;
  }

  /** Serves its key set and metadata over HTTP on a free port of 127.0.0.1, until it is closed. */
  async listen(): Promise<this> {
    await this.endpoints.listen();
    return this;
  }

  /** Ends every connection, so that the keys cannot be fetched any more. Does nothing without `listen()`. */
  async close(): Promise<void> {
    await this.endpoints.close();
  }

  /** Closes the issuer at the end of the block: `await using issuer = await new TestIssuer().listen();` */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Returns settings with which a server trusts only this issuer and logs nothing. If the issuer does not listen, also
   * call `attachTo`.
   */
  settings(): IssuerSettings {
    const { url, audience } = this;
    const { origin, jwksUrl } = this.endpoints;
    const place = origin === undefined ? { jwksPrefetch: false } : origin === url ? {} : { jwksUrl };
    return { audience, issuerUrl: url, ...place, logger: silentLogger };
  }

  /**
   * Sets this issuer's `fetch` on the server of this app, so that no network is needed. Attach it right after the
   * server is created.
   *
   * @param options `server`: which server, if the app has several
   * @throws ImproperlyConfigured for an app without a server of this library, or with several if none is named
   * @example
   * const issuer = new TestIssuer();
   * const app = issuer.attachTo(createExpressServer({ controllers: [BookController], axioms: issuer.settings() }));
   */
  attachTo<App extends AppWithServer>(app: App, options: ServerOption = {}): App {
    axiomsServerOf(app, options, 'TestIssuer.attachTo()').jwksManager.fetch = this.fetch;
    return app;
  }

  /** Returns the claims of a good token, with the given ones added or, if `undefined`, removed. Good for five minutes. */
  claims(claims: TokenClaims = {}): Record<string, unknown> {
    const now = this.seconds();
    return { iss: this.url, aud: this.audience, sub: 'alice', iat: now, exp: now + 300, ...claims };
  }

  /**
   * Returns a token, which is good unless the claims or the header make it bad.
   *
   * @param header members to add to `alg`, `kid` and `typ: 'at+jwt'`; `undefined` removes one
   * @param key default: the issuer's key
   */
  token(claims: TokenClaims = {}, header: object = {}, key: SigningKey = this.key): string {
    return signed({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header }, this.claims(claims), key);
  }

  /** Returns a token that must be refused; see {@link forge}. */
  forge(name: ForgedTokenName, claims?: TokenClaims): string {
    return forge(name, this, claims);
  }

  /** Returns the time of its clock, in seconds since 1970. */
  seconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  /**
   * Creates a new key and signs with it from now on. The old keys stay published, unless `drop` is set.
   *
   * @throws RangeError for an unsupported algorithm
   */
  rotate(kid?: string, { alg = this.key.alg, drop = false } = {}): SigningKey {
    this.#keysMade += 1;
    this.key = signingKey(kid ?? `k${this.#keysMade}`, alg);
    this.endpoints.keys = drop ? [this.key.jwk] : [...this.endpoints.keys, this.key.jwk];
    return this.key;
  }

  /**
   * Stops publishing a key.
   *
   * @throws RangeError if no published key has this `kid`
   */
  remove(kid: string): void {
    const { keys } = this.endpoints;
    if (!keys.some(key => key.kid === kid))
      throw new RangeError(`No key '${kid}' is published: ${keys.map(key => String(key.kid)).join(', ') || 'none'}.`);
    this.endpoints.keys = keys.filter(key => key.kid !== kid);
  }

  /**
   * Makes the endpoints for keys and metadata fail until `recover()`; by default they answer 503.
   *
   * @throws RangeError for an unknown mode
   */
  outage(mode: IssuerMode = { is: 'status', status: 503 }): void {
    requireMode(mode);
    this.endpoints.keysMode = this.endpoints.metadataMode = mode;
  }

  /** Ends the outage. */
  recover(): void {
    this.outage({ is: 'ok' });
  }
}
