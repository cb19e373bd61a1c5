/**
 * The fields by which caches recognize an answer that may be one caller's own. RFC 9111 §3.5 is about Authorization alone: a
 * shared cache that stored the answer to one session could give it to the next.
 */
import 'reflect-metadata';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, Header, HttpCode, JsonController, Post, Redirect } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  ApiController,
  BaseAuthentication,
  IsAuthenticated,
  IsSubOwner,
  SessionAuthentication,
  useExpressServer,
  type AuthenticationClass,
  type AxiomsServer,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

abstract class Pages extends ApiController {
  @Get('/') show(): unknown {
    return { of: this.request.user?.sub ?? 'nobody' };
  }
  @Get('/public') @Header('Cache-Control', 'public, max-age=60') cached() {
    return this.show();
  }
  @Get('/kept') @Header('Cache-Control', 'no-store') kept() {
    return this.show();
  }
  @Get('/vary') @Header('Vary', 'Origin') vary() {
    return this.show();
  }
  @Get('/any') @Header('Vary', '*') any() {
    return this.show();
  }
  @Get('/head') head() {
    this.response.writeHead(200, 'Fine', { vary: 'Accept', 'Cache-Control': 'max-age=5' });
    return this.response.end('{}');
  }
  @Get('/old-head') oldHead() {
    (this.response as unknown as { writeHeader(status: number): void }).writeHeader(200);
    return this.response.end('{}');
  }
  @Get('/list') list() {
    this.response.writeHead(200, ['Vary', 'Accept', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'vary', 'Origin']);
    return this.response.end('{}');
  }
  @Get('/flushed') flushed() {
    this.response.flushHeaders();
    return this.response.end('{}');
  }
  @Get('/stream') stream() {
    return Readable.from(['{', '}']);
  }
  @Get('/redirect') @Redirect('/elsewhere') redirect() {
    return undefined;
  }
  @Get('/missing') @HttpCode(404) missing() {
    return {};
  }
  @Post('/') change() {
    return {};
  }
}

class KeyAuthentication extends BaseAuthentication {
  authenticate(request: Request) {
    return request.get('x-key') === undefined ? null : { user: { isAuthenticated: true, sub: 'key' } };
  }
}

function pages(path: string, classes: readonly AuthenticationClass[], rules: readonly PermissionRule[] = [AllowAny]) {
  @JsonController(path)
  class PagesController extends Pages {
    override authenticationClasses = classes;
    override permissionClasses = rules;
  }
  return PagesController;
}

@JsonController('/notes')
class NotesController extends ApiController {
  override authenticationClasses = [SessionAuthentication];
  override permissionClasses = [IsSubOwner];
  override getObject() {
    return { user: this.request.params.id };
  }
  @Get('/:id') show() {
    return this.getObject();
  }
  @Get('/:id/slow') slow() {
    const object = this.getObject();
    void this.checkObjectPermissions(object);
    return object;
  }
}

