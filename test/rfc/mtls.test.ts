/** Tokens that are bound to a client certificate (RFC 8705 §3), over TLS and behind a proxy (RFC 9440). */
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Server as SocketServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import express, { type Express } from 'express';
import { Get, JsonController } from 'routing-controllers';
import type { Response } from 'supertest';
import {
  AllowAny,
  IntrospectionAuthentication,
  createExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { makeCertificate, type TestCertificate } from '../certificates';
import { TestIssuer } from '../issuer/test-issuer';
import { bearer, expectExactRefusal, invalidToken, notAuthenticated, type Refusal } from '../refusals';

let handled = 0;
const externalUrl = 'https://api.example.com';

@JsonController('/books')
class BookController {
  declare request: AxiomsRequest;
  @Get('/') list() {
    handled++;
    return { key: this.request.auth?.clientCertificate ?? null };
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/') list() {
    handled++;
    return { key: null };
  }
}

@JsonController('/opaque')
class OpaqueController {
  authenticationClasses = [IntrospectionAuthentication];
  declare request: AxiomsRequest;
  @Get('/') list() {
    handled++;
    return { key: this.request.auth?.clientCertificate ?? null };
  }
}

const notShown = 'The access token is bound to a client certificate that was not shown';
const another = 'The access token is bound to another client certificate';
const unread = 'The access token is bound to a key that was not shown';
const dpop = 'DPoP algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';

function dpopError(error: string, description: string): string {
  return dpop.replace('DPoP ', `DPoP error="${error}", error_description="${description}", `);
}

/** A request: its fields, its connection, and the certificate of its client. */
interface Asked {
  readonly path?: string;
  readonly fields?: Record<string, string | string[]>;
  readonly agent?: http.Agent | undefined;
  readonly host?: string;
}

describe('tokens that are bound to a client certificate (RFC 8705 §3)', () => {
  const [alice, mallory, serverOwn] = ['alice', 'mallory', 'localhost'].map(name => makeCertificate(name)) as [
    TestCertificate,
    TestCertificate,
    TestCertificate,
  ];
  let issuer: TestIssuer;
  let apis: AxiomsServer[];
  let servers: SocketServer[];
  let agents: http.Agent[];
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    [apis, servers, agents, handled] = [[], [], [], 0];
  });
  afterEach(async () => {
    for (const agent of agents) agent.destroy();
    for (const api of apis) api.close();
    for (const server of servers) server.close();
    await issuer.close();
  });

  function appOf(axioms: Partial<SettingsInput>, controllers: object[] = [BookController, OpenController]): Express {
    const settings = { ...issuer.settings(), mtls: 'allowed' as const, ...axioms };
    const app = createExpressServer({ controllers: controllers as never[], axioms: settings });
    apis.push(app.locals.axioms as AxiomsServer);
    return app;
  }

  async function listening(server: SocketServer, host = '127.0.0.1'): Promise<number> {
    servers.push(server.listen(0, host));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Returns the port of a server that asks its clients for a certificate, and accepts any or none. */
  function overTls(app: Express): Promise<number> {
    const { cert, key } = serverOwn;
    return listening(https.createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, app));
  }

  /** Returns connections of a client with this certificate, one at a time. */
  function connection(certificate?: TestCertificate, options: https.AgentOptions = {}): https.Agent {
    const { cert, key } = certificate ?? {};
    const own = certificate === undefined ? {} : { cert, key };
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false, ...own, ...options });
    agents.push(agent);
    return agent;
  }

  function plainConnection(): http.Agent {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    return agent;
  }

  async function ask(
    port: number,
    { path = '/books', fields = {}, agent, host = '127.0.0.1' }: Asked,
  ): Promise<Response> {
    const send = agent instanceof https.Agent ? https.request : http.request;
    const asking = send({ host, port, path, headers: fields, ...(agent && { agent }) });
    asking.end();
    const [response] = (await once(asking, 'response')) as [http.IncomingMessage];
    const text = Buffer.concat((await response.toArray()) as Buffer[]).toString();
    const parts = { status: response.statusCode, text, res: response, request: { method: 'GET' } };
    return { ...parts, body: text === '' ? undefined : (JSON.parse(text) as unknown) } as unknown as Response;
  }

  async function expectServed(response: Promise<Response>, key: string | null): Promise<void> {
    const before = handled;
    const { status, text, body } = (await response) as Pick<Response, 'status' | 'text'> & { body: unknown };
    expect(status, text).to.equal(200);
    expect(body).to.deep.equal({ key });
    expect(handled).to.equal(before + 1);
  }

  async function expectRefused(response: Promise<Response>, refusal: Refusal): Promise<void> {
    const before = handled;
    expectExactRefusal(await response, refusal);
    expect(handled).to.equal(before);
  }

  function boundTo({ thumbprint }: TestCertificate, claims: object = {}): string {
    return issuer.token({ cnf: { 'x5t#S256': thumbprint }, ...claims });
  }

  const sent = (token: string, more: Record<string, string | string[]> = {}): Pick<Asked, 'fields'> => ({
    fields: { Authorization: `Bearer ${token}`, ...more },
  });

  describe('over TLS', () => {
    it('are served with their certificate, of which the handler learns the thumbprint', async () => {
      const port = await overTls(appOf({}));
      const agent = connection(alice);
      for (let time = 0; time < 3; time++)
        await expectServed(ask(port, { ...sent(boundTo(alice)), agent }), alice.thumbprint);
    });

    it('are refused without a certificate, and with another one', async () => {
      const port = await overTls(appOf({}));
      const token = boundTo(alice);
      await expectRefused(ask(port, { ...sent(token), agent: connection() }), invalidToken(notShown));
      await expectRefused(ask(port, { ...sent(token), agent: connection(mallory) }), invalidToken(another));
    });

    it('are refused on an open route, too', async () => {
      const port = await overTls(appOf({}));
      const asked = { ...sent(boundTo(alice)), path: '/open' };
      await expectRefused(ask(port, { ...asked, agent: connection() }), invalidToken(notShown));
      await expectServed(ask(port, { ...asked, agent: connection(alice) }), null);
    });

    it('are asked for their certificate each time, although the token is cached, in either order', async () => {
      for (const order of [
        [alice, undefined, mallory, alice],
        [undefined, mallory, alice, undefined],
      ]) {
        const port = await overTls(appOf({}));
        const token = boundTo(alice);
        const connections = new Map(order.map(one => [one, connection(one)]));
        for (const one of [...order, ...order]) {
          const asked = ask(port, { ...sent(token), agent: connections.get(one) });
          if (one === alice) await expectServed(asked, alice.thumbprint);
          else await expectRefused(asked, invalidToken(one === undefined ? notShown : another));
        }
      }
    });

    it('may change on a connection with a certificate: each token is compared with it', async () => {
      const port = await overTls(appOf({}));
      const agent = connection(alice);
      for (let time = 0; time < 2; time++) {
        await expectServed(ask(port, { ...sent(boundTo(alice)), agent }), alice.thumbprint);
        await expectServed(ask(port, { ...sent(issuer.token()), agent }), null);
        await expectRefused(ask(port, { ...sent(boundTo(mallory)), agent }), invalidToken(another));
      }
    });

    // RFC 8446 §2.2: only the client of the first connection has the secret of the session.
    it('are served in a resumed session, with TLS 1.2 and 1.3', async () => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const port = await overTls(appOf({}));
        const sockets: TLSSocket[] = [];
        const first = connection(alice, { maxVersion }).on('free', (socket: TLSSocket) => sockets.push(socket));
        await expectServed(ask(port, { ...sent(boundTo(alice)), agent: first }), alice.thumbprint);
        const session = sockets[0]?.getSession();
        const second = connection(undefined, { maxVersion, session: session as Buffer });
        second.on('free', (socket: TLSSocket) => sockets.push(socket));
        await expectServed(ask(port, { ...sent(boundTo(alice)), agent: second }), alice.thumbprint);
        await expectRefused(ask(port, { ...sent(boundTo(mallory)), agent: second }), invalidToken(another));
        expect(sockets.at(-1)?.isSessionReused()).to.equal(true);
      }
    });

    it('do not count with the field Client-Cert of a client', async () => {
      const port = await overTls(appOf({}));
      const asked = sent(boundTo(alice), { 'Client-Cert': alice.field });
      await expectRefused(ask(port, { ...asked, agent: connection() }), invalidToken(notShown));
      await expectRefused(ask(port, { ...asked, agent: connection(mallory) }), invalidToken(another));
    });

    it('are refused with the scheme DPoP, which is for tokens of a DPoP key', async () => {
      const port = await overTls(appOf({ dpop: 'allowed', externalUrl }));
      const fields = { Authorization: `DPoP ${boundTo(alice)}` };
      const description = 'The access token is not bound to a DPoP key';
      const challenges = [dpopError('invalid_token', description), 'Bearer realm="api"'];
      const refusal = { ...invalidToken(description), challenges };
      await expectRefused(ask(port, { fields, agent: connection(alice) }), refusal);
    });

    it('need the proof and the certificate if they are bound to both', async () => {
      const port = await overTls(appOf({ dpop: 'allowed', externalUrl }));
      const client = new TestClient(issuer, { externalUrl });
      const cnf = { jkt: client.thumbprint, 'x5t#S256': alice.thumbprint };
      const token = client.token({ cnf });
      const proven = (): { fields: Record<string, string> } => ({ fields: client.fields('GET', '/books', token) });
      const onDpop = (description: string, error = 'invalid_token'): Refusal => ({
        ...invalidToken(description),
        error,
        challenges: [dpopError(error, description), 'Bearer realm="api"'],
      });
      await expectServed(ask(port, { ...proven(), agent: connection(alice) }), alice.thumbprint);
      await expectRefused(ask(port, { ...proven(), agent: connection() }), onDpop(notShown));
      await expectRefused(ask(port, { ...proven(), agent: connection(mallory) }), onDpop(another));
      const withoutProof = { fields: { Authorization: `DPoP ${token}` }, agent: connection(alice) };
      await expectRefused(ask(port, withoutProof), onDpop('The DPoP proof is missing', 'invalid_dpop_proof'));
      const asBearer = { ...sent(token), agent: connection(alice) };
      const challenges = [dpop, bearer('invalid_token', unread)];
      await expectRefused(ask(port, asBearer), { ...invalidToken(unread), challenges });
      // A proof is not used up where the certificate is missing.
      const once = proven();
      await expectRefused(ask(port, { ...once, agent: connection() }), onDpop(notShown));
      await expectServed(ask(port, { ...once, agent: connection(alice) }), alice.thumbprint);
    });

    it('may be required: an unbound token is refused, and so is one that is bound to a key alone', async () => {
      const port = await overTls(appOf({ mtls: 'required' }));
      const agent = connection(alice);
      const description = 'The access token is not bound to a client certificate';
      await expectRefused(ask(port, { ...sent(issuer.token()), agent }), invalidToken(description));
      await expectServed(ask(port, { ...sent(boundTo(alice)), agent }), alice.thumbprint);
      await expectRefused(ask(port, { agent }), notAuthenticated);
    });

    it('are refused by default, with their certificate, too', async () => {
      const port = await overTls(appOf({ mtls: undefined }));
      await expectRefused(ask(port, { ...sent(boundTo(alice)), agent: connection(alice) }), invalidToken(unread));
    });

    for (const [title, cnf] of [
      ['is no text', { 'x5t#S256': 7 }],
      ['is a list', { 'x5t#S256': [alice.thumbprint] }],
      ['is empty', { 'x5t#S256': '' }],
      ['has padding', { 'x5t#S256': `${alice.thumbprint}=` }],
      ['has a line break', { 'x5t#S256': `${alice.thumbprint}\n` }],
      ['is in hex', { 'x5t#S256': Buffer.from(alice.thumbprint, 'base64url').toString('hex') }],
      ['has another name', { x5t: alice.thumbprint }],
      ['has a name in capitals', { 'X5T#S256': alice.thumbprint }],
      ['stands beside something else', { 'x5t#S256': alice.thumbprint, kid: 'k1' }],
    ] as const)
      it(`are refused if the thumbprint ${title}`, async () => {
        const port = await overTls(appOf({}));
        await expectRefused(
          ask(port, { ...sent(issuer.token({ cnf })), agent: connection(alice) }),
          invalidToken(unread),
        );
      });

    it('are accepted for issuers whose own mtls allows it', async () => {
      const { issuerUrl, jwksUrl, audience, ...rest } = issuer.settings() as SettingsInput;
      const one = { issuerUrl, jwksUrl, audience, mtls: 'allowed' as const };
      const other = { issuerUrl: 'https://other.example.com', audience: 'api', mtls: 'off' as const };
      const start = async (issuers: SettingsInput['issuers']): Promise<number> => {
        const axioms = { ...rest, issuers };
        const app = createExpressServer({ controllers: [BookController], axioms });
        apis.push(app.locals.axioms as AxiomsServer);
        return overTls(app);
      };
      const port = await start([one, other]);
      await expectServed(ask(port, { ...sent(boundTo(alice)), agent: connection(alice) }), alice.thumbprint);
      await expectRefused(ask(port, { ...sent(boundTo(alice)), agent: connection() }), invalidToken(notShown));
      const off = await start([
        { ...one, mtls: 'off' },
        { ...other, mtls: 'allowed' },
      ]);
      await expectRefused(ask(off, { ...sent(boundTo(alice)), agent: connection(alice) }), invalidToken(unread));
    });

    it('are refused by verify(), which sees no certificate, also where the token is cached', async () => {
      const port = await overTls(appOf({}));
      const token = boundTo(alice);
      await expectServed(ask(port, { ...sent(token), agent: connection(alice) }), alice.thumbprint);
      const refusal: unknown = await apis[0]?.verifier.verify(token).catch((error: unknown) => error);
      expect(String(refusal)).to.contain(unread);
    });
  });

  describe('behind a proxy', () => {
    const from = { clientCertificateFrom: '127.0.0.1' };

    it('are served with the certificate in Client-Cert, and refused without it or with another one', async () => {
      const port = await listening(http.createServer(appOf(from)));
      const token = boundTo(alice);
      const agent = plainConnection();
      for (let time = 0; time < 2; time++) {
        await expectServed(ask(port, { ...sent(token, { 'Client-Cert': alice.field }), agent }), alice.thumbprint);
        await expectRefused(ask(port, { ...sent(token), agent }), invalidToken(notShown));
        const foreign = sent(token, { 'Client-Cert': mallory.field });
        await expectRefused(ask(port, { ...foreign, agent }), invalidToken(another));
        await expectRefused(ask(port, sent(token)), invalidToken(notShown));
      }
    });

    it('are refused first and served next with the same token', async () => {
      const port = await listening(http.createServer(appOf(from)));
      const token = boundTo(alice);
      const agent = plainConnection();
      await expectRefused(ask(port, { ...sent(token), agent }), invalidToken(notShown));
      await expectServed(ask(port, { ...sent(token, { 'Client-Cert': alice.field }), agent }), alice.thumbprint);
      await expectRefused(ask(port, { ...sent(token), agent }), invalidToken(notShown));
    });

    it('do not count with the certificate of the proxy itself', async () => {
      const port = await overTls(appOf(from));
      const agent = connection(mallory);
      await expectRefused(ask(port, { ...sent(boundTo(mallory)), agent }), invalidToken(notShown));
      const reported = sent(boundTo(alice), { 'Client-Cert': alice.field });
      await expectServed(ask(port, { ...reported, agent }), alice.thumbprint);
    });

    for (const [title, proxies, isTrusted] of [
      ['the address', ['127.0.0.1'], true],
      ['the IPv4-mapped address', ['::ffff:127.0.0.1'], true],
      ['the IPv4-mapped address in hex', ['::FFFF:7f00:1'], true],
      ['its network', ['10.0.0.0/8', '127.0.0.0/24'], true],
      ['the IPv4-mapped network', ['::ffff:127.0.0.0/104'], true],
      ['another address', ['127.0.0.2'], false],
      ['another network', ['127.0.1.0/24', '10.0.0.0/8'], false],
      ['a network of IPv6', ['::/1', '::1'], false],
      ['nothing', [], false],
    ] as const)
      it(`${isTrusted ? 'count' : 'do not count'} if clientCertificateFrom has ${title}, over IPv4 and IPv6 sockets`, async () => {
        for (const host of ['127.0.0.1', '::']) {
          const port = await listening(http.createServer(appOf({ clientCertificateFrom: proxies })), host);
          const asked = ask(port, sent(boundTo(alice), { 'Client-Cert': alice.field }));
          if (isTrusted) await expectServed(asked, alice.thumbprint);
          else await expectRefused(asked, invalidToken(notShown));
        }
      });

    it('are not decided by X-Forwarded-For, whatever Express trusts', async () => {
      const app = appOf({ clientCertificateFrom: '10.0.0.1' });
      app.set('trust proxy', true);
      const port = await listening(http.createServer(app));
      const forwarded = { 'Client-Cert': alice.field, 'X-Forwarded-For': '10.0.0.1', Forwarded: 'for=10.0.0.1' };
      await expectRefused(ask(port, sent(boundTo(alice), forwarded)), invalidToken(notShown));
    });

    for (const [title, field, description] of [
      ['is repeated', [alice.field, alice.field], 'The Client-Cert header is repeated'],
      ['is repeated with another one', [alice.field, mallory.field], 'The Client-Cert header is repeated'],
      ['is a list', `${alice.field}, ${alice.field}`, 'The Client-Cert header is malformed'],
      ['is empty', '', 'The Client-Cert header is malformed'],
      ['is an empty byte sequence', '::', 'The Client-Cert header is malformed'],
      ['has no colons', alice.field.slice(1, -1), 'The Client-Cert header is malformed'],
      ['has one colon', alice.field.slice(0, -1), 'The Client-Cert header is malformed'],
      ['has parameters', `${alice.field};a=1`, 'The Client-Cert header is malformed'],
      ['has a space in it', alice.field.replace(/^:(.{8})/, ':$1 '), 'The Client-Cert header is malformed'],
      ['is in base64url', `:${alice.der.toString('base64url')}:`, 'The Client-Cert header is malformed'],
      ['is a string', JSON.stringify(alice.field), 'The Client-Cert header is malformed'],
      ['is PEM in one line', encodeURIComponent(alice.cert), 'The Client-Cert header is malformed'],
      ['is too long', makeCertificate('alice', 3500).field, 'The Client-Cert header is too long'],
    ] as const)
      it(`are refused if Client-Cert ${title}`, async () => {
        const port = await listening(http.createServer(appOf(from)));
        const fields = { 'Client-Cert': field as string | string[] };
        await expectRefused(ask(port, sent(boundTo(alice), fields)), invalidToken(description));
        // Without a binding the field is of no interest.
        await expectServed(ask(port, sent(issuer.token(), fields)), null);
      });

    it('are refused for a byte sequence whose last bits are not zero: it is another spelling', async () => {
      const port = await listening(http.createServer(appOf(from)));
      const certificate = paddedCertificate();
      const { field } = certificate;
      const other = field.replace(
        /(.)(=+:)$/,
        (_, last: string, end: string) => String.fromCharCode(last.charCodeAt(0) + 1) + end,
      );
      const token = boundTo(certificate);
      await expectServed(ask(port, sent(token, { 'Client-Cert': field })), certificate.thumbprint);
      const malformed = invalidToken('The Client-Cert header is malformed');
      await expectRefused(ask(port, sent(token, { 'Client-Cert': other })), malformed);
    });
  });

  describe('introspected', () => {
    let answer: Record<string, unknown>;
    let settings: Partial<SettingsInput>;
    beforeEach(async () => {
      const endpoint = http.createServer((_, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(answer));
      });
      const introspectionUrl = `http://127.0.0.1:${await listening(endpoint)}/`;
      settings = { introspectionUrl, introspectionClientId: 'api', introspectionClientSecret: 'secret' };
      const { audience, url: iss } = issuer;
      const cnf = { 'x5t#S256': alice.thumbprint };
      answer = { active: true, iss, aud: audience, sub: 'alice', token_type: 'Bearer', cnf };
    });

    it('are asked for their certificate each time, although the answer is cached', async () => {
      const port = await overTls(appOf(settings, [OpaqueController]));
      for (const order of [
        [alice, undefined, mallory, alice],
        [undefined, mallory, alice],
      ])
        for (const one of order) {
          const asked = ask(port, { ...sent(`opaque-${order.length}`), path: '/opaque', agent: connection(one) });
          if (one === alice) await expectServed(asked, alice.thumbprint);
          else await expectRefused(asked, invalidToken(one === undefined ? notShown : another));
        }
    });

    it('are refused by introspect(), and where mtls is off', async () => {
      const port = await overTls(appOf({ ...settings, mtls: 'off' }, [OpaqueController]));
      const asked = { ...sent('opaque'), path: '/opaque', agent: connection(alice) };
      await expectRefused(ask(port, asked), invalidToken(unread));
      appOf(settings, [OpaqueController]);
      const refusal: unknown = await apis[1]?.introspector.introspect('opaque').catch((error: unknown) => error);
      expect(String(refusal)).to.contain(unread);
    });
  });

  it('are in the metadata of the resource (RFC 9728 §2)', async () => {
    for (const [mtls, supported] of [
      ['off', undefined],
      ['allowed', true],
      ['required', true],
    ] as const) {
      const port = await listening(http.createServer(appOf({ mtls, resourceUrl: externalUrl })));
      const response = await ask(port, { path: '/.well-known/oauth-protected-resource' });
      const { tls_client_certificate_bound_access_tokens: found } = response.body as Record<string, unknown>;
      expect(found).to.equal(supported);
    }
  });

  it('are in the OpenAPI document, in the words of the scheme', async () => {
    const words = 'A token that is bound to a client certificate needs a TLS connection with that certificate';
    const info = { title: 'a', version: '1' };
    expect(JSON.stringify(await openApiDocument(appOf({}), { info }))).to.contain(words);
    expect(JSON.stringify(await openApiDocument(appOf({ mtls: 'off' }), { info }))).not.to.contain(words);
  });

  it('are served by an app that is mounted in another one', async () => {
    const port = await overTls(express().use('/v1', appOf({})));
    const asked = { ...sent(boundTo(alice)), path: '/v1/books' };
    await expectServed(ask(port, { ...asked, agent: connection(alice) }), alice.thumbprint);
    await expectRefused(ask(port, { ...asked, agent: connection() }), invalidToken(notShown));
  });
});

/** A certificate whose length is no multiple of three: that of its signature differs each time. */
function paddedCertificate(): TestCertificate {
  const certificate = makeCertificate('x', 100);
  return certificate.field.endsWith('=:') ? certificate : paddedCertificate();
}
