/**
 * Compares the answers of two routes with the same handler: one is answered at once, the other by upstream. An interceptor,
 * an option of class-transformer and a middleware behind the handler leave a route to upstream, and change no answer.
 */
import 'reflect-metadata';
import { once } from 'node:events';
import { Agent, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { expect } from 'chai';
import { Exclude } from 'class-transformer';
import { IsInt, IsString, MaxLength } from 'class-validator';
import fc from 'fast-check';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  Body,
  CurrentUser,
  Get,
  HeaderParam,
  HttpCode,
  JsonController,
  OnNull,
  Param,
  Post,
  QueryParam,
  ResponseClassTransformOptions,
  UseAfter,
  UseInterceptor,
  type Action,
} from 'routing-controllers';
import { AllowAny } from 'axioms-routing-controllers';
import { isPlain } from '../../../src/core/process/plain';
import { Api } from '../../api';

class Secret {
  name = 'visible';
  @Exclude() password = 'hidden';
}

class Book {
  @IsString() @MaxLength(5) title!: string;
  @IsInt() pages!: number;
}

/** What the handlers return next. */
let result: () => unknown = () => undefined;
let calls: unknown[] = [];

abstract class Answers {
  permissionClasses = [AllowAny];

  result(): unknown {
    return result();
  }

  resultLater(): unknown {
    return Promise.resolve().then(() => result());
  }

  params(...given: unknown[]): unknown {
    calls.push(given);
    return { given };
  }

  book(book: unknown, page: unknown): unknown {
    calls.push([book, page]);
    return { isBook: book instanceof Book, book, page };
  }
}

function route(path: string, ...decorators: readonly ((target: object, name: string) => void)[]): new () => Answers {
  class Routes extends Answers {
    override result(): unknown {
      return super.result();
    }
    override resultLater(): unknown {
      return super.resultLater();
    }
    override params(id: number, page: number, names: string, isOn: boolean, trace: number, user: unknown): unknown {
      return super.params(id, page, names, isOn, trace, user ?? null);
    }
    override book(book: Book, page: number): unknown {
      return super.book(book, page);
    }
  }
  const { prototype } = Routes;
  const types: Readonly<Record<string, readonly unknown[]>> = {
    result: [],
    resultLater: [],
    params: [Number, Number, String, Boolean, Number, Object],
    book: [Book, Number],
  };
  for (const [name, list] of Object.entries(types)) {
    Reflect.defineMetadata('design:paramtypes', list, prototype, name);
    for (const one of decorators) one(prototype, name);
  }
  const decorate = (decorator: unknown, name: string, index?: number): void => {
    (decorator as (target: object, name: string, index?: number) => void)(prototype, name, index);
  };
  decorate(Param('id'), 'params', 0);
  decorate(QueryParam('page'), 'params', 1);
  decorate(QueryParam('names', { required: true }), 'params', 2);
  decorate(QueryParam('on'), 'params', 3);
  decorate(HeaderParam('x-trace'), 'params', 4);
  decorate(CurrentUser(), 'params', 5);
  decorate(Body({ required: true }), 'book', 0);
  decorate(QueryParam('page'), 'book', 1);
  decorate(Get('/result'), 'result');
  decorate(OnNull(203), 'result');
  decorate(Get('/later'), 'resultLater');
  decorate(HttpCode(202), 'resultLater');
  decorate(Get('/params/:id'), 'params');
  decorate(Post('/book'), 'book');
  JsonController(path)(Routes);
  return Routes;
}

const keepsResult = (_action: Action, given: unknown): unknown => given;
const goesOn = (_request: Request, _response: Response, next: NextFunction): void => {
  next();
};

const AtOnce = route('/short');
const ByUpstream = route(
  '/whole',
  UseInterceptor(keepsResult) as never,
  ResponseClassTransformOptions({}) as never,
  UseAfter(goesOn) as never,
);