describe('the fields for caches', () => {
  let issuer: TestIssuer;
  let app: Express;
  let server: AxiomsServer;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().use((incoming, _response, next) => {
      const user = incoming.get('cookie')?.replace('sid=', '');
      Object.assign(incoming, { session: user === undefined ? {} : { user: { sub: user } } });
      next();
    });
    const controllers = [
      pages('/sessions', [SessionAuthentication]),
      pages('/both', [AccessTokenAuthentication, SessionAuthentication]),
      pages('/tokens', [AccessTokenAuthentication]),
      pages('/keys', [KeyAuthentication]),
      pages('/open', []),
      pages('/closed', [SessionAuthentication], [IsAuthenticated]),
      NotesController,
    ];
    useExpressServer(app, { controllers, axioms: issuer.settings() });
    server = app.locals.axioms as AxiomsServer;
  });
  after(async () => {
    server.close();
    await issuer.close();
  });

  const cookie = { Cookie: 'sid=alice' };
  const token = (): object => ({ Authorization: `Bearer ${issuer.token({ sub: 'alice' })}` });

  async function fieldsOf(path: string, fields: object = {}): Promise<readonly unknown[]> {
    const { status, headers } = await request(app)
      .get(path)
      .set(fields as Record<string, string>);
    const { 'cache-control': control, vary } = headers as Record<string, string | undefined>;
    return [status, control, vary];
  }

  for (const [path, status] of [
    ['/sessions', 200],
    ['/both', 200],
    ['/sessions/flushed', 200],
    ['/sessions/stream', 200],
    ['/sessions/missing', 404],
    ['/notes/alice', 200],
    ['/notes/alice/slow', 200],
  ] as const)
    it(`say that the answer to a session is its own, and depends on the cookie: ${path}`, async () => {
      expect(await fieldsOf(path, cookie)).to.deep.equal([status, 'private', 'Cookie']);
    });

  it('join those of Express', async () => {
    expect(await fieldsOf('/sessions/redirect', cookie)).to.deep.equal([302, 'private', 'Accept, Cookie']);
  });

  it('stay with a 304, and with HEAD', async () => {
    const { headers } = await request(app).head('/sessions').set(cookie);
    expect(headers).to.deep.include({ 'cache-control': 'private', vary: 'Cookie' });
    const tag = (headers as Record<string, string>).etag;
    expect(await fieldsOf('/sessions', { ...cookie, 'If-None-Match': tag })).to.deep.equal([304, 'private', 'Cookie']);
  });

  it('say that an answer to nobody depends on the cookie', async () => {
    expect(await fieldsOf('/sessions')).to.deep.equal([200, undefined, 'Cookie']);
    expect(await fieldsOf('/both')).to.deep.equal([200, undefined, 'Cookie']);
  });

  it("leave the app's own Cache-Control, and add to its Vary", async () => {
    expect(await fieldsOf('/sessions/public', cookie)).to.deep.equal([200, 'public, max-age=60', 'Cookie']);
    expect(await fieldsOf('/sessions/kept', cookie)).to.deep.equal([200, 'no-store', undefined]);
    expect(await fieldsOf('/sessions/vary', cookie)).to.deep.equal([200, 'private', 'Origin, Cookie']);
    expect(await fieldsOf('/sessions/any', cookie)).to.deep.equal([200, 'private', '*']);
    expect(await fieldsOf('/sessions/head', cookie)).to.deep.equal([200, 'max-age=5', 'Accept, Cookie']);
  });

  it('are set by writeHeader(), the old name of writeHead()', async () => {
    expect(await fieldsOf('/sessions/old-head', cookie)).to.deep.equal([200, 'private', 'Cookie']);
  });

  it('keep the other fields of a list for writeHead()', async () => {
    const { headers } = await request(app).get('/sessions/list').set(cookie);
    expect(headers).to.deep.include({
      'cache-control': 'private',
      vary: 'Accept, Origin, Cookie',
      'set-cookie': ['a=1', 'b=2'],
    });
  });

  it('say nothing of tokens, which are in Authorization, but for the cookie that the route reads as well', async () => {
    expect(await fieldsOf('/tokens', token())).to.deep.equal([200, undefined, undefined]);
    expect(await fieldsOf('/both', token())).to.deep.equal([200, undefined, 'Cookie']);
    expect(await fieldsOf('/tokens')).to.deep.equal([200, undefined, undefined]);
  });

  it('say that the answer is its caller’s own where a class of the app may read any field', async () => {
    expect(await fieldsOf('/keys', { 'X-Key': 'k' })).to.deep.equal([200, 'private', undefined]);
    expect(await fieldsOf('/keys')).to.deep.equal([200, undefined, undefined]);
  });

  it('are missing where the route has no authentication classes', async () => {
    expect(await fieldsOf('/open', cookie)).to.deep.equal([200, undefined, undefined]);
  });

  it('leave a refusal as it is: it is not stored', async () => {
    expect(await fieldsOf('/closed')).to.deep.equal([403, 'no-store', undefined]);
    expect(await fieldsOf('/notes/bob', cookie)).to.deep.equal([403, 'no-store', undefined]);
    const { status, headers } = await request(app).post('/sessions').set(cookie);
    expect([status, (headers as Record<string, unknown>)['cache-control']]).to.deep.equal([403, 'no-store']);
  });
});
