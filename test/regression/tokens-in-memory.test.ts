/**
 * The cache of parsed headers kept whole access tokens in memory, although every cache of tokens has hashes alone: its keys
 * were slices of the tokens, and the first token with a header stayed for as long as the process ran.
 */
import { setFlagsFromString, getHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../../src/testing';
import { MeController } from '../microservice/sign-in-app';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Returns the strings in the heap, as one text. */
async function heap(): Promise<Buffer> {
  gc();
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}

describe('An accepted access token', () => {
  const issuer = new TestIssuer();
  const app = issuer.attachTo(
    createExpressServer({ controllers: [MeController], axioms: { ...issuer.settings(), tokenCacheSize: 0 } }),
  );
  const { verifier } = app.locals.axioms as AxiomsServer;

  /** Returns the last characters of a token of which nothing else is kept. */
  async function verified(): Promise<Buffer> {
    const token = Buffer.from(issuer.token());
    await verifier.verify(token.toString());
    return token.subarray(-40);
  }

  it('is not in memory any more once the request is over', async function () {
    this.timeout(60_000);
    const [ended, kept] = [await verified(), await verified()];
    const text = kept.toString();
    // V8 keeps the last text that a regex was tried on.
    expect(/other/.test('another text')).to.equal(true);
    const found = await heap();
    expect(found.includes(ended)).to.equal(false);
    expect(found.includes(kept), 'a text that is in memory').to.equal(true);
    expect(text).to.have.lengthOf(40);
  });
});
