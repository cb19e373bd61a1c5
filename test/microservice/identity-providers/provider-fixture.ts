/** A provider on this machine, and ID tokens of it as a test wants them. */
import { createHash } from 'node:crypto';
import { MemoryUserStore } from '../../../src/microservice/users/memory-user-store';
import { IdentityProvider } from '../../../src/microservice/identity-providers/identity-provider';
import type { ProviderOptions } from '../../../src/microservice/identity-providers/provider-options';
import { IdentityRefused } from '../../../src/microservice/identity-providers/refusal';
import {
  SocialExchange,
  type SocialExchangeOptions,
} from '../../../src/microservice/identity-providers/social-exchange';
import { RecordingLogger } from '../../issuer/recording-logger';
import { signed, TestIssuer, type SigningKey } from '../../issuer/test-issuer';

export const clientId = 'client-1';

/** `generic`: an OpenID provider by discovery; `cognito`: one that marks its tokens as Cognito does. */
export type Kind = 'generic' | 'cognito';

export class ProviderFixture {
  readonly users = new MemoryUserStore();
  readonly logger = new RecordingLogger();
  readonly #open: IdentityProvider[] = [];

  private constructor(
    readonly issuer: TestIssuer,
    readonly kind: Kind,
  ) {}

  static async start(kind: Kind = 'generic'): Promise<ProviderFixture> {
    const fixture = new ProviderFixture(await TestIssuer.start(), kind);
    if (kind === 'cognito') fixture.issuer.server.modes.set('/pool_1/.well-known/jwks.json', { is: 'ok' });
    return fixture;
  }

  /** The issuer as it stands in tokens. */
  get iss(): string {
    return this.kind === 'cognito' ? `${this.issuer.url}/pool_1` : this.issuer.url;
  }

  provider(options: Partial<ProviderOptions> = {}): IdentityProvider {
    const choice =
      this.kind === 'cognito'
        ? { provider: 'aws', region: 'eu-central-1', userPool: 'pool_1', endpoint: this.issuer.url }
        : { provider: 'oidc', issuer: this.issuer.url };
    const all = { ...choice, clientId, algorithms: ['ES256'], ...options } as ProviderOptions;
    const provider = new IdentityProvider(all, { logger: this.logger });
    this.#open.push(provider);
    return provider;
  }

  exchange(options: Partial<ProviderOptions> = {}, more: SocialExchangeOptions = {}): SocialExchange {
    return new SocialExchange([this.provider(options)], this.users, { logger: this.logger, ...more });
  }

  idToken(claims: object = {}, header: object = {}, key: SigningKey = this.issuer.key): string {
    const mark = this.kind === 'cognito' ? { token_use: 'id' } : {};
    const good = { sub: 'ged-1', email: 'ged@example.com', email_verified: true, ...mark };
    return this.#signed({ aud: clientId, ...good, ...claims }, header, key);
  }

  accessToken(claims: object = {}, header: object = {}, key: SigningKey = this.issuer.key): string {
    const mark = this.kind === 'cognito' ? { token_use: 'access' } : { aud: 'https://api.example.com' };
    return this.#signed({ sub: 'ged-1', client_id: clientId, ...mark, ...claims }, header, key);
  }

  async close(): Promise<void> {
    for (const provider of this.#open) provider.close();
    await this.issuer.close();
  }

  #signed(claims: object, header: object, key: SigningKey): string {
    const now = Math.floor(Date.now() / 1000);
    const all = Object.entries({ iss: this.iss, iat: now, exp: now + 300, ...claims });
    // A time is counted from when the token is made, not from when its test was written down.
    const made = all.map(([name, value]) => [name, typeof value === 'function' ? (value as () => unknown)() : value]);
    return signed({ alg: key.alg, kid: key.kid, ...header }, Object.fromEntries(made) as object, key);
  }
}

export function atHash(token: string, hash = 'sha256'): string {
  const digest = createHash(hash).update(token).digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** The reason of a refusal; everything else is a failure of the test. */
export async function refusalOf(trying: Promise<unknown>): Promise<string> {
  try {
    return `accepted: ${JSON.stringify(await trying)}`;
  } catch (error) {
    if (error instanceof IdentityRefused && error.httpCode === 401) return error.reason;
    throw error;
  }
}
