/** Uses the provider's endpoints through `openid-client`: for the two steps of a login, and to identify an access token. */
import type * as OpenIdClient from 'openid-client';
import { ImproperlyConfigured, ServiceUnavailable } from '../../core/http/exceptions';
import type { Logger } from '../../core/settings/logger';
import { withSynonyms } from '../../core/jws/signature';
import { SteadyClock } from '../../core/time/steady-clock';
import { isLoopback } from '../../core/http/urls';
import type { ProviderTokens } from './identity';
import type { LoginTicket } from './login-ticket';
import type { ProviderDefinition } from './provider-options';
import { IdentityRefused } from './refusal';

type Library = typeof OpenIdClient;

export interface ServerSurroundings {
  readonly fetch: typeof globalThis.fetch;
  /** Measures how long endpoints are cached, in milliseconds. */
  readonly clock: () => number;
  readonly logger: Logger;
}

/** The time limit of one request to the provider, in seconds. */
const longestRequest = 5;
/** Milliseconds for which endpoints, and a failure to discover them, are cached. */
const trust = 24 * 60 * 60 * 1000;
const pause = 5000;

interface Asked {
  readonly answer: Promise<OpenIdClient.Configuration>;
  until: number;
}

/** A provider's authorization server. Fetches its metadata once a day, or every few seconds while that fails. */
export class AuthorizationServer {
  readonly #steady = new SteadyClock(() => this.surroundings.clock);
  #asked: Asked | undefined;

  constructor(
    private readonly provider: ProviderDefinition,
    private readonly surroundings: ServerSurroundings,
  ) {}

  /**
   * Returns the URL where the user logs in.
   *
   * @throws ServiceUnavailable if the provider is unavailable
   */
  async authorizationUrl(redirectUri: string, { state, nonce, verifier }: LoginTicket): Promise<string> {
    const library = await load();
    const parameters = {
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: (this.provider.scopes ?? ['openid', 'email', 'profile']).join(' '),
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    };
    return library.buildAuthorizationUrl(await this.#configuration(library), parameters).href;
  }

  /**
   * Exchanges the code of an answer for the ID token. Checks the answer's `state` and, if required, its `iss`.
   *
   * @param answer the URL of the callback, as the browser requested it
   * @throws IdentityRefused if the answer does not belong to this login, or the provider refuses
   * @throws ServiceUnavailable if the provider is unavailable
   */
  async redeem(answer: URL, { state, nonce, verifier }: LoginTicket): Promise<ProviderTokens> {
    const library = await load();
    const configuration = await this.#configuration(library);
    try {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
      const tokens = await library.authorizationCodeGrant(configuration, answer, checks);
      // The access token is not needed, and is discarded.
      return { id_token: tokens.id_token ?? '', nonce };
    } catch (error) {
      throw this.#refusalFor(error, library);
    }
  }

  /**
   * Checks at the userinfo endpoint that the access token belongs to this subject (OpenID Connect Core §5.3).
   *
   * @throws IdentityRefused if it does not, or the provider has no such endpoint
   * @throws ServiceUnavailable if the provider is unavailable
   */
  async requireSubject(accessToken: string, subject: string): Promise<void> {
    requireSendable(accessToken);
    const library = await load();
    const configuration = await this.#configuration(library);
    if (configuration.serverMetadata().userinfo_endpoint === undefined)
      throw new IdentityRefused('The access token cannot be verified: leave it out', 'token_hash');
    try {
      await library.fetchUserInfo(configuration, accessToken, subject);
    } catch (error) {
      if (isOutage(error, library)) throw this.#unavailable(error);
      throw new IdentityRefused("The access token is not good, or somebody else's", 'token_subject');
    }
  }

  #configuration(library: Library): Promise<OpenIdClient.Configuration> {
    if (this.#asked !== undefined && this.#steady.now() < this.#asked.until) return this.#asked.answer;
    const asked: Asked = { answer: this.#discover(library), until: this.#steady.now() + trust };
    asked.answer.catch(() => {
      asked.until = this.#steady.now() + pause;
    });
    this.#asked = asked;
    return asked.answer;
  }

  async #discover(library: Library): Promise<OpenIdClient.Configuration> {
    const { issuer, clientId, clientSecret, algorithms = ['RS256'] } = this.provider;
    const [algorithm, second] = withSynonyms(algorithms);
    // If an algorithm has two names, the provider's metadata say which one to expect. The rules about ID tokens decide
    // in any case.
    const metadata = second === undefined ? { id_token_signed_response_alg: algorithm } : {};
    const credentials = clientSecret === undefined ? library.None() : library.ClientSecretBasic(clientSecret);
    // Plain HTTP is used for loopback hosts only; the provider's options accept no other.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated only to stand out
    const execute = isLoopback(new URL(issuer)) ? [library.allowInsecureRequests] : [];
    const options = { [library.customFetch]: this.#fetch(), timeout: longestRequest, execute };
    try {
      return await library.discovery(new URL(issuer), clientId, metadata, credentials, options);
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #fetch(): OpenIdClient.CustomFetch {
    return (url, options) => this.surroundings.fetch(url, options);
  }

  #refusalFor(error: unknown, library: Library): Error {
    // The token endpoint does not accept the client's credentials (RFC 6749 §5.2).
    if (error instanceof library.WWWAuthenticateChallengeError) return this.#refusedClient(`status ${error.status}`);
    if (error instanceof library.ResponseBodyError) return this.#refusalOfCode(error);
    if (error instanceof library.AuthorizationResponseError)
      return new IdentityRefused('The identity provider refused the login', 'login_refused');
    if (isOutage(error, library)) return this.#unavailable(error);
    return new IdentityRefused('The login is not one that began here', 'login_unknown');
  }

  #refusalOfCode({ error, status }: OpenIdClient.ResponseBodyError): Error {
    if (status >= 500) return this.#unavailable(new Error(`The token endpoint answers with status ${status}`));
    if (error === 'invalid_client' || error === 'unauthorized_client') return this.#refusedClient(error);
    return new IdentityRefused('The identity provider refused the login', 'login_refused');
  }

  #refusedClient(why: string): ImproperlyConfigured {
    return new ImproperlyConfigured(
      `The identity provider '${this.provider.name}' refuses the client (${why}): check its 'clientId' and 'clientSecret'.`,
    );
  }

