import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import {
  All,
  ContentType,
  Controller,
  Get,
  HttpCode,
  JsonController,
  Method,
  OnNull,
  OnUndefined,
  Redirect,
  Res,
  SessionParam,
  UseAfter,
} from 'routing-controllers';
import { AllowAny, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

function note(_request: Request, _response: Response, next: NextFunction): void {
  ran.push('after');
  next();
}

function streamOf(...chunks: (string | Error)[]): Readable {
  return Readable.from(
    (function* () {
      for (const chunk of chunks) {
        if (chunk instanceof Error) throw chunk;
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
}

@JsonController('/answers')
@UseAfter(note)
class AnswerController {
  permissionClasses = [AllowAny];

  @Get('/by-hand')
  byHand(@Res() response: Response): void {
    response.status(201).json({ by: 'hand' });
  }

  @Get('/by-hand-later')
  async byHandLater(@Res() response: Response): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    response.json({ by: 'hand' });
  }

  @Get('/response')
  returned(@Res() response: Response) {
    return response.json({ by: 'response' });
  }

  @Get('/response-later')
  returnedLater(@Res() response: Response) {
    // Later than Express would say that it found nothing.
    setTimeout(() => response.json({ by: 'response' }), 50);
    return response;
  }

  @Get('/piped')
  piped(@Res() response: Response) {
    return streamOf('a', 'b').pipe(response);
  }

  @Get('/by-hand-then-throws')
  byHandThenThrows(@Res() response: Response): void {
    response.json({ by: 'hand' });
    throw new Error('too late');
  }

  @Get('/undefined')
  nothing(): void {
    ran.push('nothing');
  }

  @Get('/undefined-204')
  @OnUndefined(204)
  nothing204(): void {
    ran.push('nothing');
  }

  @Get('/null')
  @OnNull(404)
  null() {
    return null;
  }

  @Get('/circular')
  circular() {
    const object: Record<string, unknown> = {};
    return Object.assign(object, { toJSON: () => object, self: object });
  }

  @Get('/bigint')
  bigint() {
    return { n: 1n };
  }

  @Get('/symbol')
  symbol() {
    return Symbol('x');
  }

  @Get('/status-9999')
  status9999(@Res() response: Response) {
    response.status(9999);
    return {};
  }

  @Get('/status-nan')
  statusNan(@Res() response: Response) {
    response.statusCode = NaN;
    return {};
  }

  @Get('/code-42')
  @HttpCode(42)
  code42() {
    return {};
  }

  @Get('/header')
  header(@Res() response: Response) {
    response.setHeader('x-broken', 'a\r\nb');
    return {};
  }

  @Get('/stream')
  stream() {
    return streamOf('one ', 'two');
  }

  @Get('/stream-fails-first')
  streamFailsFirst() {
    return streamOf(new Error('no file'));
  }

  @Get('/stream-fails-midway')
  streamFailsMidway() {
    return streamOf('one ', new Error('disk'), 'two');
  }

  @Get('/stream-destroyed')
  streamDestroyed() {
    const stream = new PassThrough();
    stream.destroy();
    return stream;
  }

  @Get('/stream-failed-before')
  async streamFailedBefore() {
    const stream = new PassThrough();
    stream.once('error', () => undefined);
    stream.destroy(new Error('early'));
    await new Promise(resolve => setImmediate(resolve));
    return stream;
  }

  @Get('/session')
  session(@SessionParam('user') user: string) {
    return { user };
  }

  @Get('/redirect')
  @Redirect('/answers/null')
  redirect() {
    return undefined as unknown as string;
  }

  @All('/all')
  all() {
    return { ok: true };
  }

  @Get('/options')
  besidesOptions() {
    return { ok: true };
  }

  @Method('options', '/options')
  options() {
    return { ok: true };
  }
}

@Controller('/text')
class TextController {
  permissionClasses = [AllowAny];

  @Get('/buffer')
  @ContentType('text/plain')
  buffer() {
    return Buffer.from('bytes');
  }

  @Get('/throws')
  throws() {
    throw new Error('plain');
  }

  @Get('/throws-null')
  throwsNull() {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw null;
  }
}

describe('what a handler answers', () => {
  forbidStrayErrors();

  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    app.set('env', 'test');
    useExpressServer(app, { controllers: [AnswerController, TextController], axioms: issuer.settings() });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    ran.length = 0;
    connection.connections = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  for (const [path, status, text] of [
    ['/answers/by-hand', 201, '{"by":"hand"}'],
    ['/answers/by-hand-later', 200, '{"by":"hand"}'],
    ['/answers/by-hand-then-throws', 200, '{"by":"hand"}'],
    ['/answers/response', 200, '{"by":"response"}'],
    ['/answers/response-later', 200, '{"by":"response"}'],
    ['/answers/piped', 200, 'ab'],
    ['/answers/undefined', 404, undefined],
    ['/answers/undefined-204', 204, ''],
    ['/answers/null', 404, 'null'],
    ['/answers/circular', 500, undefined],
    ['/answers/bigint', 500, undefined],
    ['/answers/symbol', 200, ''],
    ['/answers/status-9999', 500, undefined],
    ['/answers/status-nan', 500, undefined],
    ['/answers/code-42', 500, undefined],
    ['/answers/header', 500, undefined],
    ['/answers/stream', 200, 'one two'],
    ['/answers/stream-fails-first', 500, undefined],
    ['/answers/stream-destroyed', 500, undefined],
    ['/answers/stream-failed-before', 500, undefined],
    ['/answers/session', 500, undefined],
    ['/answers/redirect', 302, undefined],
    ['/text/buffer', 200, 'bytes'],
    ['/text/throws', 500, undefined],
    ['/text/throws-null', 500, undefined],
  ] as const)
    it(`is sent once at ${path}, and the connection stays`, async () => {
      const reply = await connection.send(path);
      expect(reply.status).to.equal(status);
      if (text !== undefined) expect(reply.text).to.equal(text);
      expect((await connection.send('/answers/stream')).text).to.equal('one two');
      expect(connection.connections).to.be.at.most(1);
    });

  it('breaks off where a stream fails midway, so that nobody takes it for the whole', async () => {
    const failure = await connection.send('/answers/stream-fails-midway').then(
      () => undefined,
      (error: unknown) => error as NodeJS.ErrnoException,
    );
    expect(failure?.code).to.equal('ECONNRESET');
    expect((await connection.send('/answers/stream')).status).to.equal(200);
  });

  for (const path of ['/answers/all', '/answers/options'])
    it(`is the answer to OPTIONS ${path}, and the connection stays`, async () => {
      for (let turn = 0; turn < 3; turn++)
        expect((await connection.send(path, { method: 'OPTIONS' })).text).to.equal('{"ok":true}');
      expect(connection.connections).to.be.at.most(1);
      expect(ran).to.deep.equal(['after', 'after', 'after']);
    });

  it('is answered by Express where only other methods have a handler', async () => {
    const reply = await connection.send('/answers/null', { method: 'OPTIONS' });
    expect([reply.status, reply.headers.allow?.replace(' ', '')]).to.deep.equal([200, 'GET,HEAD']);
  });
});
