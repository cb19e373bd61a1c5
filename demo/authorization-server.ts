/** A real OAuth 2.0 and OpenID Connect server for the demo: panva's oidc-provider, with everything in memory. */
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Configuration } from 'oidc-provider';
import { API, API_SCOPES, isPerson, type Person } from './accounts';
import { BackChannel, complainOfFailures } from './authorization-server/back-channel';
import {
  apiClient,
  browserClients,
  machineClient,
  microserviceClient,
  webClient,
} from './authorization-server/clients';
import { loginPage, loginUrl } from './authorization-server/login-page';
import { logoutPages } from './authorization-server/logout-page';
import { memoryAdapter } from './authorization-server/memory-adapter';
import { loadProvider } from './authorization-server/provider';
import { furtherClaims, grantWhatTheAccountHas, resourceServer } from './authorization-server/tokens';
import { listenOn } from './listening';

export interface AuthorizationServer {
  readonly url: string;
  /** The holder of this key can sign tokens that the API accepts; `demo:check` signs an expired one. */
  readonly signingKey: JWK;
  /** From now on the authorization server reports every logout to the API there. */
  tellLogouts(apiUrl: string): void;
  close(): Promise<void>;
}

export async function startAuthorizationServer(port: number): Promise<AuthorizationServer> {
  const signingKey = await newSigningKey();
  const { server, url, close } = await listenOn(port);
  const Provider = await loadProvider();
  const backChannel = new BackChannel();
  const provider = new Provider(url, { ...configuration(url, signingKey), fetch: backChannel.fetch });
  complainOfFailures(provider);
  provider.use(loginPage(provider));
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return { url, signingKey, tellLogouts: apiUrl => void (backChannel.apiUrl = apiUrl), close };
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: 'demo', alg: 'ES256', use: 'sig' };
}

const AN_HOUR = 3600;

const lifetimes = {
  AccessToken: AN_HOUR,
  ClientCredentials: AN_HOUR,
  Grant: AN_HOUR,
  IdToken: AN_HOUR,
  Interaction: AN_HOUR,
  Session: AN_HOUR,
};

function configuration(issuerUrl: string, signingKey: JWK): Configuration {
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [signingKey] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    clients: [webClient(issuerUrl), machineClient, apiClient, microserviceClient, ...browserClients],
    // They get their tokens from pages of the API.
    clientBasedCORS: (_ctx, _origin, { clientId }) => browserClients.some(({ client_id }) => client_id === clientId),
    scopes: API_SCOPES,
    features,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
    // ID tokens say it themselves, and nobody has to ask.
    conformIdTokenClaims: false,
    findAccount: (_ctx, id) => (isPerson(id) ? { accountId: id, claims: () => claimsOf(id) } : undefined),
    loadExistingGrant: grantWhatTheAccountHas,
    extraTokenClaims: (_ctx, token) => furtherClaims(token),
    interactions: { url: (_ctx, { uid }) => loginUrl(uid) },
    renderError: (ctx, { error, error_description }) => {
      ctx.body = [error, error_description].join(': ');
    },
    ttl: lifetimes,
  };
}

function claimsOf(name: Person) {
  return { sub: name, preferred_username: name, email: `${name}@demo.example`, email_verified: true };
}

const features: Configuration['features'] = {
  backchannelLogout: { enabled: true },
  clientCredentials: { enabled: true },
  devInteractions: { enabled: false },
  // A client that shows a key gets a token that is bound to it (RFC 9449).
  dPoP: { enabled: true },
  introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === apiClient.client_id },
  revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
  rpInitiatedLogout: { enabled: true, ...logoutPages },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => API,
    getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
    useGrantedResource: () => true,
  },
};
