/** Finds the authorization and token endpoints of the issuers, and caches them. */
import { fetchJson, FetchFailure } from '../core/http/bounded-fetch';
import { Deadline } from '../core/time/deadline';
import { discoverMetadata, mayFollow, type Ask, type IssuerMetadata } from '../core/issuers/discovery';
import type { JwksManager } from '../core/issuers/jwks-manager';
import type { Settings } from '../core/settings/settings';
import { issuerSettings } from '../core/settings/trusted-issuers';
import { isAskable } from '../core/http/urls';

/** The endpoints of the authorization code flow (RFC 6749 §4.1). */
export interface SignIn {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
}

/** An issuer. `signIn` is absent if its endpoints are unknown at the moment, or if it has no such flow. */
export interface IssuerSignIn {
  readonly issuer: string;
  readonly signIn: SignIn | undefined;
  /** Where the token microservice takes a username and a password. It has no flow of RFC 6749. */
  readonly signInEndpoint?: string | undefined;
}

type Surroundings = Pick<JwksManager, 'fetch' | 'monotonic' | 'timers'>;

const longestTrust = 24 * 60 * 60 * 1000;

/**
 * Finds the endpoints of one server's issuers. An issuer that cannot be reached is tried again after `jwksCooldown`,
 * not for every document.
 */
export class IssuerEndpoints {
  readonly #issuers: readonly OneIssuer[];

  constructor(settings: Settings, surroundings: Surroundings) {
    const asked = issuerSettings(settings).filter(
      ({ issuerUrl, allowInsecureUrls }) => issuerUrl !== undefined && isAskable(issuerUrl, allowInsecureUrls),
    );
    this.#issuers = asked.map(one => new OneIssuer(one, surroundings));
  }

  /**
   * Returns the issuers, and never rejects: endpoints that cannot be found are left out. Takes at most `jwksTimeout`.
   */
  async find(): Promise<readonly IssuerSignIn[]> {
    return Promise.all(this.#issuers.map(one => one.find()));
  }
}

class OneIssuer {
  readonly #issuer: string;
  #known: IssuerSignIn;
  #inFlight: Promise<IssuerSignIn> | undefined;
  #askAgainAt = -Infinity;

  constructor(
    private readonly settings: Settings,
    private readonly surroundings: Surroundings,
  ) {
    this.#issuer = settings.issuerUrl ?? '';
    this.#known = { issuer: this.#issuer, signIn: undefined };
  }

  async find(): Promise<IssuerSignIn> {
    if (this.surroundings.monotonic() < this.#askAgainAt) return this.#known;
    this.#inFlight ??= this.#discover().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #discover(): Promise<IssuerSignIn> {
    const { jwksTimeout, jwksCooldown, logger } = this.settings;
    const deadline = new Deadline(jwksTimeout, this.surroundings.timers, new AbortController().signal);
    let trust = longestTrust;
    try {
      this.#known = { issuer: this.#issuer, ...this.#waysIn(await this.#metadata(deadline.signal)) };
    } catch (failure) {
      // Keeps the endpoints that were found before.
      trust = jwksCooldown * 1000;
      const reason = failure instanceof FetchFailure ? failure.message : undefined;
      logger.warn("The issuer's metadata cannot be fetched: the OpenAPI document may lack its sign-in", {
        issuer: this.#issuer,
        reason,
      });
    } finally {
      deadline.end();
      this.#askAgainAt = this.surroundings.monotonic() + trust;
    }
    return this.#known;
  }

  #metadata(signal: AbortSignal): Promise<IssuerMetadata | undefined> {
    const { fetch } = this.surroundings;
    const ask: Ask = async url => (await fetchJson(url, { fetch, signal })).document;
    return discoverMetadata(this.#issuer, ask);
  }

  // Users click on these URLs in a page, so they must be https:, unless the settings allow another URL.
  #waysIn(found: IssuerMetadata | undefined): Omit<IssuerSignIn, 'issuer'> {
    const metadata = found?.metadata ?? {};
    const { authorization_endpoint: authorizationUrl, token_endpoint: tokenUrl } = metadata;
    if (this.#isRight(authorizationUrl) && this.#isRight(tokenUrl)) return { signIn: { authorizationUrl, tokenUrl } };
    const { sign_in_endpoint: signInEndpoint } = metadata;
    return { signIn: undefined, signInEndpoint: this.#isRight(signInEndpoint) ? signInEndpoint : undefined };
  }

  #isRight(url: unknown): url is string {
    if (typeof url !== 'string') return false;
    // An insecure issuer that the settings allow is trusted with URLs of its own origin.
    const isItsOwn = URL.canParse(url) && new URL(url).origin === new URL(this.#issuer).origin;
    return isItsOwn || mayFollow(url, this.#issuer, this.settings.allowInsecureUrls);
  }
}
