import { ServerResponse, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import { BasePermission, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { permissionDenied } from '../refusals';
import { OneConnection } from '../routing-controllers/one-connection';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';
import { request as send } from 'node:http';

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
}

interface Thing {
  readonly owner: string;
  readonly text: string;
}

/** Takes as many turns of the event loop as the request says, or until its client has left; without any it answers at once. */
class Owner extends BasePermission {
  override hasObjectPermission({ user, query }: Request, { response }: ApiView, thing: unknown) {
    const isOwner = user?.sub === (thing as Thing).owner;
    if (query.turns === 'left' && thing !== mine) return once(response, 'close').then(() => isOwner);
    const count = Number(query.turns);
    return count === 0 ? isOwner : turns(count).then(() => isOwner);
  }
}

const mine: Thing = { owner: 'alice', text: 'mine' };
/** What handlers did after a refusal. */
const ran: string[] = [];

interface Handling {
  readonly response: Response;
  /** Alice's or Bob's, as the request says. */
  readonly thing: Thing;
  check(thing: Thing): Promise<void>;
}

/** Handlers whose answer has begun to leave when they start the check. */
const begun: Readonly<Record<string, (handling: Handling) => unknown>> = {
  ends: ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    response.end(thing.text);
  },
  'ends, and returns the response': ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    return response.end(thing.text);
  },
  'ends after a flushed header': ({ response, thing, check }) => {
    response.flushHeaders();
    void check(thing);
    return response.end(thing.text);
  },
  'ends an answer of known length': ({ response, thing, check }) => {
    response.setHeader('Content-Length', 5 + thing.text.length);
    response.write('begin');
    void check(thing);
    return response.end(thing.text);
  },
  'writes several chunks': async ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    response.write(thing.text);
    await turns(1);
    response.write('and more');
    response.end();
  },
  'writes a line for each object': async ({ response, thing, check }) => {
    for (const one of [mine, thing, mine]) {
      void check(one);
      response.write(`${one.text}\n`);
      await turns(10);
    }
    response.end();
  },
  'writes a line for each object, without a pause': ({ response, thing, check }) => {
    response.write('begin\n');
    for (const one of [mine, thing, mine]) {
      void check(one);
      response.write(`${one.text}\n`);
    }
    response.end();
    return response;
  },
  'goes on in the background': ({ response, thing, check }) => {
    response.write('begin');
    setImmediate(() => {
      void check(thing);
      response.end(thing.text);
    });
    return response;
  },
  'goes on in the background, and waits there': ({ response, thing, check }) => {
    response.write('begin');
    void (async () => {
      await check(thing);
      response.end(thing.text);
    })();
    return response;
  },
  'pipes a stream': ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    return Readable.from([thing.text, 'and more'], { objectMode: false }).pipe(response);
  },
  'waits for what it writes': async ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    await new Promise(resolve => response.write(thing.text, resolve));
    ran.push('after its write');
    response.end();
  },
  'writes by the prototype': ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    ServerResponse.prototype.write.call(response, thing.text, 'utf8');
    response.end();
    return response;
  },
  'ends by the prototype': ({ response, thing, check }) => {
    response.write('begin');
    void check(thing);
    ServerResponse.prototype.end.call(response, thing.text, 'utf8');
    return response;
  },
};

