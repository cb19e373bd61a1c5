/** A real authorization server whose access tokens are opaque: panva's oidc-provider, in memory. */
import { generateKeyPairSync } from 'node:crypto';
import type { ClientMetadata, Configuration, default as Provider } from 'oidc-provider';
import { memoryAdapter } from '../../demo/authorization-server/memory-adapter';
import { loadProvider } from '../../demo/authorization-server/provider';
import { listenOn, type Listening } from '../../demo/listening';
import type { PrivateJwk } from '../../src/core/settings/kinds';
import { audience, silentLogger } from './test-issuer';

export const introspectionPath = '/token/introspection';

/** For the API as a client that proves itself with a key (RFC 7523). */
export const clientKey = privateJwk('client');

function privateJwk(kid: string): PrivateJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', kid };
}

export const clientSecret = 'a-secret-of-the-api: with %& characters';

const asks = { grant_types: [], redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' } as const;
const clientPublicKey = { ...clientKey, d: undefined };

const clients = [
  { ...asks, client_id: 'api', client_secret: clientSecret },
  {
    ...asks,
    client_id: 'api-post',
    client_secret: clientSecret,
    token_endpoint_auth_method: 'client_secret_post',
  },
  {
    ...asks,
    client_id: 'api-key',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [clientPublicKey] },
  },
  { ...asks, client_id: 'api-jwt', client_secret: clientSecret },
  {
    ...asks,
    client_id: 'app',
    client_secret: clientSecret,
    grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
    response_types: ['code'],
    redirect_uris: ['https://app.example.com/callback'],
    scope: 'openid offline_access book:read book:create',
  },
].map(client => ({ ...client, introspection_signed_response_alg: 'ES256' })) as unknown as ClientMetadata[];

export class OpaqueIssuer {
  /** Introspections it was asked for so far. */
  introspections = 0;

  private constructor(
    private readonly listening: Listening,
    private readonly provider: Provider,
  ) {}

  static async start(): Promise<OpaqueIssuer> {
    const listening = await listenOn(0);
    const Provider = await loadProvider();
    const provider = new Provider(listening.url, configuration());
    const issuer = new OpaqueIssuer(listening, provider);
    const answer = provider.callback();
    listening.server.on('request', (request, response) => {
      if (request.url === introspectionPath) issuer.introspections++;
      void answer(request, response);
    });
    return issuer;
  }

  get url(): string {
    return this.listening.url;
  }

  /** The settings with which an API trusts it. */
  get settings() {
    return {
      audience,
      issuerUrl: this.url,
      introspectionClientId: 'api',
      introspectionClientSecret: clientSecret,
      logger: silentLogger,
    };
  }

  /** An access token of alice's; with `aud: null` it is for no API in particular. */
  async accessToken(scope = 'book:read', aud: string | null = audience): Promise<string> {
    const { AccessToken } = this.provider;
    const token = new AccessToken({
      accountId: 'alice',
      client: await this.client(),
      grantId: await this.grantId(),
      gty: 'authorization_code',
      scope,
    } as never);
    if (aud !== null)
      Object.assign(token, { resourceServer: new this.provider.ResourceServer(aud, resourceServer(aud)) });
    return token.save();
  }

  async refreshToken(): Promise<string> {
    const { RefreshToken } = this.provider;
    const own = { accountId: 'alice', client: await this.client(), grantId: await this.grantId(), scope: 'book:read' };
    return new RefreshToken({ ...own, gty: 'authorization_code' } as never).save();
  }

  /** The token of a program that acts for itself, as the token endpoint gives it. */
  async machineToken(scope = 'book:read'): Promise<string> {
    const { access_token } = (await this.post('/token', { grant_type: 'client_credentials', scope })) as {
      access_token: string;
    };
    return access_token;
  }

  /** RFC 7009. */
  async revoke(token: string): Promise<void> {
    await this.post('/token/revocation', { token });
  }

  async close(): Promise<void> {
    await this.listening.close();
  }

  private async post(path: string, form: Record<string, string>): Promise<unknown> {
    const credentials = `app:${encodeURIComponent(clientSecret)}`;
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text === '' ? undefined : JSON.parse(text);
  }

  private async client() {
    return this.provider.Client.find('app');
  }

  private async grantId(): Promise<string> {
    return new this.provider.Grant({ accountId: 'alice', clientId: 'app' }).save();
  }
}

function resourceServer(aud: string) {
  return { audience: aud, scope: 'book:read book:create', accessTokenFormat: 'opaque' as const };
}

function configuration(): Configuration {
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [{ ...privateJwk('issuer'), use: 'sig' }] },
    cookies: { keys: ['for a test'] },
    clients,
    scopes: ['openid', 'offline_access', 'book:read', 'book:create'],
    enabledJWA: { introspectionSigningAlgValues: ['ES256'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: (_ctx, token) =>
      token.kind === 'AccessToken' ? { roles: ['editor'], permissions: ['book:write'] } : {},
    ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 300, Grant: 300 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_ctx, resource) => resourceServer(resource),
        useGrantedResource: () => true,
      },
    },
  };
}
