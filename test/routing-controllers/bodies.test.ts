import { expect } from 'chai';
import { IsInt, IsString } from 'class-validator';
import express, { type Express } from 'express';
import request from 'supertest';
import { Body, BodyParam, Controller, ContentType, Get, JsonController, Post, Put } from 'routing-controllers';
import {
  AllowAny,
  HasAccessTokenScopes,
  IsAuthenticated,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from './stray-errors';

class NewBook {
  @IsString() title!: string;
  @IsInt() pages!: number;
}

@JsonController('/books')
class BookController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['book'];

  @Get('/')
  list() {
    return [];
  }

  @Post('/')
  create(@Body() book: NewBook) {
    return { title: book.title, isBook: book instanceof NewBook };
  }

  @Put('/named')
  named(@BodyParam('title') title: string, @BodyParam('pages') pages: number) {
    return { title, pages };
  }

  @Put('/required')
  required(@BodyParam('title', { required: true }) title: string) {
    return { title };
  }

  @Post('/small')
  small(@Body({ validate: false, options: { limit: 20 } }) book: object) {
    return { book };
  }
}

@JsonController('/dynamic')
class DynamicController {
  permissionClasses = [HasAccessTokenScopes];
  declare request: AxiomsRequest;

  get accessTokenScopes() {
    return [`shelf:${String((this.request.body as { shelf?: string } | undefined)?.shelf)}`];
  }

  @Post('/')
  create(@Body() book: NewBook) {
    return { title: book.title };
  }
}

@Controller('/notes')
class NoteController {
  permissionClasses = [IsAuthenticated];

  @Post('/')
  @ContentType('text/plain')
  create(@Body() note: string) {
    return typeof note === 'string' ? `noted: ${note}` : `nothing: ${JSON.stringify(note)}`;
  }
}

@JsonController('/open')
class OpenController {
  permissionClasses = [AllowAny];

  @Post('/')
  create(@Body() book: NewBook) {
    return { title: book.title };
  }
}

@JsonController('/raw')
class RawController {
  declare request: AxiomsRequest;

  @Post('/')
  async create() {
    const chunks: Buffer[] = [];
    for await (const chunk of this.request) chunks.push(chunk as Buffer);
    return { received: Buffer.concat(chunks).toString() };
  }
}

const controllers = [BookController, DynamicController, NoteController, OpenController, RawController];

interface Sending {
  readonly path?: string;
  readonly method?: 'post' | 'put';
  readonly claims?: object | null;
  readonly type?: string;
}

/** An app that reads bodies itself, or leaves that to the library. */
const apps: Record<string, () => Express> = {
  'an app that reads no bodies': () => express(),
  'an app with express.json()': () => express().use(express.json({ limit: 1000 })),
  'an app with express.json() and express.text()': () =>
    express()
      .use(express.json({ limit: 1000 }))
      .use(express.text({ limit: 1000 })),
};

