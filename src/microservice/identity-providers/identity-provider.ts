/** An identity provider whose tokens say who somebody is. */
import { checkTimes } from '../../core/claim-rules';
import { parseCompactJws, type Claims, type UnverifiedToken } from '../../core/compact-jws';
import { consoleLogger } from '../../core/console-logger';
import { ImproperlyConfigured } from '../../core/exceptions';
import { JwksManager } from '../../core/jwks-manager';
import type { KeyName } from '../../core/key-set';
import type { Logger } from '../../core/setting-kinds';
import { defineSettings, type Settings } from '../../core/settings';
import { keyThatSigned } from '../../core/signed-by';
import { systemClock } from '../../core/steady-clock';
import { globalTimers, type Timers } from '../../core/timers';
import { checkAccessToken, isBoundByHash, type SignedClaims } from './access-token-rules';
import { AuthorizationServer } from './authorization-server';
import { checkHeader, checkIdToken, isIssuer } from './id-token-rules';
import type { ProviderTokens, VerifiedIdentity } from './identity';
import { defineProvider, type ProviderDefinition, type ProviderOptions } from './provider-options';
import { asRefusal, IdentityRefused } from './refusal';
import { identityOf } from './verified-identity';

/** What a provider takes from its surroundings. */
export interface ProviderSurroundings {
  /** Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly timers?: Timers;
  readonly logger?: Logger;
}

/**
 * Verifies the tokens of one provider in full, with its keys as they are published: fetched when they are needed, kept,
 * refreshed, and asked for again, at a bounded rate, where a token names an unknown one.
 *
 * @example
 * const google = new IdentityProvider({ provider: 'google', clientId: '1234.apps.googleusercontent.com' });
 * const { issuer, subject } = await google.verify({ id_token });
 */
export class IdentityProvider {
  readonly definition: ProviderDefinition;
  /** Its endpoints; asked only for logins, and about access tokens that say nothing. */
  readonly server: AuthorizationServer;
  readonly #settings: Settings;
  readonly #keys: JwksManager;
  readonly #clock: () => number;

  /** @throws ImproperlyConfigured for an unknown provider, and for options that are missing, unknown or wrong. */
  constructor(options: ProviderOptions, surroundings: ProviderSurroundings = {}) {
    this.definition = defineProvider(options);
    this.#clock = surroundings.clock ?? systemClock;
    this.#settings = settingsOf(this.definition, surroundings.logger ?? consoleLogger);
    this.#keys = new JwksManager(this.#settings);
    this.#keys.fetch = surroundings.fetch ?? this.#keys.fetch;
    this.#keys.clock = this.#clock;
    this.#keys.timers = surroundings.timers ?? globalTimers;
    const { fetch } = this.#keys;
    this.server = new AuthorizationServer(this.definition, {
      fetch,
      clock: this.#clock,
      logger: this.#settings.logger,
    });
  }

  get name(): string {
    return this.definition.name;
  }

  /** Fetches the keys ahead of the first token, and keeps them fresh; a failure is logged. Without it they come with the first. */
  async start(): Promise<void> {
    await this.#keys.start();
  }

  /** Ends what is going on; from here on `verify` throws `ServiceUnavailable` where it needs keys. */
  close(): void {
    this.#keys.close();
  }

  /** Is the token one that this provider says it issued? Nothing is verified by this. */
  isNamedBy(claims: Claims): boolean {
    return isIssuer(claims['iss'], this.definition);
  }

  /**
   * Who the tokens are about. Checks that need no key come first.
   *
   * @throws IdentityRefused where a token is not acceptable, or the e-mail address is not verified and must be.
   * @throws ServiceUnavailable where the provider's keys are needed and cannot be had.
   */
  async verify({ id_token: token, access_token: accessToken, nonce }: ProviderTokens): Promise<VerifiedIdentity> {
    try {
      const idToken = await this.#verifyIdToken(token, nonce);
      if (accessToken !== undefined) await this.#verifyAccessToken(accessToken, idToken);
      return identityOf(idToken.claims, this.definition);
    } catch (error) {
      throw asRefusal(error, 'ID token');
    }
  }

  async #verifyIdToken(token: string, nonce: string | undefined): Promise<SignedClaims> {
    const unverified = parseCompactJws(token, this.#settings.maxTokenSize);
    const name = checkHeader(unverified.header, this.#settings.algorithms, ['jwt']);
    checkIdToken(unverified.claims, this.definition);
    checkTimes(unverified.claims, this.#settings, this.#clock());
    if (nonce !== undefined && unverified.claims['nonce'] !== nonce)
      throw new IdentityRefused('The ID token is not of this login', 'token_nonce');
    await this.#verifySignature(unverified, name);
    return { claims: unverified.claims, alg: name.alg };
  }

  async #verifyAccessToken(token: string, idToken: SignedClaims): Promise<void> {
    try {
      const isBound = isBoundByHash(token, idToken);
      const unverified = this.#readOwn(token);
      if (unverified !== undefined) await this.#verifyOwn(unverified, idToken.claims, isBound);
      else if (!isBound) await this.#askWhose(token, idToken.claims);
    } catch (error) {
      throw asRefusal(error, 'access token');
    }
  }

  async #askWhose(token: string, { sub }: Claims): Promise<void> {
    try {
      await this.server.requireSubject(token, sub as string);
    } catch (error) {
      if (!(error instanceof ImproperlyConfigured)) throw error;
      this.#settings.logger.warn('An access token was refused, because nobody can be asked about it', {
        provider: this.name,
        reason: error.message,
      });
      throw new IdentityRefused('The access token cannot be verified: leave it out', 'token_hash');
    }
  }

  // Access tokens are the business of whoever they are for, and need not be JWTs of the provider's; Cognito's are.
  #readOwn(token: string): UnverifiedToken | undefined {
    const isAlways = this.definition.kind === 'aws';
    try {
      const unverified = parseCompactJws(token, this.#settings.maxTokenSize);
      return isAlways || this.isNamedBy(unverified.claims) ? unverified : undefined;
    } catch (error) {
      if (isAlways) throw error;
      return undefined;
    }
  }

  async #verifyOwn(unverified: UnverifiedToken, idToken: Claims, isBound: boolean): Promise<void> {
    const name = checkHeader(unverified.header, this.#settings.algorithms, ['jwt', 'at+jwt']);
    checkAccessToken(unverified.claims, idToken, this.definition, isBound);
    checkTimes(unverified.claims, this.#settings, this.#clock());
    await this.#verifySignature(unverified, name);
  }

  async #verifySignature(unverified: UnverifiedToken, name: KeyName): Promise<void> {
    if ((await keyThatSigned(unverified, name, this.#keys)) === undefined)
      throw new IdentityRefused('The signature of the token is wrong', 'token_signature');
  }
}

function settingsOf(definition: ProviderDefinition, logger: Logger): Settings {
  const { clientId, issuer, jwksUrl, algorithms = ['RS256'], clockTolerance, maxTokenAge } = definition;
  return defineSettings({
    audience: clientId,
    issuerUrl: issuer,
    jwksUrl,
    algorithms,
    clockTolerance,
    maxTokenAge,
    logger,
  });
}
