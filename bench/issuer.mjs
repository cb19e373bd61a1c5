/** An issuer on the loopback interface: metadata and keys over HTTP. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { algorithms } from './tokens.mjs';

export async function startIssuer(keys) {
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents()[request.url] ?? {}));
  });
  const documents = () => ({ '/keys': { keys: keys.map(({ jwk }) => jwk) }, [metadataPath]: metadata(urlOf(server)) });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: urlOf(server), jwksUrl: `${urlOf(server)}/keys`, close: () => server.close() };
}

const metadataPath = '/.well-known/openid-configuration';

function metadata(issuer) {
  return { issuer, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: algorithms };
}

function urlOf(server) {
  return `http://127.0.0.1:${server.address().port}`;
}
