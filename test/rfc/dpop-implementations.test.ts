/**
 * The rules of RFC 9449 for resource servers as a table, over HTTP: clients of other authors send the requests, and an
 * authorization server of another author issues the tokens and answers about opaque ones.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { expect } from 'chai';
import { exportJWK } from 'jose';
import { Get, JsonController, Post } from 'routing-controllers';
import {
  HasAccessTokenScopes,
  HasValidAccessToken,
  IntrospectionAuthentication,
  createExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { freePort } from '../free-port';
import { implementations, type DpopClient, type KeyPair, type Saying, type Sending, type Sent } from './dpop-clients';
import { DpopIssuer } from './dpop-issuer';

let handled = 0;

class Books {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book:read'];
  declare request: AxiomsRequest;
  @Get('/') list() {
    handled++;
    return { key: this.request.auth?.dpopKey };
  }
  @Post('/') create() {
    handled++;
    return { key: this.request.auth?.dpopKey };
  }
}

@JsonController('/jwt')
class JwtBooks extends Books {
  authenticationClasses = [HasValidAccessToken];
}

@JsonController('/opaque')
class OpaqueBooks extends Books {
  authenticationClasses = [IntrospectionAuthentication];
}

const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';
const now = (): number => Math.floor(Date.now() / 1000);

/** What a request differs in from a good one. */
type Change = (good: Sending, other: KeyPair) => Partial<Sending> | Promise<Partial<Sending>>;
type Row = readonly [section: string, title: string, saying: Saying, change: Change];

const accepted: readonly Row[] = [
  ['§7.1', 'a request with its proof', 'proven', () => ({})],
  ['§7.1', 'another method', 'proven', () => ({ method: 'POST' })],
  ['§4.3', 'a query, which the proof does not name', 'proven', ({ url }) => ({ url: `${url}?page=2` })],
  ['§4.3', 'a query and a fragment in htu', 'proven', ({ url }) => ({ proven: { htu: `${url}?page=1#part` } })],
  [
    '§4.3',
    'an htu of the same normal form',
    'proven',
    ({ url }) => ({ proven: { htu: url.replace('http:', 'HTTP:') } }),
  ],
  ['§4.3', 'a client whose clock is 30 seconds behind', 'claims', () => ({ claims: { iat: now() - 30 } })],
  ['§11.1', 'a client whose clock is 30 seconds ahead', 'claims', () => ({ claims: { iat: now() + 30 } })],
  ['§4.2', 'further claims', 'more', () => ({ claims: { exp: now() + 30, nbf: now() - 30 } })],
];

