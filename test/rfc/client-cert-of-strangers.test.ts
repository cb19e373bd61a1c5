/** RFC 9440 §4: `Client-Cert` of a client that is no trusted proxy does not reach the app. */
import { once } from 'node:events';
import { connect, type AddressInfo, type Server } from 'node:net';
import { createServer } from 'node:http';
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, JsonController, Middleware, Req, UseBefore, type ExpressMiddlewareInterface } from 'routing-controllers';
import {
  AllowAny,
  createExpressServer,
  guardApp,
  requireAccessToken,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

/** What code of the app has seen of the fields, by the place. */
// Other tests of the process may run the global middleware, too.
let seen: Record<string, readonly string[]> = {};

function look(place: string, { headers, headersDistinct, rawHeaders }: Request): void {
  const names = [...Object.keys(headers), ...Object.keys(headersDistinct), ...rawHeaders];
  seen[place] = names.filter(name => /^client-cert/i.test(name));
}

@Middleware({ type: 'before' })
class GlobalMiddleware implements ExpressMiddlewareInterface {
  use(request: Request, _: unknown, next: () => void): void {
    look('global', request);
    next();
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];
  @Get('/')
  @UseBefore((request: Request, _: unknown, next: () => void) => {
    look('before', request);
    next();
  })
  list(@Req() request: Request) {
    look('handler', request);
    return { host: request.headers.host, last: request.headers['x-last'] };
  }
}

const everything = ['client-cert', 'client-cert-chain', 'client-cert', 'client-cert-chain'];
const both = [...everything, 'cLIENT-cERT', 'Client-Cert-Chain'];

describe('the field Client-Cert of a stranger (RFC 9440 §4)', () => {
  let issuer: TestIssuer;
  let server: Server | undefined;
  let api: AxiomsServer | undefined;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    seen = {};
  });
  afterEach(async () => {
    server?.close();
    api?.close();
    await issuer.close();
  });

  function appOf(axioms: Partial<SettingsInput>): Express {
    const settings = { ...issuer.settings(), ...axioms };
    const app = createExpressServer({
      controllers: [OpenController],
      middlewares: [GlobalMiddleware],
      axioms: settings,
    });
    api = app.locals.axioms as AxiomsServer;
    return app;
  }

  async function get(app: Express, path = '/open', more = ''): Promise<string> {
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const fields = `Host: a\r\n${more}cLIENT-cERT: :AAAA:\r\nClient-Cert-Chain: :BBBB:, :CCCC:\r\nX-Last: z\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
    return Buffer.concat((await socket.toArray()) as Buffer[]).toString();
  }

  for (const [title, axioms] of [
    ['mtls is allowed', { mtls: 'allowed' }],
    ['mtls is required', { mtls: 'required' }],
    ['there are other proxies', { clientCertificateFrom: ['10.0.0.0/8', '::1'] }],
  ] as const)
    it(`is removed before any code of the app sees it, if ${title}`, async () => {
      const answer = await get(appOf(axioms));
      expect(answer).to.match(/^HTTP\/1\.1 200 [^]*\{"host":"a","last":"z"\}/);
      expect(seen).to.deep.equal({ global: [], before: [], handler: [] });
    });

  it('is removed behind a thousand other fields, which Node does not parse', async () => {
    const app = appOf({ mtls: 'allowed' });
    expect(await get(app, '/open', 'a:\r\n'.repeat(1100))).to.match(/^HTTP\/1\.1 200 /);
    expect(seen).to.deep.equal({ global: [], before: [], handler: [] });
  });

  it('is removed in front of plain routes', async () => {
    const app = express();
    api = guardApp(app, { ...issuer.settings(), mtls: 'allowed' });
    app.get('/plain', (request, response) => {
      look('plain', request);
      response.json([]);
    });
    app.get('/guarded', requireAccessToken(), (_, response) => {
      response.json([]);
    });
    expect(await get(app, '/plain')).to.match(/^HTTP\/1\.1 200 /);
    expect(seen).to.deep.equal({ plain: [] });
  });

  it('is what a proxy of the setting has sent', async () => {
    await get(appOf({ clientCertificateFrom: '127.0.0.1' }));
    expect(seen).to.deep.equal({ global: both, before: both, handler: both });
  });

  it('is left alone by default: the app may have a use for it', async () => {
    await get(appOf({}));
    expect(seen['handler']).to.deep.equal(both);
  });
});
