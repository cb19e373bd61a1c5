import { once } from 'node:events';
import { ServerResponse, type OutgoingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, Put, UseBefore } from 'routing-controllers';
import { IsSubOwner, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { OneConnection, type Reply } from '../routing-controllers/one-connection';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const node = ServerResponse.prototype;

/** Ways to write past the methods of the response itself. */
const bypasses: Readonly<Record<string, (response: Response) => unknown>> = {
  'end with text': response => node.end.call(response, 'secret', 'utf8'),
  'end with a buffer': response => node.end.call(response, Buffer.from('secret'), 'utf8'),
  'end with nothing': response => node.end.call(response, undefined, 'utf8'),
  'end, by Reflect': response => void Reflect.apply(node.end as () => unknown, response, ['secret']),
  'write and end': response => {
    node.write.call(response, 'secret', 'utf8');
    return node.end.call(response, 'secret', 'utf8');
  },
  'write, and end by the response': response => {
    node.write.call(response, 'secret', 'utf8');
    return response.end('secret');
  },
  'writeHead, and end by the response': response => {
    node.writeHead.call(response, 200, { 'X-Secret': 'secret' });
    return response.end('secret');
  },
  'writeHead and end': response => {
    node.writeHead.call(response, 200, { 'X-Secret': 'secret' });
    return node.end.call(response, 'secret', 'utf8');
  },
  'flushHeaders, and end by the response': response => {
    node.flushHeaders.call(response);
    return response.end('secret');
  },
  'write, later': async response => {
    await new Promise(resolve => setImmediate(resolve));
    node.write.call(response, 'secret', 'utf8');
    return node.end.call(response, undefined, 'utf8');
  },
  'end, twice': response => {
    node.end.call(response, 'secret', 'utf8');
    return node.end.call(response, 'secret', 'utf8');
  },
  'end, and then a value is returned': response => {
    node.end.call(response, 'secret', 'utf8');
    return { secret: true };
  },
  'end, and then an error is thrown': response => {
    node.end.call(response, 'secret', 'utf8');
    throw new Error('after that');
  },
  'end, in a callback of its own': response => {
    setImmediate(() => node.end.call(response, 'secret', 'utf8'));
    return response;
  },
  'write, from a stream': response =>
    new Promise(resolve => {
      Readable.from(['secret', 'secret'])
        .on('data', (chunk: string) => node.write.call(response, chunk, 'utf8'))
        .on('end', () => {
          resolve(node.end.call(response, undefined, 'utf8'));
        });
    }),
  'cork, write and uncork': response => {
    response.cork();
    node.write.call(response, 'secret', 'utf8');
    response.uncork();
    return node.end.call(response, undefined, 'utf8');
  },
};
const names = Object.keys(bypasses);

type Ends = Pick<OutgoingMessage, 'end'>;

// As session and metric middlewares do: the method that was there before is called later.
function endLater(_request: Request, response: Response, next: NextFunction): void {
  const { end } = response as Ends;
  (response as { end: unknown }).end = (...given: unknown[]): Response => {
    setImmediate(() => {
      Reflect.apply(end, response, given);
    });
    return response;
  };
  next();
}

@JsonController('/held')
class HeldController {
  permissionClasses: readonly object[] = [IsSubOwner];
  objectActions = ['slow'];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Get('/slow') async slow() {
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
    await this.checkObjectPermissions({ user: 'alice' });
    return { slow: true };
  }
  @Get('/:way') retrieve() {
    return this.answer();
  }
  @Put('/:way') update() {
    return this.answer();
  }
  @Get('/later/:way') @UseBefore(endLater) later() {
    return this.answer();
  }
  @Get('/simple/:id') @UseBefore(endLater) simple() {
    return { secret: true };
  }

  private async answer(): Promise<unknown> {
    const { owner } = this.request.query;
    if (owner !== undefined) await this.checkObjectPermissions({ user: owner });
    this.response.setHeader('X-Secret', 'secret');
    const { status } = this.request.query;
    if (status !== undefined) this.response.statusCode = Number(status);
    return bypasses[names[Number(this.request.params.way)]!]!(this.response);
  }
}

describe('a held answer that is written past the methods of the response', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    useExpressServer(app, { controllers: [HeldController], axioms: { ...issuer.settings(), logger } });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    logger.entries.length = connection.connections = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const send = (path: string, method = 'GET'): Promise<Reply> =>
    connection.send(path, { method, headers: { Authorization: `Bearer ${issuer.token()}` } });
  const failureOf = (sent: Promise<Reply>) =>
    sent.then(
      reply => JSON.stringify(reply),
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
  // The handler goes on after its connection was closed.
  const afterHandler = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
  };

  for (const [index, name] of names.entries())
    for (const [method, path] of [
      ['GET', `/held/${index}`],
      ['HEAD', `/held/${index}`],
      ['PUT', `/held/${index}`],
      ['GET', `/held/later/${index}`],
    ] as const)
      it(`closes the connection, and nothing leaves: ${name}, ${method} ${path}`, async () => {
        expect(await failureOf(send(path, method))).to.equal('ECONNRESET');
        await afterHandler();
        const errors = logger.entries.filter(({ level }) => level === 'error');
        expect(errors.map(({ message }) => message.slice(0, 50))).to.deep.equal([
          'An answer was written past the methods of the resp',
          ...(name.includes('error is thrown') ? [errors[1]?.message] : []),
        ]);
        expect((await send('/held/0?owner=alice')).text).to.equal('secret');
      });

  it('is sent as it is once the rule has been asked, and where it is no success', async () => {
    for (const [index, name] of names.entries()) {
      if (/twice|value is returned|error is thrown/.test(name)) continue;
      const reply = await send(`/held/${index}?owner=alice`);
      expect([reply.status, reply.headers['x-secret']], name).to.deep.equal([200, 'secret']);
      if (name.includes('writeHead')) continue;
      expect((await send(`/held/${index}?status=404`)).status, name).to.equal(404);
    }
    expect(logger.text('error')).to.equal('');
  });

  it('is a 500 by the methods of the response, also where a middleware ends responses later', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const reply = await send('/held/simple/7');
      const { error } = JSON.parse(reply.text) as { error: string };
      expect([reply.status, error, reply.headers['x-secret']]).to.deep.equal([500, 'server_error', undefined]);
    }
    expect(connection.connections).to.be.at.most(1);
  });

  it('leaves the answer before it in a pipeline whole, and sends nothing after it', async () => {
    const { port } = connection.server.address() as AddressInfo;
    for (const index of names.keys()) {
      const socket = connect(port, '127.0.0.1');
      const head = `Host: a\r\nAuthorization: Bearer ${issuer.token()}\r\n\r\n`;
      // The first one is answered later: the held answer has no socket yet.
      const paths = ['/held/slow?owner=alice', `/held/${index}`, '/held/slow?owner=alice'];
      socket.write(paths.map(path => `GET ${path} HTTP/1.1\r\n${head}`).join(''));
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(socket, 'close');
      const text = Buffer.concat(chunks).toString();
      expect(text.match(/HTTP\/1\.1 \d+|secret|slow/g), names[index]).to.deep.equal(['HTTP/1.1 200', 'slow']);
    }
  });
});
