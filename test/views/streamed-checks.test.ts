import { once } from 'node:events';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type Request } from 'express';
import { Get, JsonController, UseInterceptor, type Action } from 'routing-controllers';
import { BasePermission, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { permissionDenied } from '../refusals';
import { OneConnection } from '../routing-controllers/one-connection';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

/** Takes as many turns of the event loop as the request says; without any it answers at once. */
class Owner extends BasePermission {
  override hasObjectPermission({ user, query }: Request, _controller: ApiView, owner: unknown) {
    const isOwner = user?.sub === owner;
    const count = Number(query.turns);
    return count === 0 ? isOwner : turns(count).then(() => isOwner);
  }
}

type Check = (owner: string) => Promise<void>;

/** Which generators were left, as their `finally` says. */
const left: string[] = [];
const streams: Readable[] = [];

/** How a generator checks what it yields. */
const ways: Readonly<Record<string, (check: Check, owners: readonly string[]) => AsyncGenerator<string>>> = {
  // eslint-disable-next-line @typescript-eslint/require-await
  async *'forgets to wait'(check, owners) {
    for (const owner of owners) {
      void check(owner);
      yield `${owner} `;
    }
  },
  async *'forgets to wait, and pauses'(check, owners) {
    for (const owner of owners) {
      void check(owner);
      yield `${owner} `;
      await turns(12);
    }
  },
  async *waits(check, owners) {
    try {
      for (const owner of owners) {
        await check(owner);
        yield `${owner} `;
      }
    } finally {
      left.push('waits');
    }
  },
  async *'checks in a method that it does not wait for'(check, owners) {
    const inner = async (owner: string): Promise<void> => {
      await check(owner);
    };
    for (const owner of owners) {
      void inner(owner);
      yield `${owner} `;
    }
    await turns(12);
  },
};

function copied(_action: Action, content: unknown): unknown {
  return Readable.from(content as Readable, { objectMode: false });
}

function passed(_action: Action, content: unknown): unknown {
  return content;
}

@JsonController('/streamed')
class StreamedController {
  permissionClasses: readonly object[] = [Owner];
  declare request: ApiView['request'];
  declare checkObjectPermissions: (object: unknown) => Promise<void>;

  getObject() {
    return this.request.user?.sub;
  }

  @Get('/:way') retrieve() {
    return this.stream();
  }
  @Get('/copied/:way') @UseInterceptor(copied) copied() {
    return this.stream();
  }
  @Get('/passed/:way') @UseInterceptor(passed) passed() {
    return this.stream();
  }
  @Get('/filtered/:id') filtered() {
    const check: Check = owner => this.checkObjectPermissions(owner);
    const { owners } = this;
    async function* filter() {
      for (const owner of owners)
        yield await check(owner).then(
          () => `${owner} `,
          () => '- ',
        );
    }
    return Readable.from(filter(), { objectMode: false });
  }

  private stream(): Readable {
    const way = Object.values(ways)[Number(this.request.params.way)]!;
    const stream = Readable.from(
      way(owner => this.checkObjectPermissions(owner), this.owners),
      { objectMode: false },
    );
    streams.push(stream);
    return stream;
  }

  private get owners(): readonly string[] {
    return (this.request.query as { owners: string }).owners.split('-');
  }
}

describe('checks of objects in a stream that a handler returned', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    useExpressServer(app, { controllers: [StreamedController], axioms: { ...issuer.settings(), logger } });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    logger.entries.length = connection.connections = streams.length = left.length = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const headers = () => ({ Authorization: `Bearer ${issuer.token()}` });

  /** What arrives of an answer that is cut off, unless a refusal overtook it. */
  const cutOff = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const { port } = connection.server.address() as AddressInfo;
      const sent = send({ host: '127.0.0.1', port, path, headers: headers(), agent: false }, reply => {
        reply.on('data', (chunk: Buffer) => (text += chunk.toString()));
        reply.on('end', () => {
          if (reply.statusCode === 403) resolve('403');
          else reject(new Error(`complete: ${text}`));
        });
        reply.on('error', () => {
          resolve(text);
        });
      });
      sent.on('error', () => {
        resolve(text);
      });
      sent.end();
    });

  for (const [index, name] of Object.keys(ways).entries())
    for (const folder of ['', 'copied/', 'passed/'])
      for (const count of [0, 1, 5]) {
        const path = (owners: string) => `/streamed/${folder}${index}?owners=${owners}&turns=${count}`;
        const title = `${name}, a rule of ${count} turns, ${folder}`;

        it(`refuse the answer where the first object is another’s: a generator that ${title}`, async () => {
          for (const method of ['GET', 'HEAD']) {
            const { status, text } = await connection.send(path('bob-alice'), { method, headers: headers() });
            const { error, description } = permissionDenied;
            const body = method === 'HEAD' ? '' : JSON.stringify({ error, error_description: description });
            expect([status, text]).to.deep.equal([403, body]);
          }
          expect(logger.text('error')).to.equal('');
          expect(connection.connections).to.be.at.most(1);
        });

        it(`cut the answer off before a later object of another: a generator that ${title}`, async () => {
          expect(['', 'alice ', 'alice alice ', '403']).to.include(await cutOff(path('alice-alice-bob-alice')));
        });

        it(`let the answer pass as a whole: a generator that ${title}`, async () => {
          const { status, text } = await connection.send(path('alice-alice-alice'), { headers: headers() });
          expect([status, text]).to.deep.equal([200, 'alice alice alice ']);
          expect(logger.text('error')).to.equal('');
        });
      }

  it('end the stream, and run what it does at its end', async () => {
    for (const owners of ['bob-alice', 'alice-bob']) {
      streams.length = left.length = 0;
      await connection.send(`/streamed/2?owners=${owners}&turns=3`, { headers: headers() }).catch(() => undefined);
      if (!streams[0]!.closed) await once(streams[0]!, 'close');
      expect(left).to.deep.equal(['waits']);
    }
  });

  it('are the stream’s own where it catches a refusal', async () => {
    for (const count of [0, 3]) {
      const path = `/streamed/filtered/7?owners=bob-alice-bob-alice&turns=${count}`;
      const { status, text } = await connection.send(path, { headers: headers() });
      expect([status, text]).to.deep.equal([200, '- alice - alice ']);
    }
    expect(logger.text('error')).to.equal('');
  });
});