const refused: readonly (readonly [...Row, description: string])[] = [
  [
    '§4.3 3',
    'a proof without jti',
    'claims',
    () => ({ claims: { jti: undefined } }),
    'The DPoP proof has no usable jti',
  ],
  [
    '§4.3 3',
    'a proof without htm',
    'claims',
    () => ({ claims: { htm: undefined } }),
    'The DPoP proof is for another method',
  ],
  [
    '§4.3 3',
    'a proof without htu',
    'claims',
    () => ({ claims: { htu: undefined } }),
    'The DPoP proof is for another URL',
  ],
  [
    '§4.3 3',
    'a proof without iat',
    'claims',
    () => ({ claims: { iat: undefined } }),
    'The DPoP proof has no numeric iat',
  ],
  [
    '§4.3 4',
    'another type',
    'header',
    () => ({ header: { typ: 'JWT' } }),
    'The DPoP proof is not of the type dpop+jwt',
  ],
  [
    '§4.3 5',
    'no algorithm',
    'alg',
    () => ({ header: { alg: 'none' } }),
    'The algorithm of the DPoP proof is not accepted',
  ],
  ['§4.3 5', 'a MAC', 'alg', () => ({ header: { alg: 'HS256' } }), 'The algorithm of the DPoP proof is not accepted'],
  [
    '§4.3 6',
    'a signature by another key than the one that it names',
    'header',
    async ({ keyPair }, other) => ({ keyPair: other, header: { jwk: await publicMembersOf(keyPair) } }),
    'The signature of the DPoP proof is wrong',
  ],
  [
    '§4.3 7',
    'a private key in the proof',
    'header',
    async ({ keyPair }) => ({ header: { jwk: await exportJWK(keyPair.privateKey) } }),
    'The DPoP proof contains a private key',
  ],
  [
    '§4.3 8',
    'a proof for another method',
    'proven',
    () => ({ proven: { htm: 'POST' } }),
    'The DPoP proof is for another method',
  ],
  ['§4.3 9', 'a proof for another path', 'proven', at('/other'), 'The DPoP proof is for another URL'],
  [
    '§4.3 9',
    'a proof for another host',
    'proven',
    ({ url }) => ({ proven: { htu: url.replace('127.0.0.1', 'localhost') } }),
    'The DPoP proof is for another URL',
  ],
  [
    '§4.3 9',
    'a proof for another scheme',
    'proven',
    ({ url }) => ({ proven: { htu: url.replace('http:', 'https:') } }),
    'The DPoP proof is for another URL',
  ],
  ['§4.3 11', 'an old proof', 'claims', () => ({ claims: { iat: now() - 65 } }), 'The DPoP proof is too old'],
  [
    '§4.3 11',
    'a proof from the future',
    'claims',
    () => ({ claims: { iat: now() + 65 } }),
    'The DPoP proof was issued in the future',
  ],
  [
    '§4.2',
    'a proof whose exp has passed',
    'more',
    () => ({ claims: { exp: now() - 1 } }),
    'The DPoP proof is not valid at this time',
  ],
  [
    '§4.3 12',
    'a proof for another token',
    'proven',
    () => ({ proven: { token: 'x' } }),
    'The DPoP proof is for another access token',
  ],
  [
    '§4.3 12',
    'a proof for no token',
    'proven',
    () => ({ proven: { token: null } }),
    'The DPoP proof is for another access token',
  ],
  [
    '§4.3 12',
    'a proof by another key than that of the token',
    'proven',
    (_, other) => ({ keyPair: other }),
    'The DPoP proof is by another key than the one that the access token is bound to',
  ],
  [
    'RFC 7515 §4.1.11',
    'an extension',
    'alg',
    () => ({ header: { crit: ['exp'] } }),
    'The DPoP proof uses an extension that is not supported',
  ],
];

function at(path: string): Change {
  return ({ url }) => ({ proven: { htu: new URL(url).origin + path } });
}

async function publicMembersOf({ publicKey }: KeyPair): Promise<object> {
  const { kty, crv, x, y } = await exportJWK(publicKey);
  return { kty, crv, x, y };
}

