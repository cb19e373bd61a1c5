/** A body that does not match its Content-Encoding, at the endpoints of a microservice. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import express from 'express';
import request, { type Response } from 'supertest';
import { memoryStore } from '../../src/microservice';
import { expectExactRefusal } from '../refusals';
import { setCookiesOf } from './browser';
import { SignInApp } from './sign-in-app';

const text = JSON.stringify({ username: 'ged', password: 'sparrowhawk' });
const isExpress4 = 'lazyrouter' in express.application;
const encodings = {
  gzip: gzipSync(text),
  deflate: deflateSync(text),
  // The body parser of Express 4 reads no Brotli.
  ...(isExpress4 ? {} : { br: brotliCompressSync(text) }),
};
const idp = { provider: 'google', clientId: '1234' } as const;
const unreadable = { status: 400, error: 'invalid_request', description: 'The body could not be read' };

describe('a body that does not match its Content-Encoding, at a microservice', () => {
  let app: SignInApp;
  before(async () => {
    app = await new SignInApp({ store: memoryStore(), idp, refusalTime: 0 }).withUsers();
  });
  after(() => app.close());

  const send = async (endpoint: string, encoding: string, body: Buffer): Promise<Response> =>
    request(app.app)
      .post(`/auth/${endpoint}/`)
      .set({ 'Content-Type': 'application/json', 'Content-Encoding': encoding })
      .serialize(given => given as string)
      .send(body as never);

  for (const endpoint of ['sign-in', 'social-exchange', 'refresh', 'csrf', 'logoff'])
    for (const [encoding, compressed] of Object.entries(encodings))
      it(`is 400 invalid_request: ${encoding}, ${endpoint}`, async () => {
        for (const body of [Buffer.from(text), compressed.subarray(0, -6)]) {
          const answer = await send(endpoint, encoding, body);
          expectExactRefusal(answer, unreadable);
          expect(setCookiesOf(answer)).to.deep.equal([]);
        }
        expect(app.logger.text('error')).to.equal('');
      });

  it('is 415 with an encoding that nobody knows, and starts no session', async () => {
    const answer = await send('sign-in', 'x-rot13', Buffer.from(text));
    expect([answer.status, (answer.body as { error: string }).error]).to.deep.equal([415, 'invalid_request']);
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(setCookiesOf(answer)).to.deep.equal([]);
  });

  for (const [encoding, compressed] of Object.entries(encodings))
    it(`is read if it is compressed as the header says: ${encoding}`, async () => {
      expect((await send('sign-in', encoding, compressed)).status).to.equal(200);
    });
});
