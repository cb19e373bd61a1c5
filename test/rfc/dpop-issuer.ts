/** A real authorization server that binds tokens to the key of a DPoP proof: panva's oidc-provider, in memory. */
import { generateKeyPairSync } from 'node:crypto';
import type { ClientMetadata, Configuration, ResourceServer } from 'oidc-provider';
import { memoryAdapter } from '../../demo/authorization-server/memory-adapter';
import { loadProvider } from '../../demo/authorization-server/provider';
import { listenOn, type Listening } from '../../demo/listening';

export const audience = 'https://api.example.com';

/** Which API a token is for, and so its form. */
export const resources = { jwt: audience, opaque: `${audience}/opaque` } as const;

export type Format = keyof typeof resources;

/** The API as a client that introspects, and the program that acts for itself. */
export const secret = 'a-secret-of-a-test';

export class DpopIssuer {
  private constructor(private readonly listening: Listening) {}

  static async start(): Promise<DpopIssuer> {
    const listening = await listenOn(0);
    const Provider = await loadProvider();
    const answer = new Provider(listening.url, configuration()).callback();
    listening.server.on('request', (request, response) => void answer(request, response));
    return new DpopIssuer(listening);
  }

  get url(): string {
    return this.listening.url;
  }

  /** The settings with which an API trusts it. */
  get settings() {
    return {
      audience,
      issuerUrl: this.url,
      // A program that acts for itself: the answers about its opaque tokens have no sub.
      introspectionSubjectClaims: ['sub', 'client_id'],
      introspectionClientId: 'api',
      introspectionClientSecret: secret,
    };
  }

  close(): Promise<void> {
    return this.listening.close();
  }
}

function configuration(): Configuration {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'EC', alg: 'ES256', kid: 'issuer', use: 'sig' }] },
    cookies: { keys: ['for a test'] },
    clients,
    scopes: ['book:read'],
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] },
    ttl: { ClientCredentials: 300 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_ctx, resource) => resourceServer(resource) },
    },
  };
}

const programs = { response_types: [], redirect_uris: [], id_token_signed_response_alg: 'ES256' } as const;

const clients = [
  { ...programs, client_id: 'api', client_secret: secret, grant_types: [] },
  {
    ...programs,
    client_id: 'app',
    client_secret: secret,
    grant_types: ['client_credentials'],
    scope: 'book:read',
  },
] as unknown as ClientMetadata[];

function resourceServer(resource: string): ResourceServer {
  const own = { audience, scope: 'book:read' };
  if (resource === resources.opaque) return { ...own, accessTokenFormat: 'opaque' };
  return { ...own, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
}
