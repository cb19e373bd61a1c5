/** Fault: a body that does not match its Content-Encoding was answered by an HTML page of Express. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import express from 'express';
import { Body, JsonController, Post } from 'routing-controllers';
import supertest, { type Response } from 'supertest';
import { AllowAny, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectExactRefusal } from '../refusals';

let handled = 0;

@JsonController('/notes')
class NotesController {
  permissionClasses = [AllowAny];
  @Post('/') create(@Body() note: Record<string, string>) {
    handled += 1;
    return note;
  }
}

const text = JSON.stringify({ title: 'a title that is long enough to be cut off' });
const isExpress4 = 'lazyrouter' in express.application;
const encodings = {
  gzip: gzipSync(text),
  deflate: deflateSync(text),
  // The body parser of Express 4 reads no Brotli.
  ...(isExpress4 ? {} : { br: brotliCompressSync(text) }),
};
const unreadable = { status: 400, error: 'invalid_request', description: 'The body could not be read' };

async function send(app: express.Express, encoding: string, body: Buffer): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding };
  const sending = supertest(app)
    .post('/notes')
    .set(headers)
    .serialize(given => given as string);
  return sending.send(body as never);
}

describe('a body that does not match its Content-Encoding', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NotesController], axioms: { logger } });
  });
  after(() => api.close());
  beforeEach(() => {
    handled = 0;
  });

  for (const [encoding, compressed] of Object.entries(encodings)) {
    for (const [kind, body] of Object.entries({ plain: Buffer.from(text), cut: compressed.subarray(0, -6) }))
      it(`is 400 invalid_request and reaches no handler: ${encoding}, ${kind}`, async () => {
        expectExactRefusal(await send(api.app, encoding, body), unreadable);
        expect(handled).to.equal(0);
        expect(logger.text('error')).to.equal('');
      });

    it(`is 400 invalid_request where the app reads the body in front of the server: ${encoding}`, async () => {
      const app = express().use(express.json());
      useExpressServer(app, { controllers: [NotesController], axioms: { ...api.issuer.settings(), logger } });
      expectExactRefusal(await send(app, encoding, Buffer.from(text)), unreadable);
      expect(handled).to.equal(0);
      (app.locals.axioms as AxiomsServer).close();
    });

    it(`is read if it is compressed as the header says: ${encoding}`, async () => {
      const answer = await send(api.app, encoding, compressed);
      expect([answer.status, answer.body]).to.deep.equal([200, JSON.parse(text)]);
      expect(handled).to.equal(1);
    });
  }

  it('does not take an error of the app with another code for one of a body', async () => {
    const app = express().use((_request, _response, next) => {
      next(Object.assign(new Error('of the app'), { status: 400, code: 'ERR_INVALID_ARG_TYPE' }));
    });
    useExpressServer(app, { controllers: [NotesController], axioms: { ...api.issuer.settings(), logger } });
    app.use(((error: Error, _request, response, _next) => {
      response.status(418).json(error.message);
    }) as express.ErrorRequestHandler);
    const answer = await send(app, 'gzip', encodings.gzip);
    expect([answer.status, answer.body]).to.deep.equal([418, 'of the app']);
    (app.locals.axioms as AxiomsServer).close();
  });
});
