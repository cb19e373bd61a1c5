/** An identity provider whose tokens identify users. */
import { checkTimes } from '../../core/tokens/claim-rules';
import { parseCompactJws, type Claims, type UnverifiedToken } from '../../core/jws/compact-jws';
import { consoleLogger } from '../../core/settings/logger';
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { JwksManager } from '../../core/issuers/jwks-manager';
import type { KeyName } from '../../core/issuers/key-set';
import type { Logger } from '../../core/settings/logger';
import { defineSettings } from '../../core/settings/define-settings';
import type { Settings } from '../../core/settings/settings';
import { keyThatSigned } from '../../core/tokens/signed-by';
import { systemClock } from '../../core/time/steady-clock';
import { globalTimers, type Timers } from '../../core/time/timers';
import { checkAccessToken, isBoundByHash, type SignedClaims } from './access-token-rules';
import { AuthorizationServer } from './authorization-server';
import { checkHeader, checkIdToken, isIssuer } from './id-token-rules';
import type { ProviderTokens, VerifiedIdentity } from './identity';
import { defineProvider, type ProviderDefinition, type ProviderOptions } from './provider-options';
import { asRefusal, IdentityRefused } from './refusal';
import { identityOf } from './verified-identity';

/** The services that a provider uses. */
export interface ProviderSurroundings {
  /** Default: `globalThis.fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Milliseconds since 1970; default: `Date.now()`. */
  readonly clock?: () => number;
  readonly timers?: Timers;
  readonly logger?: Logger;
}

/**
 * Verifies the tokens of one provider in full, with its published keys. The keys are fetched when they are needed,
 * cached and refreshed. A token with an unknown key causes a refetch, at a limited rate.
 *
 * @example
 * const google = new IdentityProvider({ provider: 'google', clientId: '1234.apps.googleusercontent.com' });
 * const { issuer, subject } = await google.verify({ id_token });
 */
export class IdentityProvider {
  readonly definition: ProviderDefinition;
  /** The provider's endpoints, used for logins and for access tokens that do not identify their user. */
  readonly server: AuthorizationServer;
  readonly #settings: Settings;
  readonly #keys: JwksManager;
  readonly #clock: () => number;

  /** @throws ImproperlyConfigured for an unknown provider, and for missing, unknown or invalid options */
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

  /**
   * Fetches the keys before the first token, and keeps them fresh. Logs a failure. Optional: the first token fetches
   * them, too.
   */
  async start(): Promise<void> {
    await this.#keys.start();
  }

  /** Aborts running fetches. From now on `verify` throws `ServiceUnavailable` if it needs keys. */
  close(): void {
    this.#keys.close();
  }

  /** Returns whether the unverified claims name this provider as their issuer. */
  isNamedBy(claims: Claims): boolean {
    return isIssuer(claims['iss'], this.definition);
  }

  /**
   * Verifies the tokens and returns the identity that they prove. Checks that need no key come first.
   *
   * @throws IdentityRefused if a token is not acceptable, or a required e-mail address is not verified
   * @throws ServiceUnavailable if the provider's keys are needed and unavailable
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

  // An access token is meant for a resource server and need not be a JWT of this provider. Those of Cognito are.
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