interface Answer {
  readonly status: number | undefined;
  /** Names and values as they arrived, in their order. */
  readonly fields: readonly string[];
  readonly body: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Method = (this: Response, ...given: unknown[]) => unknown;

/** Replaces a method of a response by one that says so in a field, and calls it. */
function replaced(name: 'json' | 'send' | 'end' | 'set' | 'setHeader') {
  return (response: Response): void => {
    const own = response[name] as Method;
    let isCalled = false;
    const replacement: Method = (...given) => {
      if (!isCalled && !response.headersSent) {
        isCalled = true;
        (response.appendHeader as Method).call(response, 'X-Seen', `${name} of ${typeof given[0]}`);
      }
      return own.apply(response, given);
    };
    Object.assign(response, { [name]: replacement });
  };
}

/** What a middleware in front of the handler does with the response, and which settings the app has. */
const preparations: readonly ((response: Response) => void)[] = [
  ...(['json', 'send', 'end', 'set', 'setHeader'] as const).map(replaced),
  response => response.setHeader('Content-Type', 'text/plain'),
  response => response.setHeader('content-type', 'application/vnd.books+json; charset=latin1'),
  response => response.setHeader('ETag', '"own"'),
  response => response.setHeader('Transfer-Encoding', 'chunked'),
  response => {
    response.removeHeader('X-Powered-By');
  },
  ...[201, 204, 205, 304, 404].map(
    status =>
      (response: Response): void =>
        void response.status(status),
  ),
  response => response.append('Vary', 'Origin').append('Set-Cookie', 'a=b'),
  () => app.set('json spaces', 2),
  () => app.set('json escape', true),
  () => app.set('json replacer', (name: string, value: unknown) => (name === '' ? value : 'replaced')),
  () => app.set('etag', false),
  () => app.set('etag', 'strong'),
  () => app.set('etag', (body: Buffer) => `"${typeof body}-${body.length}"`),
];

const settings = ['json spaces', 'json escape', 'json replacer'];
let app: Express;
let preparation: ((response: Response) => void) | undefined;

const prepare = (_request: Request, response: Response, next: NextFunction): void => {
  for (const name of settings) app.set(name, undefined);
  app.set('etag', 'weak');
  preparation?.(response);
  next();
};

// Makes a new result for each route.
const results = fc.letrec<{ value: () => unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<() => unknown>(
      () => null,
      () => undefined,
      () => new Date(0),
      () => new Date(NaN),
      () => new Secret(),
      () => new Map([['a', new Secret()]]),
      () => new Set([1, 2]),
      () => () => 'called',
      () => Promise.resolve({ late: true }),
      () => 12n,
      () => Symbol('s'),
      () => [1, , 3],
      () => Object.create(null, { own: { value: 1, enumerable: true } }) as unknown,
      () => JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1}') as unknown,
      () => ({ toJSON: () => 'of toJSON' }),
      () => Object.defineProperty({}, 'read', { get: () => 'got', enumerable: true }),
      () => new (class extends Array<number> {})(3),
      () => new Uint8Array([65, 66]),
      () => new String('boxed'),
      () => -0,
      () => NaN,
    ),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.double(), fc.boolean()).map(value => () => value),
    fc.array(tie('value'), { maxLength: 4 }).map(list => () => list.map(make => make())),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
      .map(members => () => Object.fromEntries(members.map(([name, make]) => [name, make()]))),
  ),
}));

