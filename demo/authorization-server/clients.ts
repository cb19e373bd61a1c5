import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import { accounts } from '../accounts';
import { backChannel } from './back-channel';

/** New ones with each start; a second process of the API is handed them in its environment. */
export const clientSecrets = {
  DEMO_API_SECRET: process.env.DEMO_API_SECRET ?? newSecret(),
  DEMO_MACHINE_SECRET: process.env.DEMO_MACHINE_SECRET ?? newSecret(),
  DEMO_MICROSERVICE_SECRET: process.env.DEMO_MICROSERVICE_SECRET ?? newSecret(),
};

/** The app that people sign in to. It can keep no secret: PKCE proves that it is the same from step to step. */
export const webClient = (issuerUrl: string) =>
  ({
    client_id: 'web',
    redirect_uris: [`${issuerUrl}/callback`] as [string],
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: 'ES256',
    ...backChannel,
  }) satisfies ClientMetadata;

/** Swagger UI of the API. */
export const docsClient = browserClient('docs', '/docs/oauth2-redirect.html');

/** The page of the API. */
export const pageClient = browserClient('page', '/signed-in.html');

export const browserClients: readonly ClientMetadata[] = [docsClient, pageClient];

/** A page of the API, whose access tokens are for the API. */
function browserClient(id: string, path: string) {
  return { ...localClient(id, path), token_endpoint_auth_method: 'none', ...backChannel } satisfies ClientMetadata;
}

/** On this machine, at whatever port is free (RFC 8252 §7.3). */
function localClient(id: string, path: string) {
  return {
    client_id: id,
    application_type: 'native',
    redirect_uris: [`http://127.0.0.1${path}`, `http://localhost${path}`],
    id_token_signed_response_alg: 'ES256',
  } satisfies ClientMetadata;
}

/** The API's own microservice, which signs people in with this server's word for it. */
export const microserviceClient = {
  ...localClient('microservice', '/auth/callback/demo'),
  client_secret: clientSecrets.DEMO_MICROSERVICE_SECRET,
  token_endpoint_auth_method: 'client_secret_basic',
} satisfies ClientMetadata;

/** The apps that people sign in to. The API learns who logs out of them. */
export const signInClientIds = ['web', ...browserClients.map(({ client_id }) => client_id)];

/** A program that acts for itself. */
export const machineClient = {
  client_id: 'machine',
  client_secret: clientSecrets.DEMO_MACHINE_SECRET,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: accounts.machine.scopes.join(' '),
  id_token_signed_response_alg: 'ES256',
} satisfies ClientMetadata;

/** The API itself, which asks about tokens that only their issuer can read (RFC 7662). */
export const apiClient = {
  client_id: 'api',
  client_secret: clientSecrets.DEMO_API_SECRET,
  grant_types: [],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
} satisfies ClientMetadata;

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
