/**
 * The headers of DPoP proofs that are kept took 21 kB each: every member of the header, and the whole proof as text. Anyone who
 * could reach the sign-in filled 107 MB with 5,000 proofs of one key.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { checkedProof } from '../../src/core/proofs/dpop-proof';
import { ProofKeys } from '../../src/core/proofs/proof-keys';
import { TestClient, TestIssuer } from '../../src/testing';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const url = 'https://api.example.com/books';
const client = new TestClient(new TestIssuer(), { externalUrl: 'https://api.example.com' });

/** A proof that is as long as possible, with a header of its own that has as many members as possible. */
function longProof(number: number): string {
  const members = Array.from({ length: 180 }, () => ({}));
  return client.proof({ method: 'GET', url }, { padding: 'x'.repeat(4800) }, { number, members });
}

function heapUsed(): number {
  gc();
  return process.memoryUsage().heapUsed;
}

describe('The headers of DPoP proofs that are kept', () => {
  it('take no more memory than the key and the text of the header, whatever else the proofs contain', () => {
    const keys = new ProofKeys();
    const accept = (number: number): void => {
      // As Node reads it: a string of its own.
      const field = Buffer.from(longProof(number)).toString();
      checkedProof([field], { method: 'GET', targets: [url], now: Date.now(), keys });
    };
    accept(0);
    const before = heapUsed();
    for (let number = 1; number <= 500; number++) accept(number);
    expect((heapUsed() - before) / 500).to.be.below(5000);
  });

  it('accept further proofs, and only of the same key', () => {
    const keys = new ProofKeys();
    const check = (proof: string): string =>
      checkedProof([proof], { method: 'GET', targets: [url], now: Date.now(), keys }).thumbprint;
    const target = { method: 'GET', url };
    for (let time = 0; time < 3; time++) expect(check(client.proof(target))).to.equal(client.thumbprint);
    const { key } = new TestClient(new TestIssuer(), { externalUrl: 'https://api.example.com' });
    expect(() => check(client.proof(target, {}, {}, key))).to.throw('The signature of the DPoP proof is wrong');
  });
});
