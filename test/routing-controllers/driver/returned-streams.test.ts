import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as send, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Stream } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGzip } from 'node:zlib';
import { expect } from 'chai';
import express from 'express';
import { Get, Header, JsonController, Post, UseInterceptor, type Action } from 'routing-controllers';
import { AllowAny, IsSubOwner, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../../issuer/recording-logger';
import { TestIssuer } from '../../issuer/test-issuer';
import { OneConnection } from '../one-connection';
import { forbidStrayErrors } from '../stray-errors';

const folder = mkdtempSync(join(tmpdir(), 'streams-'));
const file = join(folder, 'file.bin');
writeFileSync(file, Buffer.alloc(8_000_000, 'x'));

/** The streams that handlers made for the current test. */
const made: Readable[] = [];
let webCancels = 0;

function kept<Kind extends Readable>(stream: Kind): Kind {
  made.push(stream);
  return stream;
}

function dripping(): Readable {
  return kept(new Readable({ read: () => undefined }));
}

/** Gives more whenever it is asked, without an end. */
function endless(): Readable {
  return kept(
    new Readable({
      read() {
        this.push(Buffer.alloc(16_384, 'x'));
      },
    }),
  );
}

function web(): Readable {
  return kept(
    Readable.fromWeb(
      new ReadableStream({
        pull: controller => {
          controller.enqueue(Buffer.alloc(16_384, 'x'));
        },
        cancel: () => {
          webCancels += 1;
        },
      }),
    ),
  );
}

function zipped(_action: Action, content: unknown): unknown {
  return content instanceof Readable ? content.pipe(createGzip()) : content;
}

function failing(): never {
  throw new Error('of the interceptor');
}

let release: () => void = () => undefined;

@JsonController('/streams')
class StreamController {
  permissionClasses: readonly object[] = [AllowAny];
  declare request: ApiView['request'];
  declare response: ApiView['response'];

  @Get('/silent') silent() {
    return dripping();
  }
  @Get('/started') started() {
    const stream = dripping();
    stream.push('started');
    return stream;
  }
  @Get('/endless') async endless() {
    await Promise.resolve();
    return endless();
  }
  @Get('/file') file() {
    return kept(createReadStream(file));
  }
  @Get('/web') web() {
    return web();
  }
  @Get('/zipped') @UseInterceptor(zipped) zipped() {
    return endless();
  }
  @Get('/passed') passed() {
    return endless().pipe(kept(new PassThrough()));
  }
  @Get('/slow') async slow() {
    const released = new Promise<void>(resolve => (release = resolve));
    await released;
    return dripping();
  }
  @Get('/failing') @UseInterceptor(failing) failing() {
    return dripping();
  }
  @Get('/broken-header') @Header('X-Broken', 'a\nb') brokenHeader() {
    return dripping();
  }
  @Get('/whole') whole() {
    return kept(Readable.from(['wh', 'ole'], { objectMode: false, autoDestroy: false }));
  }
  @Get('/by-hand') byHand() {
    return endless().pipe(this.response);
  }
  @Get('/zipped-missing') @UseInterceptor(zipped) zippedMissing() {
    return kept(createReadStream(join(folder, 'missing')));
  }
  @Get('/legacy') legacy() {
    const stream = new Stream();
    setImmediate(() => {
      stream.emit('data', 'legacy');
      stream.emit('end');
    });
    return stream;
  }
  @Post('/echo') echo() {
    return this.request;
  }
}

@JsonController('/held')
class HeldController {
  permissionClasses = [IsSubOwner];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
  @Get('/:id') retrieve() {
    return endless();
  }
  @Get('/forgotten/:id') forgotten() {
    void this.checkObjectPermissions({ user: 'bob' });
    return dripping();
  }
}

/** Waits until the handler has run, and then for at most ten seconds. */
async function closed(stream: Readable | undefined): Promise<boolean> {
  while (made.length === 0) await new Promise(resolve => setImmediate(resolve));
  stream ??= made[0];
  if (stream!.closed) return true;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>(resolve => {
    timer = setTimeout(resolve, 10_000, false);
  });
  const isClosed = await Promise.race([once(stream!, 'close').then(() => true), tooLate]);
  clearTimeout(timer);
  return isClosed;
}

describe('a stream that a handler returned', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger };
    useExpressServer(app, { controllers: [StreamController, HeldController], axioms });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    made.length = logger.entries.length = webCancels = connection.connections = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
    rmSync(folder, { recursive: true });
  });

  const headers = () => ({ Authorization: `Bearer ${issuer.token()}` });

  /** Sends a request and leaves: before an answer, or at its first byte. */
  async function leave(path: string, method: string, isAnswered: boolean): Promise<void> {
    const { port } = connection.server.address() as AddressInfo;
    const sent = send({ host: '127.0.0.1', port, path, method, headers: headers(), agent: new Agent() });
    sent.on('error', () => undefined);
    sent.end();
    if (isAnswered) {
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.on('error', () => undefined);
      if (method !== 'HEAD') await once(answer, 'data');
    } else await once(connection.server, 'request');
    sent.destroy();
  }

  for (const [path, isAnswered] of [
    ['/streams/silent', false],
    ['/streams/started', true],
    ['/streams/endless', true],
    ['/streams/file', true],
    ['/streams/web', true],
    ['/streams/zipped', true],
  ] as const)
    for (const method of ['GET', 'HEAD'])
      it(`is destroyed within a second after the client has left: ${method} ${path}`, async () => {
        await leave(path, method, isAnswered);
        expect(await closed(made[0])).to.equal(true);
        expect([made.length, made[0]!.destroyed]).to.deep.equal([1, true]);
        if (path.endsWith('web')) expect(webCancels).to.equal(1);
        // A client that leaves is no failure.
        expect(logger.text('error', 'warn')).to.equal('');
      });

  it('is destroyed, each of fifty at a time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => leave('/streams/endless', 'GET', true)));
    expect(await Promise.all(made.map(closed))).to.deep.equal(Array<boolean>(50).fill(true));
  });

  /** Sends requests in one piece, and leaves once their handlers have run. */
  async function leavePipelined(paths: readonly string[], moment: () => Promise<unknown>): Promise<void> {
    const { port } = connection.server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    client.write(paths.map(request).join(''));
    await moment();
    client.destroy();
  }

  it('is destroyed where it waited in a pipeline behind another answer when the client left', async () => {
    const paths = ['silent', 'started', 'endless', 'file', 'web', 'zipped'].map(name => `/streams/${name}`);
    // More than the listeners of one event of which Node warns.
    const all = ['/streams/silent', ...paths, ...paths, ...paths];
    await leavePipelined(all, async () => {
      while (made.length < all.length) await new Promise(resolve => setImmediate(resolve));
    });
    expect(await Promise.all(made.map(closed))).to.deep.equal(all.map(() => true));
    expect(logger.text('error', 'warn')).to.equal('');
  });

  it('is destroyed where its handler returned it to a pipeline whose client had left', async () => {
    const connected = once(connection.server, 'connection') as Promise<[Socket]>;
    await leavePipelined(['/streams/silent', '/streams/slow'], async () => {
      while (made.length === 0) await new Promise(resolve => setImmediate(resolve));
    });
    const [socket] = await connected;
    if (!socket.destroyed) await once(socket, 'close');
    release();
    while (made.length < 2) await new Promise(resolve => setImmediate(resolve));
    expect(await Promise.all(made.map(closed))).to.deep.equal([true, true]);
    expect(logger.text('error')).to.equal('');
  });

  it('is sent as a whole where it waited in a pipeline behind another one', async () => {
    const { port } = connection.server.address() as AddressInfo;
    const client = connect(port, '127.0.0.1');
    const request = 'GET /streams/whole HTTP/1.1\r\nHost: a\r\n';
    // Not end(): Node gives up on what has not been answered when it sees the end of the client's half.
    client.write(`${request}\r\n${request}\r\n${request}Connection: close\r\n\r\n`);
    const chunks = (await client.toArray()) as Buffer[];
    const text = Buffer.concat(chunks).toString();
    // Later versions of Node.js may send the two pieces as one.
    expect(text.match(/\r\n(?:2\r\nwh\r\n3\r\nole|5\r\nwhole)\r\n0\r\n/g)).to.have.length(3);
    expect(await Promise.all(made.map(closed))).to.deep.equal([true, true, true]);
  });

  it('is destroyed where the client had left before the handler returned it', async () => {
    const connected = once(connection.server, 'connection') as Promise<[Socket]>;
    await leave('/streams/slow', 'GET', false);
    const [socket] = await connected;
    if (!socket.destroyed) await once(socket, 'close');
    release();
    await new Promise(resolve => setImmediate(resolve));
    expect(await closed(made[0])).to.equal(true);
    expect(logger.text('error')).to.equal('');
  });

  for (const [path, status] of [
    ['/streams/failing', 500],
    ['/streams/broken-header', 500],
    ['/held/7', 500],
    ['/held/forgotten/7', 403],
  ] as const)
    it(`is destroyed where something else is the answer: ${path}`, async () => {
      expect((await connection.send(path, { headers: headers() })).status).to.equal(status);
      expect(await closed(made[0])).to.equal(true);
      expect((await connection.send('/streams/whole')).text).to.equal('whole');
      expect(connection.connections).to.be.at.most(1);
    });

  it('is destroyed after it was sent as a whole, and after HEAD, whose answer does not wait for its end', async () => {
    expect((await connection.send('/streams/whole')).text).to.equal('whole');
    expect(await closed(made[0])).to.equal(true);
    for (const path of ['/streams/endless', '/streams/web']) {
      const { status, text } = await connection.send(path, { method: 'HEAD' });
      expect([status, text]).to.deep.equal([200, '']);
      expect(await closed(made.at(-1))).to.equal(true);
    }
    expect(connection.connections).to.be.at.most(1);
  });

  it('that fails before an interceptor’s stream does is an error as any other', async () => {
    expect((await connection.send('/streams/zipped-missing')).status).to.equal(500);
    expect(logger.text('error')).to.include('ENOENT');
  });

  it('may be of any age', async () => {
    expect((await connection.send('/streams/legacy')).text).to.equal('legacy');
    const echoed = await connection.send('/streams/echo', {
      method: 'POST',
      body: 'again',
      headers: { 'Content-Length': '5' },
    });
    expect([echoed.status, echoed.text]).to.deep.equal([200, 'again']);
    expect((await connection.send('/streams/whole')).text).to.equal('whole');
    expect(connection.connections).to.be.at.most(1);
  });

  it('is the handler’s own where the handler pipes it', async () => {
    await leave('/streams/by-hand', 'GET', true);
    await leave('/streams/endless', 'GET', true);
    expect(await closed(made[1])).to.equal(true);
    expect(made[0]!.destroyed).to.equal(false);
    made[0]!.destroy();
  });
});