const texts = fc.oneof(fc.constantFrom('', '0', '1', '7', '-1.5e3', 'true', 'false', 'yes', 'a b', '[1]'), fc.string());
const query = fc
  .array(fc.tuple(fc.constantFrom('page', 'names', 'on', 'page[a]'), texts), { maxLength: 5 })
  .map(list => list.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
const bodies = fc.oneof(
  fc.record({ title: fc.oneof(texts, fc.integer()), pages: fc.oneof(fc.integer(), texts) }, { requiredKeys: [] }),
  fc.constantFrom<unknown>([], [1], {}, { title: 'a', pages: 1, more: { deep: [] } }),
);

describe('an answer at once is the answer of upstream', function () {
  // A long run sets no limit.
  if (process.env.ANSWERS_RUNS === undefined) this.timeout(120_000);
  const hidden = ['date'];
  const agent = new Agent({ keepAlive: true });
  let api: Api;
  let server: Server;

  before(async () => {
    api = await Api.start({ controllers: [AtOnce, ByUpstream] });
    app = api.app;
    server = express().use(prepare, app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  beforeEach(() => {
    preparation = undefined;
  });

  after(async () => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  async function answerTo({ method, path, headers, body }: Asked): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    // Express 4 sends Content-Length beside the Transfer-Encoding that a middleware has set.
    const insecureHTTPParser = true;
    const asking = ask({ port, host: '127.0.0.1', method, path, headers, agent, insecureHTTPParser }).end(body);
    const [response] = (await once(asking, 'response')) as [import('node:http').IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { rawHeaders } = response;
    const fields = rawHeaders.filter(
      (_, index) => !hidden.includes(rawHeaders[index - (index % 2)]?.toLowerCase() ?? ''),
    );
    return { status: response.statusCode, fields, body: Buffer.concat(chunks).toString('latin1') };
  }

  async function expectSame(asked: Asked): Promise<void> {
    const ways: unknown[] = [];
    for (const prefix of ['/short', '/whole']) {
      calls = [];
      const answer = await answerTo({ ...asked, path: `${prefix}${asked.path}` });
      ways.push({ ...answer, body: answer.body.replaceAll(prefix, '/route'), calls });
    }
    expect(ways[0]).to.deep.equal(ways[1]);
  }

  const seed = Number(process.env.PROPERTY_SEED ?? 20260204);
  // `npm run answers` compares 100,000.
  const numRuns = Number(process.env.ANSWERS_RUNS ?? 150);

  it('whatever a handler returns, and whatever the client has already', () =>
    fc.assert(
      fc.asyncProperty(
        results.value,
        fc.constantFrom('/result', '/later'),
        fc.constantFrom('GET', 'HEAD'),
        fc.option(fc.constantFrom('*', 'W/"2-vyGp6PvFo4RvsFtPoIWeCReyIC8"'), { nil: undefined }),
        async (make, path, method, tag) => {
          result = make;
          await expectSame({ method, path, headers: tag === undefined ? {} : { 'if-none-match': tag }, body: '' });
        },
      ),
      { seed, numRuns },
    ));

  it('whatever middleware has done with the response, and whatever the settings of the app are', () =>
    fc.assert(
      fc.asyncProperty(
        results.value,
        fc.constantFrom('/result', '/later'),
        fc.constantFrom('GET', 'HEAD'),
        fc.constantFrom(...preparations),
        async (make, path, method, prepared) => {
          result = make;
          preparation = prepared;
          await expectSame({ method, path, headers: {}, body: '' });
        },
      ),
      { seed, numRuns },
    ));

  it('whatever the client sends as parameters', () =>
    fc.assert(
      fc.asyncProperty(texts, query, fc.constantFrom('', '5', 'x'), async (id, search, trace) => {
        const headers: Record<string, string> = trace === '' ? {} : { 'x-trace': trace };
        await expectSame({ method: 'GET', path: `/params/${encodeURIComponent(id)}?${search}`, headers, body: '' });
      }),
      { seed, numRuns },
    ));

  it('whatever the client sends as a body', () =>
    fc.assert(
      fc.asyncProperty(bodies, query, async (value, search) => {
        const body = JSON.stringify(value);
        const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
        await expectSame({ method: 'POST', path: `/book?${search}`, headers, body });
      }),
      { seed, numRuns },
    ));

  it('reads a getter of a result once', async function () {
    // class-transformer reads it several times.
    if (isPlain) this.skip();
    let reads = 0;
    result = () => Object.defineProperty({}, 'count', { get: () => ++reads, enumerable: true });
    const { body } = await answerTo({ method: 'GET', path: '/short/result', headers: {}, body: '' });
    expect([body, reads]).to.deep.equal(['{"count":1}', 1]);
  });
});