/** Handlers that have made a header, of which nothing has left when they start the check. */
const headed: Readonly<Record<string, (handling: Handling) => unknown>> = {
  ends: ({ response, thing, check }) => {
    response.writeHead(200, { 'X-Kept': 'kept' });
    void check(thing);
    response.end(thing.text);
  },
  'ends, and returns the response': ({ response, thing, check }) => {
    response.writeHead(201, 'Secret', { 'X-Kept': 'kept', 'Content-Length': thing.text.length });
    void check(thing);
    return response.end(thing.text);
  },
  'writes chunks': ({ response, thing, check }) => {
    response.writeHead(200, ['X-Kept', 'kept', 'Transfer-Encoding', 'chunked']);
    void check(thing);
    response.write(thing.text);
    return response.end();
  },
  'ends later': async ({ response, thing, check }) => {
    response.writeHead(200, { 'X-Kept': 'kept' });
    void check(thing);
    await turns(12);
    response.end(thing.text);
  },
  'ends in the background': ({ response, thing, check }) => {
    response.writeHead(200, { 'X-Kept': 'kept' });
    void check(thing);
    setTimeout(() => response.end(thing.text), 5);
    return response;
  },
  'makes a header once more': ({ response, thing, check }) => {
    response.writeHead(200, { 'X-Kept': 'kept' });
    void check(thing);
    expect(() => response.writeHead(202)).to.throw('after they are sent');
    response.end(thing.text);
  },
};

const ways = [...Object.values(begun), ...Object.values(headed)];
const bodiless = ways.length;

// As a middleware that compresses does: what was written leaves some time later, past the methods of the response.
function writeLater(_request: Request, response: Response, next: NextFunction): void {
  const { end } = response as { end: (...given: unknown[]) => Response };
  Object.assign(response, {
    write: (chunk: string) => {
      response.flushHeaders();
      setTimeout(() => ServerResponse.prototype.write.call(response, chunk, 'utf8'), 2);
      return true;
    },
    end: () => {
      setTimeout(() => Reflect.apply(end, response, []), 4);
      return response;
    },
  });
  next();
}

@JsonController('/begun')
class BegunController {
  permissionClasses: readonly object[] = [Owner];
  declare request: ApiView['request'];
  declare response: ApiView['response'];
  declare checkObjectPermissions: (object: unknown) => Promise<void>;

  getObject() {
    return mine;
  }

  @Get('/:way') retrieve() {
    if (Number(this.request.params.way) === bodiless) {
      this.response.writeHead(204);
      void this.checkObjectPermissions(this.thing);
      return this.response.end();
    }
    const check = (thing: Thing): Promise<void> => this.checkObjectPermissions(thing);
    return ways[Number(this.request.params.way)]!({ response: this.response, thing: this.thing, check });
  }

  @Get('/compressed/:id') @UseBefore(writeLater) async compressed() {
    for (const one of [mine, mine, this.thing]) {
      await this.checkObjectPermissions(one);
      this.response.write(`${one.text}\n`);
    }
    this.response.end();
    return this.response;
  }

  @Get('/large/:id') async large() {
    this.response.write('begin');
    for (let count = 0; count < 20; count++) {
      void this.checkObjectPermissions(mine);
      if (!this.response.write(Buffer.alloc(100_000, 'x'))) await once(this.response, 'drain');
    }
    this.response.end();
  }

  @Get('/filtered/:id') async filtered() {
    this.response.write('begin');
    await this.writeAll();
    return this.response.end();
  }

  @Get('/filtered-later/:id') filteredLater() {
    this.response.write('begin');
    void this.writeAll().then(() => this.response.end());
    return this.response;
  }

  private async writeAll(): Promise<void> {
    const things = [mine, this.thing, mine];
    await Promise.all(
      things.map(async one => {
        await this.checkObjectPermissions(one).then(
          () => this.response.write(one.text),
          () => this.response.write('-'),
        );
      }),
    );
  }

  @Get('/thrown/:id') async thrown() {
    void this.checkObjectPermissions(mine);
    this.response.writeHead(200, { 'X-Secret': 'secret' });
    this.response.write('secret');
    await this.checkObjectPermissions(this.thing);
    return this.response.end();
  }

  @Get('/told/:id') told() {
    void this.checkObjectPermissions(mine);
    ran.push(`write: ${this.response.write('mine')}`);
    this.response.once('drain', () => {
      ran.push('drain');
      this.response.end();
    });
    return this.response;
  }