  #unavailable(error: unknown): ServiceUnavailable {
    const { name, code } = error as { name?: string; code?: string };
    const { logger } = this.surroundings;
    logger.error('An identity provider cannot be reached', { provider: this.provider.name, reason: code ?? name });
    return new ServiceUnavailable('The identity provider cannot be reached at the moment', pause / 1000);
  }
}

// Visible ASCII: more than RFC 6750 §2.1 allows, because some providers do. `fetch` throws for other characters in a
// header field, as it does for an unreachable provider.
function requireSendable(accessToken: string): void {
  if (!/^[\x21-\x7e]+$/.test(accessToken))
    throw new IdentityRefused('The access token has characters that no access token has', 'token_subject');
}

// Errors that mean that the provider did not answer. Any other error means that its answer is not acceptable.
const outages: readonly string[] = [
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
];

function isOutage(error: unknown, library: Library): boolean {
  return !isAnswer(error, library) && !(error instanceof library.ClientError && !outages.includes(error.code ?? ''));
}

function isAnswer(error: unknown, library: Library): boolean {
  const { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } = library;
  const isOne = [AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError].find(
    kind => error instanceof kind,
  );
  return isOne !== undefined;
}

/** @throws ImproperlyConfigured if the package is not installed, or too old */
async function load(): Promise<Library> {
  return requireVersion6(await imported());
}

async function imported(): Promise<object> {
  try {
    return await import('openid-client');
  } catch (error) {
    throw new ImproperlyConfigured("Asking an identity provider needs the package 'openid-client': install it.", {
      cause: error,
    });
  }
}

/**
 * Checks the version. The app may need an older `openid-client` for itself, so that is not an error at install time.
 *
 * @throws ImproperlyConfigured for a version before 6, which has other functions
 */
export function requireVersion6(library: object): Library {
  if ('discovery' in library) return library as Library;
  throw new ImproperlyConfigured(
    "Asking an identity provider needs version 6 or newer of the package 'openid-client', and an older one is installed: npm install openid-client@6.",
  );
}
