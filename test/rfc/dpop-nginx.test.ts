/** DPoP behind nginx, which ends TLS: with a path prefix that it takes away, and with one that it keeps. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server } from 'node:http';
import { request as send } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestClient } from 'axioms-routing-controllers/testing';
import { Nginx } from '../chaos/nginx';
import { freePort } from '../free-port';
import { TestIssuer } from '../issuer/test-issuer';
import { leaveOut } from '../many-processes/service';

let handled = 0;

@JsonController('/books')
class BookController {
  @Get('/') list() {
    handled++;
    return [];
  }
}

type Fields = Readonly<Record<string, string | string[]>>;

const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';

describe('DPoP behind nginx', function () {
  this.timeout(60_000);
  let folder: string;
  let cert: string;
  let key: string;
  let issuer: TestIssuer;
  let nginx: Nginx | undefined;
  let origin: string;
  const servers: Server[] = [];
  const apis: AxiomsServer[] = [];

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), 'certificate-'));
    [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const reason = Nginx.missing() ?? certificateProblem();
    if (reason !== undefined) leaveOut(this, 'nginx', `nginx cannot be started: ${reason}`);
    issuer = await TestIssuer.start();
    const port = await freePort();
    origin = `https://127.0.0.1:${port}`;
    const stripped = await serve(`${origin}/stripped/`);
    const kept = await serve(origin, '/kept');
    nginx = await Nginx.startWith(() => blocks(port, stripped, kept), port);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    for (const api of apis) api.close();
    for (const server of servers) server.close();
    await nginx?.close();
    if (nginx !== undefined) await issuer.close();
  });

  function certificateProblem(): string | undefined {
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    const options = ['req', '-x509', '-nodes', '-days', '1', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    return spawnSync('openssl', [...options, ...names]).error?.message;
  }

  async function serve(externalUrl: string, routePrefix = ''): Promise<number> {
    const axioms = { ...issuer.settings(), dpop: 'required' as const, externalUrl };
    const app = createExpressServer({ controllers: [BookController], routePrefix, axioms });
    // The app believes every proxy. The guard must not.
    app.set('trust proxy', true);
    apis.push(app.locals.axioms as AxiomsServer);
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  // The Host and the forwarded fields of the client are passed on: a proxy that is configured badly.
  function blocks(port: number, stripped: number, kept: number): string {
    return `
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    proxy_set_header Host $http_host;
    location /stripped/ { proxy_pass http://127.0.0.1:${stripped}/; }
    location /kept/ { proxy_pass http://127.0.0.1:${kept}; }
  }`;
  }

  interface Answer {
    readonly status: number | undefined;
    readonly challenge: string | undefined;
  }

  async function get(path: string, fields: Fields): Promise<Answer> {
    // Node compares the certificate with the Host field, which is spoofed in some of these requests.
    const tls = { ca: readFileSync(cert), checkServerIdentity: () => undefined, agent: false };
    const asking = send(origin + path, { ...tls, headers: { ...fields } });
    asking.end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return { status: response.statusCode, challenge: response.headers['www-authenticate'] };
  }

  function refusal(description: string): Answer {
    const challenge = `DPoP error="invalid_dpop_proof", error_description="${description}", ${algs}`;
    return { status: 401, challenge };
  }

  async function expectRefused(path: string, fields: Fields, description: string): Promise<void> {
    const before = handled;
    expect(await get(path, fields)).to.deep.equal(refusal(description));
    expect(handled).to.equal(before);
  }

  async function expectServed(path: string, fields: Fields): Promise<void> {
    const before = handled;
    expect(await get(path, fields)).to.deep.equal({ status: 200, challenge: undefined });
    expect(handled).to.equal(before + 1);
  }

  for (const [prefix, title] of [
    ['/stripped', 'which takes the path prefix away'],
    ['/kept', 'which keeps the path prefix'],
  ] as const)
    describe(title, () => {
      const path = `${prefix}/books`;
      let client: TestClient;
      let token: string;
      beforeEach(() => {
        client = new TestClient(issuer, { externalUrl: origin });
        token = client.token();
      });

      /** The fields of a request whose proof names this URL. */
      function fieldsFor(url: string): Record<string, string> {
        return { Authorization: `DPoP ${token}`, DPoP: client.proof({ method: 'GET', url, token }) };
      }

      it('serves a client that names the URL which it calls', async () => {
        await expectServed(path, client.fields('GET', path, token));
        await expectServed(`${path}?page=2`, client.fields('GET', `${path}?page=2`, token));
      });

      it('refuses a proof that was used', async () => {
        const fields = client.fields('GET', path, token);
        await expectServed(path, fields);
        await expectRefused(path, fields, 'The DPoP proof was used before');
      });

      it('refuses a proof for the URL behind the proxy, for http, and for the path without its prefix', async () => {
        const inside = servers.map(server => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        const urls = [...inside.flatMap(one => [`${one}/books`, one + path]), `${origin}/books`];
        for (const url of [...urls, origin.replace('https:', 'http:') + path])
          await expectRefused(path, fieldsFor(url), 'The DPoP proof is for another URL');
      });

      const spoofed: Readonly<Record<string, Fields>> = {
        'a spoofed Host': { Host: 'evil.example' },
        'spoofed X-Forwarded fields': {
          'X-Forwarded-Host': 'evil.example',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-Port': '443',
          'X-Forwarded-Prefix': prefix,
        },
        'a spoofed Forwarded': { Forwarded: 'for=127.0.0.1;host=evil.example;proto=https' },
        'spoofed fields that rewrite the URL': {
          'X-Original-URL': `https://evil.example${path}`,
          'X-Rewrite-URL': `https://evil.example${path}`,
          'X-Original-Host': 'evil.example',
        },
      };
      for (const [what, fields] of Object.entries(spoofed))
        it(`refuses a proof for another server with ${what}, and serves a good one`, async () => {
          const stolen = fieldsFor(`https://evil.example${path}`);
          await expectRefused(path, { ...fields, ...stolen }, 'The DPoP proof is for another URL');
          await expectServed(path, { ...fields, ...fieldsFor(origin + path) });
        });

      it('refuses two proofs in two fields', async () => {
        const { Authorization, DPoP } = client.fields('GET', path, token);
        const two = { Authorization, DPoP: [DPoP, client.fields('GET', path, token).DPoP] };
        await expectRefused(path, two, 'The DPoP header is repeated');
      });
    });

  it('serves another spelling of the path that nginx has normalized', async () => {
    const client = new TestClient(issuer, { externalUrl: origin });
    for (const path of ['/stripped/x/%2e%2e/books', '/stripped/book%73'])
      await expectServed(path, client.fields('GET', path, client.token()));
  });
});
