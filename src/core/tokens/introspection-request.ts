/** Sends one request to an introspection endpoint (RFC 7662 §2), and verifies signed answers (RFC 9701). */
import type { Client, ClientAuth } from 'oauth4webapi';
import { FetchFailure, fetchWhole, largestBody, type FetchBounds, type JsonObject } from '../http/bounded-fetch';
import { parseCompactJws } from '../jws/compact-jws';
import type { JwksManager } from '../issuers/jwks-manager';
import type { Settings } from '../settings/settings';
import { keyThatSigned } from './signed-by';

// Loaded for the first request, so that an API without introspection does not pay for it at startup.
type OAuth = typeof import('oauth4webapi');
type SigningKey = Extract<Parameters<OAuth['PrivateKeyJwt']>[0], { key: unknown }>['key'];

/**
 * Returns the endpoint's answer about a token. If the answer is signed, the signature is the issuer's.
 *
 * @throws FetchFailure if there is no answer that can be trusted. Its text has nothing of the answer or the token.
 */
export async function askAbout(
  token: string,
  endpoint: string,
  { settings, keys, ...bounds }: FetchBounds & { readonly settings: Settings; readonly keys: JwksManager },
): Promise<JsonObject> {
  const oauth = await import('oauth4webapi');
  const server = metadata(endpoint, settings);
  const client: Client = { client_id: settings.introspectionClientId as string };
  const response = await oauth.introspectionRequest(server, client, await authentication(settings, oauth), token, {
    requestJwtResponse: settings.introspectionResponse === 'jwt',
    additionalParameters: { token_type_hint: 'access_token' },
    // The settings decide which URLs need no TLS: loopback, and those in `allowInsecureUrls`.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is marked so to be seen
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (url: string, init: RequestInit) => fetchWhole(url, init, bounds),
  });
  await checkSignature(response.clone(), endpoint, settings, keys);
  return read(oauth, response, server, client);
}

function metadata(endpoint: string, { issuerUrl, algorithms }: Settings) {
  return {
    issuer: issuerUrl ?? endpoint,
    introspection_endpoint: endpoint,
    introspection_signing_alg_values_supported: [...algorithms],
  };
}

async function authentication(settings: Settings, oauth: OAuth): Promise<ClientAuth> {
  const { introspectionClientSecret: secret, introspectionClientKey: jwk, introspectionClientAuth } = settings;
  if (secret !== undefined)
    return introspectionClientAuth === 'client_secret_post'
      ? oauth.ClientSecretPost(secret)
      : oauth.ClientSecretBasic(secret);
  const { importJWK } = await import('jose');
  const { kid, ...key } = jwk as NonNullable<typeof jwk>;
  const imported = (await importJWK(key, key.alg)) as SigningKey;
  return oauth.PrivateKeyJwt(kid === undefined ? imported : { key: imported, kid }, {
    // The library names every Ed25519 key `Ed25519`; an issuer may know only the name of the JWK, `EdDSA` (RFC 9864).
    [oauth.modifyAssertion]: header => {
      header.alg = key.alg;
    },
  });
}

// Uses only the message of the library's error, because its cause has the answer.
async function read(
  oauth: OAuth,
  response: Response,
  server: ReturnType<typeof metadata>,
  client: Client,
): Promise<JsonObject> {
  try {
    return await oauth.processIntrospectionResponse(server, client, response);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the answer cannot be read';
    throw new FetchFailure('content', server.introspection_endpoint, reason);
  }
}

const signedType = 'application/token-introspection+jwt';

// RFC 9701 §5, §8.1: if signed answers are configured, an unsigned one is refused; otherwise an attacker on the network
// could remove the signature.
async function checkSignature(
  response: Response,
  endpoint: string,
  { introspectionResponse, issuerUrl }: Settings,
  keys: JwksManager,
): Promise<void> {
  const isSigned = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() === signedType;
  if (!isSigned && introspectionResponse !== 'jwt') return;
  const isGood = isSigned && issuerUrl !== undefined && (await isSignedBy(issuerUrl, await response.text(), keys));
  if (!isGood) throw new FetchFailure('content', endpoint, 'the answer is not signed with a key of the issuer');
}

async function isSignedBy(issuer: string, jwt: string, keys: JwksManager): Promise<boolean> {
  try {
    const unverified = parseCompactJws(jwt, largestBody);
    const { header } = unverified;
    const { alg, kid } = header;
    if (typeof alg !== 'string' || typeof kid !== 'string' || 'crit' in header) return false;
    return (await keyThatSigned(unverified, { alg, kid }, keys, issuer)) !== undefined;
  } catch {
    // The answer is malformed, its key is unknown, or the keys are unavailable: it cannot be trusted.
    return false;
  }
}