for (const [name, makeApp] of Object.entries(apps))
  describe(`a body, in ${name}`, () => {
    forbidStrayErrors();

    let issuer: TestIssuer;
    let app: Express;
    before(async () => {
      issuer = await TestIssuer.start();
      app = serving(makeApp());
    });
    after(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

    const readsItself = name.includes('express.json');

    it('stays unread for a handler without @Body()', async () => {
      const ofJson = await send('{"not":"JSON', { path: '/raw' });
      const ofText = await send('plain', { path: '/raw', type: 'text/plain' });
      if (readsItself) expect(ofJson.status).to.equal(400);
      else expect(ofJson.body).to.deep.equal({ received: '{"not":"JSON' });
      expect(ofText.body).to.deep.equal({ received: name.includes('express.text') ? '' : 'plain' });
    });

    function serving(bare: Express, options: Partial<AxiomsServerOptions> = {}): Express {
      return useExpressServer(bare, { controllers, axioms: issuer.settings(), ...options });
    }

    function send(body: string | object | undefined, sending: Sending = {}) {
      const { path = '/books', method = 'post', claims = { scope: 'book' }, type = 'application/json' } = sending;
      const test = request(app)[method](path);
      if (claims !== null) void test.set('Authorization', `Bearer ${issuer.token(claims)}`);
      return body === undefined ? test : test.set('Content-Type', type).send(body);
    }

    it('becomes what the handler declares', async () => {
      const response = await send({ title: 'Emma', pages: 3 });
      expect([response.status, response.body]).to.deep.equal([200, { title: 'Emma', isBook: true }]);
    });

    it('that is wrong is 400, with no book made', async () => {
      for (const body of [{ title: 'Emma', pages: 'many' }, { title: 7 }, {}, '{}'])
        expect((await send(body)).status, JSON.stringify(body)).to.equal(400);
    });

    it('that is missing or empty is validated like an empty object', async () => {
      expect((await send(undefined)).status).to.equal(400);
      expect((await send('')).status).to.equal(400);
      expect((await send('x', { type: 'application/xml' })).status).to.equal(400);
    });

    for (const [what, body] of [
      ['not JSON', '{"title": '],
      ['a bare value', '"Emma"'],
      ['null', 'null'],
    ] as const)
      it(`that is ${what} is 400 invalid_request in JSON, without a stack`, async () => {
        for (const path of ['/books', '/open']) {
          const response = await send(body, { path });
          expect([response.status, response.type]).to.deep.equal([400, 'application/json']);
          expect(response.body).to.deep.equal({
            error: 'invalid_request',
            error_description: 'The body could not be read',
          });
          expect(response.headers['cache-control']).to.equal('no-store');
          expect(response.headers).not.to.have.property('www-authenticate');
        }
      });

    it('that is too large is 413 in JSON', async () => {
      const large = { title: 'x'.repeat(200_000), pages: 1 };
      const response = await send(large);
      expect([response.status, response.type, (response.body as Record<string, unknown>).error]).to.deep.equal([
        413,
        'application/json',
        'invalid_request',
      ]);
    });

    it('in an unknown character set or encoding is 415 in JSON', async () => {
      const charset = await send('{}', { type: 'application/json; charset=x-unknown' });
      expect([charset.status, (charset.body as Record<string, unknown>).error]).to.deep.equal([415, 'invalid_request']);
      const encoding = await send('{}').set('Content-Encoding', 'x-unknown');
      expect([encoding.status, (encoding.body as Record<string, unknown>).error]).to.deep.equal([
        415,
        'invalid_request',
      ]);
    });

    if (!readsItself) {
      it('is not looked at before the caller is known to be allowed', async () => {
        for (const body of ['{"title": ', 'x'.repeat(200_000)]) {
          expect((await send(body, { claims: null })).status).to.equal(401);
          expect((await send(body, { claims: { scope: 'books' } })).status).to.equal(403);
        }
      });

      it("obeys the handler's own limit", async () => {
        expect((await send({ a: 1 }, { path: '/books/small' })).status).to.equal(200);
        expect((await send({ a: 'more than twenty characters' }, { path: '/books/small' })).status).to.equal(413);
      });
    }

    it('is there for a rule that looks at it, before it is validated', async () => {
      const dynamic = { path: '/dynamic', claims: { scope: 'shelf:red' } };
      expect((await send({ shelf: 'red', title: 'Emma', pages: 3 }, dynamic)).status).to.equal(200);
      expect((await send({ shelf: 'red' }, dynamic)).status).to.equal(400);
      expect((await send({ shelf: 'blue' }, dynamic)).status).to.equal(403);
      expect((await send(undefined, dynamic)).status).to.equal(403);
      expect((await send({ shelf: 'red' }, { ...dynamic, claims: null })).status).to.equal(401);
    });

    it('gives its members to @BodyParam, and nothing where there is none', async () => {
      const named = { path: '/books/named', method: 'put' } as const;
      expect((await send({ title: 'Emma', pages: 3 }, named)).body).to.deep.equal({ title: 'Emma', pages: 3 });
      expect((await send(undefined, named)).body).to.deep.equal({});
      expect((await send({ pages: 'three' }, named)).status).to.equal(400);
      expect((await send(undefined, { path: '/books/required', method: 'put' })).status).to.equal(400);
    });

    it('is text for a handler that takes text', async () => {
      const note = { path: '/notes', type: 'text/plain' };
      expect((await send('hello', note)).text).to.equal('noted: hello');
      expect((await send('hello', { ...note, claims: null })).status).to.equal(401);
      expect((await send(undefined, note)).text).to.equal('nothing: {}');
      const large = await send('x'.repeat(200_000), note);
      expect([large.status, large.type]).to.deep.equal([413, 'application/json']);
    });

    it("reaches the app's own error middleware where it handles errors itself", async () => {
      const own = serving(makeApp(), { defaultErrorHandler: false });
      own.use(
        (
          error: { toJSON?: () => object; status?: number },
          _request: unknown,
          response: express.Response,
          _next: express.NextFunction,
        ) => {
          response.status(418).json({ status: error.status, ours: error.toJSON?.() });
        },
      );
      const response = await request(own).post('/open').set('Content-Type', 'application/json').send('{');
      expect(response.status).to.equal(418);
      expect(response.body).to.deep.equal(
        readsItself
          ? { status: 400 }
          : { status: 400, ours: { error: 'invalid_request', error_description: 'The body could not be read' } },
      );
      (own.locals.axioms as AxiomsServer).close();
    });
  });
