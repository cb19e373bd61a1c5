/** How an app gets an access token: a person's by signing in, a program's by its own credentials. */
import * as oauth from 'oauth4webapi';
import { accounts, API, type AccountName, type Person } from '../accounts';
import { machineClient, webClient } from '../authorization-server/clients';
import { Browser } from './browser';

// Deprecated so that it stands out: plain HTTP is for loopback only.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const onLoopback = { [oauth.allowInsecureRequests]: true };

export interface Asked {
  readonly scopes?: readonly string[];
  readonly resource?: string;
  /** Where the person signs in, or has signed in before; default: a new one. */
  readonly browser?: Browser;
}

export function tokenOf(name: AccountName, issuerUrl: string): Promise<string> {
  return name === 'machine' ? machineToken(issuerUrl) : personToken(issuerUrl, name);
}

/** Authorization code with PKCE: RFC 6749 §4.1, RFC 7636. */
export async function personToken(issuerUrl: string, person: Person, asked: Asked = {}): Promise<string> {
  const { scopes = accounts[person].scopes, resource = API, browser = new Browser() } = asked;
  const app = await WebApp.at(issuerUrl);
  const start = await app.authorizationUrl({ scope: scopes.join(' '), resource });
  return app.token(await browser.signIn(start, person, app.redirectUri));
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
    private readonly client: ReturnType<typeof webClient>,
  ) {}

  static async at(issuerUrl: string): Promise<WebApp> {
    return new WebApp(await discover(issuerUrl), webClient(issuerUrl));
  }

  get redirectUri(): string {
    return this.client.redirect_uris[0];
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

  async token(callback: URL): Promise<string> {
    const { server, client, redirectUri } = this;
    const parameters = oauth.validateAuthResponse(server, client, callback, this.#state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri,
      this.#verifier,
      onLoopback,
    );
    return (await oauth.processAuthorizationCodeResponse(server, client, response)).access_token;
  }
}

export async function discover(issuerUrl: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(issuerUrl);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, onLoopback));
}
