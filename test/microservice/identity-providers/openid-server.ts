/** A real OpenID provider (oidc-provider) on this machine, which logs every user in at once. */
import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import type { Configuration } from 'oidc-provider';
import { loadProvider } from '../../../demo/authorization-server/provider';
import { memoryAdapter } from '../../../demo/authorization-server/memory-adapter';
import { listenOn } from '../../../demo/listening';

export interface Client {
  readonly id: string;
  /** Without one the client is public. */
  readonly secret?: string;
  readonly redirectUri: string;
}

export class OpenIdServer {
  /** Who logs in next; `null`: nobody, they give up. */
  person: string | null = 'ged';
  /** Claims of everybody beside `sub`. */
  claims: Record<string, unknown> = { email: 'ged@example.com', email_verified: true, preferred_username: 'ged' };

  private constructor(
    readonly url: string,
    readonly close: () => Promise<void>,
  ) {}

  static async start(clients: readonly Client[]): Promise<OpenIdServer> {
    const { server, url, close } = await listenOn(0);
    const self = new OpenIdServer(url, close);
    const Provider = await loadProvider();
    const provider = new Provider(url, await self.#configuration(clients));
    provider.use(async (context, next) => {
      if (!context.path.startsWith('/interaction/')) {
        await next();
        return;
      }
      const result = self.person === null ? { error: 'access_denied' } : { login: { accountId: self.person } };
      await provider.interactionFinished(context.req, context.res, result);
    });
    const answer = provider.callback();
    server.on('request', (request, response) => void answer(request, response));
    return self;
  }

  async #configuration(clients: readonly Client[]): Promise<Configuration> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    return {
      adapter: memoryAdapter(),
      jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'o1', alg: 'RS256', use: 'sig' }] },
      cookies: { keys: [randomBytes(32).toString('base64url')] },
      clients: clients.map(({ id, secret, redirectUri }) => ({
        client_id: id,
        redirect_uris: [redirectUri],
        ...(secret === undefined ? { token_endpoint_auth_method: 'none' } : { client_secret: secret }),
      })),
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: false } },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...this.claims }) }),
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({
          clientId: oidc.client!.clientId,
          accountId: oidc.session!.accountId!,
        });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
      renderError: (context, { error, error_description }) => {
        context.body = [error, error_description].join(': ');
      },
      ttl: { AccessToken: 3600, Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600 },
    };
  }
}