  @Get('/unsendable/:id') unsendable() {
    void this.checkObjectPermissions(mine);
    return this.response.end(5 as unknown as string);
  }

  private get thing(): Thing {
    const { owner } = this.request.query as { owner: string };
    return { owner, text: owner === 'alice' ? 'mine' : 'SECRET' };
  }
}

interface Got {
  readonly status?: number | undefined;
  readonly headers?: IncomingHttpHeaders;
  readonly text: string;
  readonly isCutOff: boolean;
}

describe('an answer that has begun when a check of an object starts', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    useExpressServer(app, { controllers: [BegunController], axioms: { ...issuer.settings(), logger } });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    logger.entries.length = connection.connections = ran.length = 0;
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  const headers = () => ({ Authorization: `Bearer ${issuer.token()}` });
  const port = () => (connection.server.address() as AddressInfo).port;

  /** What arrives, also of an answer that is cut off. */
  const get = (path: string, owner: string, count: number, method = 'GET'): Promise<Got> =>
    new Promise(resolve => {
      let text = '';
      const url = `/begun/${path}?owner=${owner}&turns=${count}`;
      const sent = send(
        { host: '127.0.0.1', port: port(), path: url, method, headers: headers(), agent: false },
        reply => {
          const done = (isCutOff: boolean) => () => {
            resolve({ status: reply.statusCode, headers: reply.headers, text, isCutOff });
          };
          reply.on('data', (chunk: Buffer) => (text += chunk.toString()));
          reply.on('end', done(false));
          reply.on('error', done(true));
        },
      );
      sent.on('error', () => {
        resolve({ text, isCutOff: true });
      });
      sent.end();
    });

  const errors = () => logger.entries.filter(({ level }) => level === 'error').map(({ message }) => message);

  for (const [index, name] of Object.keys(begun).entries())
    for (const count of [0, 1, 5])
      it(`is cut off before anything of the refused object leaves: ${name}, a rule of ${count} turns`, async () => {
        const { status, text, isCutOff } = await get(String(index), 'bob', count);
        expect([status ?? 200, isCutOff]).to.deep.equal([200, true]);
        expect(['', 'begin', 'begin\n', 'mine\n', 'begin\nmine\n']).to.include(text);
        expect(errors()).to.have.length(1);
        expect(errors()[0]).to.include('Await this.checkObjectPermissions()');
        const allowed = await get(String(index), 'alice', count);
        expect([allowed.status, allowed.isCutOff]).to.deep.equal([200, false]);
        expect(allowed.text).to.match(/mine/);
        expect(errors()).to.have.length(1);
      });

  for (const [index, name] of Object.keys(headed).entries())
    for (const count of [0, 1, 5])
      for (const method of ['GET', 'HEAD'])
        it(`is the refusal where nothing has left yet: ${name}, a rule of ${count} turns, ${method}`, async () => {
          const path = `/begun/${Object.keys(begun).length + index}`;
          for (let turn = 0; turn < 2; turn++) {
            const sent = { method, headers: headers() };
            const refused = await connection.send(`${path}?owner=bob&turns=${count}`, sent);
            const { error, description } = permissionDenied;
            const body = JSON.stringify({ error, error_description: description });
            expect([refused.status, refused.text]).to.deep.equal([403, method === 'HEAD' ? '' : body]);
            expect(refused.headers).to.include({ 'content-length': String(body.length), 'cache-control': 'no-store' });
            expect(refused.headers).not.to.have.any.keys('www-authenticate', 'transfer-encoding');
            const allowed = await connection.send(`${path}?owner=alice&turns=${count}`, sent);
            expect(allowed.status).to.be.oneOf([200, 201]);
            expect([allowed.headers['x-kept'], allowed.text]).to.deep.equal(['kept', method === 'HEAD' ? '' : 'mine']);
          }
          expect(errors()).to.deep.equal([]);
          expect(connection.connections).to.be.at.most(1);
        });

  it('is cut off where its header says that no body follows', async () => {
    for (const method of ['GET', 'HEAD']) {
      expect(await get(String(bodiless), 'bob', 1, method)).to.deep.equal({ text: '', isCutOff: true });
      expect((await get(String(bodiless), 'alice', 1, method)).status).to.equal(204);
    }
  });

  it('is sent as a whole where a middleware sends what was written while the next check runs', async () => {
    expect(await get('compressed/7', 'alice', 12)).to.deep.include({ text: 'mine\nmine\nmine\n', isCutOff: false });
    const { text, isCutOff } = await get('compressed/7', 'bob', 12);
    expect([text.includes('SECRET'), isCutOff]).to.deep.equal([false, true]);
  });

  it('goes on in order after each check, as fast as its client reads', async () => {
    const { text, isCutOff } = await get('large/7', 'alice', 2);
    expect([text.length, isCutOff]).to.deep.equal([5 + 20 * 100_000, false]);
  });

  it('tells its writer to wait while a check runs, as Node does for a client that does not read', async () => {
    const { text, isCutOff } = await get('told/7', 'alice', 2);
    expect([text, isCutOff, ran]).to.deep.equal(['mine', false, ['write: false', 'drain']]);
  });

  it('is a 500 where it cannot be sent once the check has passed', async () => {
    const { status, isCutOff } = await get('unsendable/7', 'alice', 2);
    expect([status, isCutOff]).to.deep.equal([500, false]);
    expect(errors()).to.have.length(1);
  });

  it('is left alone by a refusal that the handler catches', async () => {
    for (const path of ['filtered', 'filtered-later'])
      for (const count of [0, 1, 4]) {
        const { text, isCutOff } = await get(`${path}/7`, 'bob', count);
        const parts = [...text.matchAll(/begin|mine|-/g)].flat().sort();
        expect([parts, isCutOff], `${path}, ${count} turns`).to.deep.equal([['-', 'begin', 'mine', 'mine'], false]);
      }
    expect(errors()).to.deep.equal([]);
  });

  it('gives way to the refusal that the handler throws while it waits for another check', async () => {
    const refused = await connection.send('/begun/thrown/7?owner=bob&turns=2', { headers: headers() });
    expect([refused.status, refused.text.includes('secret'), refused.headers['x-secret']]).to.deep.equal([
      403,
      false,
      undefined,
    ]);
    expect((await connection.send('/begun/thrown/7?owner=alice&turns=2', { headers: headers() })).text).to.equal(
      'secret',
    );
    expect(connection.connections).to.be.at.most(1);
  });

  it('leaves the answer before it in a pipeline whole', async () => {
    const socket = connect(port(), '127.0.0.1');
    const head = `Host: a\r\nAuthorization: Bearer ${issuer.token()}\r\n\r\n`;
    const slow = Object.keys(begun).indexOf('writes a line for each object');
    socket.write(`GET /begun/${slow}?owner=alice&turns=9 HTTP/1.1\r\n${head}`);
    socket.write(`GET /begun/0?owner=bob&turns=1 HTTP/1.1\r\n${head}`);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    const text = Buffer.concat(chunks).toString();
    expect(text.match(/HTTP\/1\.1 \d+|mine|SECRET/g)).to.deep.equal(['HTTP/1.1 200', 'mine', 'mine', 'mine']);
  });

  it('is no error in the log where its client has left', async () => {
    const path = `/begun/${Object.keys(begun).indexOf('ends after a flushed header')}?owner=bob&turns=left`;
    const sent = send({ host: '127.0.0.1', port: port(), path, headers: headers() });
    sent.on('error', () => undefined);
    sent.on('response', reply => {
      reply.on('error', () => undefined);
      sent.destroy();
    });
    sent.end();
    const [, response] = (await once(connection.server, 'request')) as [unknown, ServerResponse];
    await once(response, 'close');
    await turns(15);
    expect(errors()).to.deep.equal([]);
  });
});