describe('RFC 9449 for resource servers, with other implementations', function () {
  this.timeout(60_000);
  let issuer: DpopIssuer;
  let server: Server;
  let api: AxiomsServer;
  let base: string;

  before(async () => {
    issuer = await DpopIssuer.start();
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const axioms = { ...issuer.settings, dpop: 'allowed' as const, externalUrl: base };
    const app = createExpressServer({ controllers: [JwtBooks, OpaqueBooks], axioms });
    api = app.locals.axioms as AxiomsServer;
    server = app.listen(port, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    api.close();
    server.close();
    server.closeAllConnections();
    await issuer.close();
  });

  async function expectServed({ response }: Pick<Sent, 'response'>): Promise<unknown> {
    const body: unknown = await response.json();
    expect([response.status, response.headers.get('www-authenticate')], JSON.stringify(body)).to.deep.equal([
      200,
      null,
    ]);
    return body;
  }

  async function expectRefused(
    { response }: Pick<Sent, 'response'>,
    error: string,
    description: string,
  ): Promise<void> {
    const challenge = `DPoP error="${error}", error_description="${description}", scope="book:read", ${algs}`;
    expect([response.status, response.headers.get('www-authenticate')]).to.deep.equal([
      401,
      `${challenge}, Bearer realm="api", scope="book:read"`,
    ]);
    expect(await response.json()).to.deep.equal({ error, error_description: description });
  }

  for (const { name, says, load } of implementations)
    for (const format of ['jwt', 'opaque'] as const)
      describe(`${name} with ${format} tokens of oidc-provider`, () => {
        let client: DpopClient;
        let other: KeyPair;
        let good: Sending;
        before(async () => {
          client = await load();
          other = await client.newKeyPair('ES256');
          good = await goodFor('ES256');
        });

        async function goodFor(alg: string): Promise<Sending> {
          const keyPair = await client.newKeyPair(alg);
          const token = await client.token(issuer, format, keyPair);
          expect(token.split('.'), 'the form of the token').to.have.length(format === 'jwt' ? 3 : 1);
          return { method: 'GET', url: `${base}/${format}`, token, keyPair };
        }

        for (const [section, title, , change] of accepted.filter(([, , one]) => says.includes(one)))
          it(`accepts ${title} (${section})`, async () => {
            await expectServed(await client.send({ ...good, ...(await change(good, other)) }));
          });

        for (const [section, title, , change, description] of refused.filter(([, , one]) => says.includes(one)))
          it(`refuses ${title} (${section})`, async () => {
            const before = handled;
            const sent = await client.send({ ...good, ...(await change(good, other)) });
            await expectRefused(sent, 'invalid_dpop_proof', description);
            expect(handled).to.equal(before);
            await expectServed(await client.send(good));
          });

        it('accepts each algorithm that both know, and tells the handler the key (§4.3 5)', async () => {
          for (const alg of client.algorithms) {
            const sending = await goodFor(alg);
            const body = await expectServed(await client.send(sending));
            expect((body as { key: string }).key).to.match(/^[\w-]{43}$/);
          }
        });

        it('refuses a proof that is sent again (§11.1)', async () => {
          const { fields, response } = await client.send(good);
          await expectServed({ response });
          const before = handled;
          const again = await fetch(good.url, { headers: fields });
          await expectRefused({ response: again }, 'invalid_dpop_proof', 'The DPoP proof was used before');
          expect(handled).to.equal(before);
        });

        it('refuses a missing proof, two proofs, and something else (§4.3 1, 2)', async () => {
          const before = handled;
          const Authorization = `DPoP ${good.token}`;
          const missing = await fetch(good.url, { headers: { Authorization } });
          await expectRefused({ response: missing }, 'invalid_dpop_proof', 'The DPoP proof is missing');
          const { fields } = await client.send(good);
          const DPoP = new Headers(fields).get('DPoP')!;
          for (const value of [`${DPoP}, ${DPoP}`, good.token, 'e30.e30.'])
            await expectRefused(
              { response: await fetch(good.url, { headers: { Authorization, DPoP: value } }) },
              'invalid_dpop_proof',
              value === good.token && format === 'jwt'
                ? 'The DPoP proof is not of the type dpop+jwt'
                : 'The DPoP proof is malformed',
            );
          expect(handled).to.equal(before + 1);
        });

        it('refuses a bound token that is sent as a bearer token, with its proof or without (§7.2)', async () => {
          const { fields } = await client.send(good);
          const before = handled;
          const alone = { Authorization: `Bearer ${good.token}` };
          const withProof = { ...alone, DPoP: new Headers(fields).get('DPoP')! };
          for (const headers of [alone, withProof]) {
            const response = await fetch(good.url, { headers: new Headers(headers) });
            const description = 'The access token is bound to a key that was not shown';
            expect(response.status).to.equal(401);
            expect(response.headers.get('www-authenticate')).to.equal(
              `DPoP scope="book:read", ${algs}, Bearer realm="api", error="invalid_token", error_description="${description}", scope="book:read"`,
            );
            expect(await response.json()).to.deep.equal({ error: 'invalid_token', error_description: description });
          }
          expect(handled).to.equal(before);
        });

        it('refuses an unbound token with a proof, and accepts it as a bearer token (§7.1)', async () => {
          const token = await client.token(issuer, format);
          const before = handled;
          const description = 'The access token is not bound to a DPoP key';
          await expectRefused(await client.send({ ...good, token }), 'invalid_token', description);
          expect(handled).to.equal(before);
          const response = await fetch(good.url, { headers: { Authorization: `Bearer ${token}` } });
          expect(await expectServed({ response })).to.deep.equal({});
        });
      });

  it('sends challenges that oauth4webapi can read (§7.1)', async () => {
    const oauth = await import('oauth4webapi');
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- so that nobody uses it outside of tests
    const options = { [oauth.allowInsecureRequests]: true };
    const asked = oauth.protectedResourceRequest('x', 'GET', new URL(`${base}/jwt`), undefined, undefined, options);
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(oauth.WWWAuthenticateChallengeError);
    const [dpop, bearer] = (error as InstanceType<typeof oauth.WWWAuthenticateChallengeError>).cause;
    expect(dpop).to.deep.include({ scheme: 'dpop' });
    expect(dpop?.parameters).to.deep.include({ algs: 'ES256 ES384 EdDSA Ed25519 RS256 PS256' });
    expect(bearer).to.deep.include({ scheme: 'bearer' });
    expect(bearer?.parameters).to.deep.include({ error: 'invalid_token' });
  });
});
