/** A client assertion names the algorithm of the configured key, because an issuer may know only one of its names. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { importJWK, jwtVerify, type JWK } from 'jose';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { createExpressServer, IntrospectionAuthentication, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';

@JsonController('/shelf')
class ShelfController {
  authenticationClasses = [IntrospectionAuthentication];

  @Get('/')
  list() {
    return { books: 1 };
  }
}

function jwkOf(alg: string): JWK {
  const [type, options] = alg.startsWith('Ed')
    ? ['ed25519', {}]
    : alg.startsWith('ES')
      ? ['ec', { namedCurve: 'P-256' }]
      : ['rsa', { modulusLength: 2048 }];
  const { privateKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string });
  return { ...(privateKey.export({ format: 'jwk' }) as JWK), alg };
}

describe('regression: a client assertion had another algorithm in its header than the key', () => {
  let issuer: Server;
  let url: string;
  let jwk: JWK;
  let seen: unknown;

  before(async () => {
    issuer = createServer((asked, response) => {
      void isClient(asked).then(isGood => {
        response.writeHead(isGood ? 200 : 401, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ active: true, sub: 'alice', aud: 'api', token_type: 'Bearer' }));
      });
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  });
  after(() => {
    issuer.close();
    issuer.closeAllConnections();
  });

  /** Verifies the assertion, as an issuer that knows the algorithm only by the name in the JWK. */
  async function isClient(asked: IncomingMessage): Promise<boolean> {
    const assertion = new URLSearchParams(await text(asked)).get('client_assertion') ?? '';
    const { kty, crv, x, y, n, e, alg = '' } = jwk;
    const publicKey = await importJWK({ kty, crv, x, y, n, e }, alg);
    try {
      const { protectedHeader } = await jwtVerify(assertion, publicKey, { algorithms: [alg], subject: 'client' });
      seen = protectedHeader;
      return true;
    } catch {
      return false;
    }
  }

  async function statusWith(members: object): Promise<number> {
    const axioms = {
      audience: 'api',
      issuerUrl: url,
      jwksUrl: `${url}/jwks`,
      jwksPrefetch: false,
      introspectionUrl: `${url}/introspect`,
      introspectionClientId: 'client',
      introspectionClientKey: { ...jwk, ...members } as never,
      logger: new RecordingLogger(),
    };
    const app = createExpressServer({ controllers: [ShelfController], axioms });
    const { status } = await request(app).get('/shelf').set('Authorization', 'Bearer opaque');
    (app.locals.axioms as AxiomsServer).close();
    return status;
  }

  for (const alg of ['EdDSA', 'Ed25519', 'ES256', 'RS256', 'PS384'])
    for (const members of [{}, { kid: 'c1' }])
      it(`is accepted by an issuer that knows only ${alg}, with the members ${JSON.stringify(members)}`, async () => {
        jwk = jwkOf(alg);
        expect(await statusWith(members)).to.equal(200);
        expect(seen).to.deep.equal({ alg, ...members });
      });
});
