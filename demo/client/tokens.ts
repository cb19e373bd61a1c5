/** How an app gets an access token: a person's by signing in, a program's by its own credentials. */
import * as oauth from 'oauth4webapi';
import type { ClientMetadata } from 'oidc-provider';
import { accounts, API, type AccountName, type Person } from '../accounts';
import { machineClient, webClient } from '../authorization-server/clients';
import { Browser } from './browser';
import type { ProofKey } from './proof-key';

// Plain HTTP is for loopback only.
// eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated only to stand out
const onLoopback = { [oauth.allowInsecureRequests]: true };

/** An app that people sign in to, as the authorization server knows it; without a secret it is a public one. */
export type App = Pick<ClientMetadata, 'client_id' | 'client_secret' | 'id_token_signed_response_alg'> & {
  readonly redirect_uris: string[];
};

export interface Asked {
  readonly scopes?: readonly string[];
  readonly resource?: string;
  /** Where the person signs in, or has signed in before; default: a new one. */
  readonly browser?: Browser;
  /** The key that the token shall be bound to. */
  readonly key?: ProofKey;
}

export function tokenOf(name: AccountName, issuerUrl: string): Promise<string> {
  return name === 'machine' ? machineToken(issuerUrl) : personToken(issuerUrl, name);
}

/** Authorization code with PKCE: RFC 6749 §4.1, RFC 7636. */
export async function personToken(issuerUrl: string, person: Person, asked: Asked = {}): Promise<string> {
  const { scopes = accounts[person].scopes, resource = API, browser, key } = asked;
  const tokens = await tokensOf(issuerUrl, person, { scope: scopes.join(' '), resource }, { browser, key });
  return tokens.access_token;
}

/** What says to an app who it is that has signed in (OpenID Connect Core §2). */
export async function idTokenOf(issuerUrl: string, person: Person, app: App = webClient(issuerUrl)): Promise<string> {
  return (await tokensOf(issuerUrl, person, { scope: 'openid email profile' }, { app })).id_token!;
}

/** All that an app gets. */
export async function tokensOf(
  issuerUrl: string,
  person: Person,
  asked: Record<string, string>,
  { app, browser = new Browser(), key }: { app?: App; browser?: Browser | undefined; key?: ProofKey | undefined } = {},
): Promise<oauth.TokenEndpointResponse> {
  const web = await WebApp.at(issuerUrl, app, key);
  return web.tokens(await browser.signIn(await web.authorizationUrl(asked), person, web.redirectUri));
}

/** Client credentials: RFC 6749 §4.4. */
export async function machineToken(issuerUrl: string): Promise<string> {
  const server = await discover(issuerUrl);
  const secret = oauth.ClientSecretBasic(machineClient.client_secret);
  const asked = { scope: machineClient.scope };
  const response = await oauth.clientCredentialsGrantRequest(server, machineClient, secret, asked, onLoopback);
  return (await oauth.processClientCredentialsResponse(server, machineClient, response)).access_token;
}

/** One sign-in, from the link to the token. */
class WebApp {
  readonly #verifier = oauth.generateRandomCodeVerifier();
  readonly #state = oauth.generateRandomState();

  private constructor(
    private readonly server: oauth.AuthorizationServer,
    private readonly client: App,
    private readonly key: ProofKey | undefined,
  ) {}

  static async at(issuerUrl: string, client: App = webClient(issuerUrl), key?: ProofKey): Promise<WebApp> {
    return new WebApp(await discover(issuerUrl), client, key);
  }

  get redirectUri(): string {
    return this.client.redirect_uris[0]!;
  }

  async authorizationUrl(asked: Record<string, string>): Promise<URL> {
    const url = new URL(this.server.authorization_endpoint!);
    url.search = new URLSearchParams({
      ...asked,
      response_type: 'code',
      client_id: this.client.client_id,
      redirect_uri: this.redirectUri,
      state: this.#state,
      code_challenge: await oauth.calculatePKCECodeChallenge(this.#verifier),
      code_challenge_method: 'S256',
    }).toString();
    return url;
  }

  async tokens(callback: URL): Promise<oauth.TokenEndpointResponse> {
    const { server, client, redirectUri, key } = this;
    const { client_secret: secret } = client;
    const parameters = oauth.validateAuthResponse(server, client, callback, this.#state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret),
      parameters,
      redirectUri,
      this.#verifier,
      key === undefined ? onLoopback : { ...onLoopback, DPoP: oauth.DPoP({}, key.pair) },
    );
    return oauth.processAuthorizationCodeResponse(server, client, response);
  }
}

export async function discover(issuerUrl: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(issuerUrl);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, onLoopback));
}
