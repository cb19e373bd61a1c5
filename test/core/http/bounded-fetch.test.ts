import { expect } from 'chai';
import { FetchFailure, fetchJson, largestBody } from '../../../src/core/http/bounded-fetch';

const url = 'https://auth.example.com/keys?key=secret';

async function failureOf(answer: () => Promise<Response>): Promise<FetchFailure> {
  const fetching = fetchJson(url, { fetch: answer, signal: new AbortController().signal });
  const failure: unknown = await fetching.catch((error: unknown) => error);
  expect(failure).to.be.instanceOf(FetchFailure);
  return failure as FetchFailure;
}

describe('fetchJson', () => {
  for (const body of ['', 'secret', '{"keys":', new Uint8Array([0x22, 0xff, 0x22])])
    it(`refuses ${JSON.stringify(body)}, which is no JSON, and does not quote it`, async () => {
      const { kind, message } = await failureOf(() => Promise.resolve(new Response(body)));
      expect([kind, message]).to.deep.equal(['parse', 'https://auth.example.com/keys: the answer is not JSON']);
    });

  for (const [reason, said] of [
    ['a text', 'unknown error'],
    [undefined, 'unknown error'],
    [new TypeError('fetch failed'), 'TypeError'],
    [Object.assign(new Error('no'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ENOTFOUND' }) }), 'ENOTFOUND'],
  ] as const)
    it(`says ${said} where the server cannot be reached because of ${String(reason)}`, async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever an injected fetch rejects with
      const { kind, message } = await failureOf(() => Promise.reject(reason));
      const expected = `https://auth.example.com/keys: cannot be reached (${said})`;
      expect([kind, message]).to.deep.equal(['network', expected]);
    });

  it('reads nothing of an answer that says that it is too large', async () => {
    let isCancelled = false;
    const body = new ReadableStream({
      cancel() {
        isCancelled = true;
      },
    });
    const headers = { 'Content-Length': String(largestBody + 1) };
    const { kind } = await failureOf(() => Promise.resolve(new Response(body, { headers })));
    expect([kind, isCancelled]).to.deep.equal(['size', false]);
  });
});
