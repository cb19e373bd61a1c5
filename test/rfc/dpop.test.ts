/** RFC 9449 for resource servers, over HTTP. */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type RequestOptions,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { All, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  HasAccessTokenScopes,
  IntrospectionAuthentication,
  RequiresDPoP,
  createExpressServer,
  requireAccessToken,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import {
  TestClient,
  forgeProof,
  forgedProofs,
  type ForgedProofName,
  type ProvenTarget,
} from 'axioms-routing-controllers/testing';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { Api } from '../api';
import { bearer, expectExactRefusal, invalidToken, notAuthenticated, type Refusal } from '../refusals';

let handled = 0;
const externalUrl = 'https://api.example.com';
const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';

@JsonController('/books')
class BookController {
  declare request: AxiomsRequest;
  @Get('/') list() {
    handled++;
    return { sub: this.request.user?.sub ?? null, key: this.request.auth?.dpopKey ?? null };
  }
  @Post('/') create() {
    handled++;
    return { ok: true };
  }
  @Get('/:id') get() {
    handled++;
    return { ok: true };
  }
}

@JsonController('/files')
class FileController {
  @Get(/\/.*/) get() {
    handled++;
    return { ok: true };
  }
}

@JsonController('/transfers')
class TransferController {
  permissionClasses = [RequiresDPoP, HasAccessTokenScopes];
  accessTokenScopes = ['transfer:create'];
  @Get('/') list() {
    handled++;
    return { ok: true };
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;
  @All('/') any() {
    handled++;
    return { sub: this.request.user?.sub ?? null };
  }
}

@JsonController('/twice')
class TwiceController {
  @Get('/') @UseBefore(requireAccessToken({ scopes: ['book:read'] })) list() {
    handled++;
    return { ok: true };
  }
}

@JsonController('/opaque')
class OpaqueController {
  authenticationClasses = [IntrospectionAuthentication];
  @Get('/') list() {
    handled++;
    return { ok: true };
  }
}

/** Depends on the body, so that the request is authenticated twice. */
@JsonController('/again')
class AgainController {
  declare request: AxiomsRequest;
  get permissionClasses() {
    return (this.request.body as { closed?: boolean } | undefined)?.closed === true ? [RequiresDPoP] : [];
  }
  @Post('/') create() {
    handled++;
    return { ok: true };
  }
}

const controllers = [BookController, TransferController, OpenController, TwiceController, AgainController];

function refused(error: string, description: string, ...more: readonly string[]): Refusal {
  const challenge = `DPoP error="${error}", error_description="${description}", ${algs}`;
  return { status: 401, challenges: [challenge, ...more], error, description };
}

const asked: Refusal = { ...notAuthenticated, challenges: [`DPoP ${algs}`] };
const bearerToo = 'Bearer realm="api"';
const notBound = 'The access token is not bound to a DPoP key';
const notShown = 'The access token is bound to a key that was not shown';

describe('DPoP (RFC 9449)', () => {
  let api: Api;
  let client: TestClient;

  async function start(axioms: Partial<SettingsInput>, served: object[] = controllers): Promise<void> {
    api = await Api.start({ controllers: served as never[], axioms: { externalUrl, ...axioms } });
    client = new TestClient(api.issuer, { externalUrl });
    handled = 0;
  }
  afterEach(() => api.close());

  const url = `${externalUrl}/books`;

  function get(token: string, proof: string | undefined, path = '/books', scheme = 'DPoP'): Test {
    const asking = request(api.app).get(path).set('Authorization', `${scheme} ${token}`);
    return proof === undefined ? asking : asking.set('DPoP', proof);
  }

  async function expectRefused(test: Test, refusal: Refusal): Promise<void> {
    const before = handled;
    expectExactRefusal(await test, refusal);
    expect(handled).to.equal(before);
  }

  async function expectServed(test: Test): Promise<void> {
    const before = handled;
    const response = await test;
    expect(response.status, response.text).to.equal(200);
    expect(response.get('WWW-Authenticate')).to.equal(undefined);
    expect(handled).to.equal(before + 1);
  }

  describe('required', () => {
    beforeEach(() => start({ dpop: 'required' }));

    it('serves a request with a bound token and its proof, and tells the handler the key', async () => {
      const response = await request(api.app)
        .get('/books')
        .set(client.fields('GET', '/books', client.token()));
      expect(response.body).to.deep.equal({ sub: 'alice', key: client.thumbprint });
    });

    it('challenges an anonymous request with DPoP alone (§7.1)', async () => {
      await expectRefused(request(api.app).get('/books'), asked);
    });

    it('refuses an unbound token, as a bearer token and with the scheme DPoP', async () => {
      const token = api.issuer.token();
      for (const scheme of ['Bearer', 'DPoP']) {
        const proof = client.proof({ method: 'GET', url, token });
        await expectRefused(get(token, proof, '/books', scheme), refused('invalid_token', notBound));
      }
    });

    for (const alg of ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'])
      it(`accepts a proof with ${alg}`, async () => {
        client = new TestClient(api.issuer, { externalUrl, alg });
        for (let time = 0; time < 2; time++)
          await expectServed(
            request(api.app)
              .get('/books')
              .set(client.fields('GET', '/books', client.token())),
          );
      });

    it('refuses a proof with ES512, which is not in the list of the challenge', async () => {
      client = new TestClient(api.issuer, { externalUrl, alg: 'ES512' });
      const description = 'The algorithm of the DPoP proof is not accepted';
      await expectRefused(
        request(api.app)
          .get('/books')
          .set(client.fields('GET', '/books', client.token())),
        refused('invalid_dpop_proof', description),
      );
    });
  });

  describe('allowed', () => {
    beforeEach(() => start({ dpop: 'allowed' }));

    it('serves an unbound token as a bearer token, with and without a proof that nobody asked for', async () => {
      const token = api.issuer.token();
      await expectServed(get(token, undefined, '/books', 'Bearer'));
      await expectServed(get(token, 'garbage', '/books', 'Bearer'));
    });

    it('challenges an anonymous request with DPoP and Bearer (§7.2)', async () => {
      await expectRefused(request(api.app).get('/books'), { ...asked, challenges: [`DPoP ${algs}`, bearerToo] });
    });

    it('refuses a bound token that is sent as a bearer token, with its proof or without (§7.2)', async () => {
      const token = client.token();
      const refusal = { ...invalidToken(notShown), challenges: [`DPoP ${algs}`, bearer('invalid_token', notShown)] };
      await expectRefused(get(token, undefined, '/books', 'Bearer'), refusal);
      await expectRefused(get(token, client.proof({ method: 'GET', url, token }), '/books', 'Bearer'), refusal);
    });

    it('refuses an unbound token with the scheme DPoP', async () => {
      const token = api.issuer.token();
      const proof = client.proof({ method: 'GET', url, token });
      await expectRefused(get(token, proof), refused('invalid_token', notBound, bearerToo));
    });

    it('puts the error of a malformed header on the scheme of the header', async () => {
      const test = request(api.app).get('/books').set('Authorization', 'DPoP');
      const description = 'The Authorization header has no token';
      const challenge = `DPoP error="invalid_request", error_description="${description}", ${algs}`;
      await expectRefused(test, { status: 400, challenges: [challenge], error: 'invalid_request', description });
    });

    it('accepts the scheme in any case', async () => {
      const token = client.token();
      await expectServed(get(token, client.proof({ method: 'GET', url, token }), '/books', 'dpop'));
    });

    it('refuses a missing proof', async () => {
      const refusal = refused('invalid_dpop_proof', 'The DPoP proof is missing', bearerToo);
      await expectRefused(get(client.token(), undefined), refusal);
    });

    it('refuses two proofs, in two fields and in one', async () => {
      const token = client.token();
      const proof = (): string => client.proof({ method: 'GET', url, token });
      const response = await raw({ headers: { Authorization: `DPoP ${token}`, DPoP: [proof(), proof()] } });
      expect(response).to.deep.equal([401, 'The DPoP header is repeated']);
      const joined = refused('invalid_dpop_proof', 'The DPoP proof is malformed', bearerToo);
      await expectRefused(get(token, `${proof()}, ${proof()}`), joined);
    });

    it('refuses a repeated Authorization header, whichever scheme comes first', async () => {
      const token = client.token();
      for (const values of [
        [`DPoP ${token}`, `Bearer ${token}`],
        [`Bearer ${token}`, `DPoP ${token}`],
      ]) {
        const fields = ['Authorization', values[0]!, 'Authorization', values[1]!, 'DPoP', 'x', 'Host', 'localhost'];
        expect(await raw({ headers: fields })).to.deep.equal([400, 'The Authorization header is repeated']);
      }
      expect(handled).to.equal(0);
    });

    for (const [name, { title, description, error }] of Object.entries(forgedProofs))
      it(`refuses a proof ${title}`, async () => {
        const token = client.token();
        const target: ProvenTarget = { method: 'GET', url, token };
        const proof = forgeProof(name as ForgedProofName, client, target);
        await expectRefused(get(token, proof), refused(error, description, bearerToo));
        // The proof was the only mistake.
        await expectServed(get(token, client.proof(target)));
      });

    it('refuses a used proof', async () => {
      const token = client.token();
      const proof = client.proof({ method: 'GET', url, token });
      await expectServed(get(token, proof));
      const refusal = refused('invalid_dpop_proof', 'The DPoP proof was used before', bearerToo);
      await expectRefused(get(token, proof), refusal);
      // Another proof with the same jti is the same one to the store.
      const [, claims = ''] = proof.split('.');
      const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { jti: string };
      await expectRefused(get(token, client.proof({ method: 'GET', url, token }, { jti })), refusal);
    });

    it('does not use up a proof that fails another check', async () => {
      const token = client.token();
      const proof = client.proof({ method: 'GET', url, token });
      await get(token, proof, '/books/7').expect(401);
      await request(api.app)
        .post('/books')
        .set({ Authorization: `DPoP ${token}`, DPoP: proof })
        .expect(401);
      await get(client.token({ sub: 'bob' }), proof).expect(401);
      await expectServed(get(token, proof));
    });

    it('accepts the same jti from another key', async () => {
      const other = new TestClient(api.issuer, { externalUrl });
      for (const one of [client, other]) {
        const token = one.token();
        await expectServed(get(token, one.proof({ method: 'GET', url, token }, { jti: 'same' })));
      }
    });

    for (const [title, path, htu] of [
      ['with a query', '/books?page=2', `${url}?page=1`],
      ['with a fragment', '/books', `${url}#part`],
      ['with the default port', '/books', 'https://api.example.com:443/books'],
      ['with scheme and host in capitals', '/books', 'HTTPS://API.example.COM/books'],
      ['with encoded unreserved characters', '/books', `${externalUrl}/%62oo%6bs`],
      ['with dot segments', '/books', `${externalUrl}/x/../././books`],
      ['with encoded dot segments', '/books', `${externalUrl}/x/%2E%2e/books`],
      ['with other letters of an encoding', '/books/%c3%a9', `${url}/%C3%A9`],
    ] as const)
      it(`accepts a URL ${title} (RFC 3986 §6.2)`, async () => {
        const token = client.token();
        await expectServed(get(token, client.proof({ method: 'GET', url, token }, { htu }), path));
      });

    for (const [title, path, htu] of [
      ['with a slash more', '/books', `${url}/`],
      ['with the path in capitals', '/books', `${externalUrl}/BOOKS`],
      ['with a reserved character decoded', '/books/a%2Fb', `${url}/a/b`],
      ['with a backslash', '/books', 'https://api.example.com\\books'],
      ['with a space', '/books', ` ${url}`],
      ['with a tab in its host', '/books', 'https://api.exa\tmple.com/books'],
      ['without its scheme', '/books', '//api.example.com/books'],
      ['with a path of another host', '/books', 'https://evil.example/https://api.example.com/books'],
    ] as const)
      it(`refuses a URL ${title}`, async () => {
        const token = client.token();
        const refusal = refused('invalid_dpop_proof', 'The DPoP proof is for another URL', bearerToo);
        await expectRefused(get(token, client.proof({ method: 'GET', url, token }, { htu }), path), refusal);
      });

    it('reads neither Host nor forwarded fields, nor the host of a target in absolute form', async () => {
      const token = client.token();
      const spoofed = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example' };
      for (const target of ['/books', 'http://evil.example/books']) {
        const evil = client.proof({ method: 'GET', url: 'https://evil.example/books', token });
        const headers = { ...spoofed, Authorization: `DPoP ${token}` };
        expect(await raw({ path: target, headers: { ...headers, DPoP: evil } })).to.deep.equal([
          401,
          'The DPoP proof is for another URL',
        ]);
        const good = client.proof({ method: 'GET', url, token });
        expect((await raw({ path: target, headers: { ...headers, DPoP: good } }))[0]).to.equal(200);
      }
    });

    it('takes HEAD for HEAD, although the rules of GET decide', async () => {
      const token = client.token();
      const head = (method: string): Test =>
        request(api.app)
          .head('/books')
          .set({ Authorization: `DPoP ${token}`, DPoP: client.proof({ method, url, token }) });
      expect((await head('GET')).status).to.equal(401);
      expect((await head('HEAD')).status).to.equal(200);
    });

    it('checks a proof on an open route, too', async () => {
      const token = client.token();
      const proof = client.proof({ method: 'GET', url: `${externalUrl}/open`, token });
      await expectServed(get(token, proof, '/open'));
      const refusal = refused('invalid_dpop_proof', 'The DPoP proof was used before', bearerToo);
      await expectRefused(get(token, proof, '/open'), refusal);
    });

    it('counts two guards of one request as one use', async () => {
      const token = client.token({ scope: 'book:read' });
      const proof = client.proof({ method: 'GET', url: `${externalUrl}/twice`, token });
      await expectServed(get(token, proof, '/twice'));
      await get(token, proof, '/twice').expect(401);
    });

    it('counts a second look behind the body as one use', async () => {
      const token = client.token();
      const path = '/again';
      const proof = client.proof({ method: 'POST', url: externalUrl + path, token });
      const post = (): Test =>
        request(api.app)
          .post(path)
          .set({ Authorization: `DPoP ${token}`, DPoP: proof })
          .send({ closed: true });
      await expectServed(post());
      await post().expect(401);
    });

    it('asks for the proof again where the token is cached, on one connection and on two', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const token = client.token();
      const headers = (): Record<string, string> => client.fields('GET', '/books', token);
      for (const using of [agent, undefined]) {
        expect((await raw({ agent: using, headers: headers() }))[0]).to.equal(200);
        expect((await raw({ agent: using, headers: headers() }))[0]).to.equal(200);
        const without = { Authorization: `DPoP ${token}` };
        expect(await raw({ agent: using, headers: without })).to.deep.equal([401, 'The DPoP proof is missing']);
        const asBearer = { Authorization: `Bearer ${token}` };
        expect(await raw({ agent: using, headers: asBearer })).to.deep.equal([401, notShown]);
        expect((await raw({ agent: using, headers: headers() }))[0]).to.equal(200);
      }
      agent.destroy();
    });

    for (const [title, cnf] of [
      ['a kid', { kid: 'k1' }],
      ['a whole key', { jwk: { kty: 'EC' } }],
      ['a thumbprint and something else', { jkt: 'x'.repeat(43), kid: 'k1' }],
      ['a certificate', { 'x5t#S256': 'x'.repeat(43) }],
      ['a thumbprint of another length', { jkt: 'x' }],
      ['a thumbprint that is no text', { jkt: 7 }],
      ['nothing', {}],
      ['null', null],
      ['text', 'jkt'],
      ['a list', [{ jkt: 'x'.repeat(43) }]],
    ] as const)
      it(`refuses a token whose cnf is ${title}, with every scheme`, async () => {
        const token = api.issuer.token({ cnf });
        const proof = client.proof({ method: 'GET', url, token });
        for (const scheme of ['Bearer', 'DPoP']) await get(token, proof, '/books', scheme).expect(401);
        expect(handled).to.equal(0);
      });

    it('refuses a token that is bound to a key and a certificate, with the proof alone', async () => {
      const token = client.token({ cnf: { jkt: client.thumbprint, 'x5t#S256': 'x'.repeat(43) } });
      await get(token, client.proof({ method: 'GET', url, token })).expect(401);
      expect(handled).to.equal(0);
    });
  });

  it('is not for another route whose path has dot segments, which Express does not resolve', async () => {
    await start({ dpop: 'required' }, [BookController, FileController]);
    const token = client.token();
    const good = (): string => client.proof({ method: 'GET', url, token });
    for (const path of ['/files/../books', '/files/x/../../books', 'http://a.example/files/../books']) {
      const headers = { Authorization: `DPoP ${token}`, DPoP: good() };
      expect(await raw({ path, headers })).to.deep.equal([401, 'The DPoP proof is for another URL']);
      const asSent = client.proof({ method: 'GET', url: `${externalUrl}/files/../books`, token });
      const same = { Authorization: `DPoP ${token}`, DPoP: asSent };
      expect(await raw({ path, headers: same })).to.deep.equal([401, 'The DPoP proof is for another URL']);
    }
    expect(handled).to.equal(0);
    await expectServed(get(token, good()));
    const fields = client.fields('GET', '/files/a/b', token);
    await expectServed(request(api.app).get('/files/a/b').set(fields));
  });

  describe('introspected tokens', () => {
    let answer: Record<string, unknown>;
    let endpoint: Server;
    beforeEach(async () => {
      endpoint = createServer((_, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(answer));
      }).listen(0, '127.0.0.1');
      await once(endpoint, 'listening');
      const introspectionUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
      const asClient = { introspectionUrl, introspectionClientId: 'api', introspectionClientSecret: 'secret' };
      await start({ dpop: 'allowed', ...asClient }, [OpaqueController]);
      const { audience, url: iss } = api.issuer;
      answer = { active: true, iss, aud: audience, sub: 'alice', token_type: 'DPoP', cnf: { jkt: client.thumbprint } };
    });
    afterEach(() => endpoint.close());

    const path = '/opaque';
    const proofOf = (token: string): string => client.proof({ method: 'GET', url: externalUrl + path, token });

    it('are accepted with their proof, once', async () => {
      const proof = proofOf('opaque');
      await expectServed(get('opaque', proof, path));
      const refusal = refused('invalid_dpop_proof', 'The DPoP proof was used before', bearerToo);
      await expectRefused(get('opaque', proof, path), refusal);
      await expectServed(get('opaque', proofOf('opaque'), path));
    });

    it('are refused as bearer tokens, without a proof, and with that of another key', async () => {
      await expectServed(get('opaque', proofOf('opaque'), path));
      const other = new TestClient(api.issuer, { externalUrl });
      const foreign = other.proof({ method: 'GET', url: externalUrl + path, token: 'opaque' });
      await get('opaque', undefined, path, 'Bearer').expect(401);
      await get('opaque', proofOf('opaque'), path, 'Bearer').expect(401);
      await get('opaque', undefined, path).expect(401);
      await get('opaque', foreign, path).expect(401);
      expect(handled).to.equal(1);
    });

    it('are refused if the issuer says that they are bound, and not to which key', async () => {
      for (const cnf of [undefined, {}, { kid: 'k1' }, { 'x5t#S256': 'x'.repeat(43) }]) {
        answer = { ...answer, cnf };
        const token = `token-${JSON.stringify(answer).length}`;
        await get(token, proofOf(token), path).expect(401);
      }
      expect(handled).to.equal(0);
    });

    it('are refused by introspect(), which sees no proof', async () => {
      const refusal: unknown = await api.server.introspector.introspect('opaque').catch((error: unknown) => error);
      expect(String(refusal)).to.contain(notShown);
    });
  });

  it('is in the metadata of the resource (RFC 9728 §2)', async () => {
    for (const dpop of ['allowed', 'required'] as const) {
      await start({ dpop, resourceUrl: externalUrl });
      const response = await request(api.app).get('/.well-known/oauth-protected-resource');
      expect(response.body).to.deep.include({
        dpop_signing_alg_values_supported: ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
        dpop_bound_access_tokens_required: dpop === 'required',
      });
      if (dpop === 'allowed') await api.close();
    }
  });

  it('is in the OpenAPI document, as a scheme and in the challenge', async () => {
    for (const [dpop, names] of [
      ['allowed', ['dpop', 'bearer']],
      ['required', ['dpop']],
    ] as const) {
      await start({ dpop });
      const document = await openApiDocument(api.app, { info: { title: 'a', version: '1' } });
      const operation = document.paths['/books']?.['get'] as { security?: readonly object[]; responses: object };
      const listed = (operation.security ?? []).flatMap(one => Object.keys(one));
      expect(listed.filter(name => !name.startsWith('oauth2'))).to.deep.equal(names);
      expect(JSON.stringify(operation.responses)).to.contain('DPoP algs=');
      if (dpop === 'allowed') await api.close();
    }
  });

  it('is the only scheme in the OpenAPI document of a route that requires it', async () => {
    await start({ dpop: 'allowed' });
    const document = await openApiDocument(api.app, { info: { title: 'a', version: '1' } });
    const { security } = document.paths['/transfers']?.['get'] as { security?: readonly object[] };
    expect(security).to.deep.equal([{ dpop: ['transfer:create'] }]);
  });

  it('is refused by verify(), which sees no proof, also where the token is cached', async () => {
    await start({ dpop: 'allowed' });
    const token = client.token();
    await expectServed(get(token, client.proof({ method: 'GET', url, token })));
    const refusal: unknown = await api.server.verifier.verify(token).catch((error: unknown) => error);
    expect(String(refusal)).to.contain(notShown);
  });

  it('is for the path behind externalUrl, whatever prefix a proxy has taken away', async () => {
    const outside = 'https://example.com/api/';
    await start({ dpop: 'allowed', externalUrl: outside });
    const token = client.token();
    const at = (htu: string): Test => get(token, client.proof({ method: 'GET', url: htu, token }));
    await expectServed(at('https://example.com/api/books'));
    await at('https://example.com/books').expect(401);
    await at('https://example.com/api/api/books').expect(401);
  });

  it('names the path of the outer app where the server is mounted at a path', async () => {
    await start({ dpop: 'allowed' });
    const outer = express().use('/v1', api.app);
    const token = client.token();
    const at = (htu: string): Test =>
      request(outer)
        .get('/v1/books')
        .set({ Authorization: `DPoP ${token}`, DPoP: client.proof({ method: 'GET', url: htu, token }) });
    await at(`${externalUrl}/books`).expect(401);
    await at(`${externalUrl}/v1/books`).expect(200);
  });

  it('is used up for every server of the process that shares its clock', async () => {
    await start({ dpop: 'allowed' });
    const second = createExpressServer({
      controllers,
      axioms: { ...api.issuer.settings(), dpop: 'allowed', externalUrl },
    });
    const token = client.token();
    const fields = client.fields('GET', '/books', token);
    await request(api.app).get('/books').set(fields).expect(200);
    await request(second).get('/books').set(fields).expect(401);
    (second.locals.axioms as AxiomsServer).close();
  });

  describe('off', () => {
    beforeEach(() => start({}, [BookController]));

    it('refuses a bound token, and does not read the scheme DPoP', async () => {
      const token = client.token();
      await expectRefused(get(token, undefined, '/books', 'Bearer'), invalidToken(notShown));
      await expectRefused(get(token, client.proof({ method: 'GET', url, token })), notAuthenticated);
    });
  });

  async function raw(options: RequestOptions): Promise<[status: number | undefined, description: string | undefined]> {
    const server: Server = api.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const asking = send({ host: '127.0.0.1', port, path: '/books', ...options });
      asking.end();
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      const text = (await response.toArray()).join('');
      const body = text === '' ? {} : (JSON.parse(text) as { error_description?: string });
      return [response.statusCode, body.error_description];
    } finally {
      server.close();
    }
  }
});
