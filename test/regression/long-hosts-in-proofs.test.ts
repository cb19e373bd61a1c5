/**
 * A DPoP proof whose `htu` had a host of 1,800 Chinese letters took 24 ms of the sign-in's time, and that of an ordinary wrong
 * proof is below 1 ms: the time to encode a host grows with the square of its length. Anyone could send 8 kB for it.
 */
import { expect } from 'chai';
import { checkedProof } from '../../src/core/proofs/dpop-proof';
import { InvalidProof } from '../../src/core/http/possession-exceptions';
import { normalUri } from '../../src/core/proofs/http-uri';
import { ProofKeys } from '../../src/core/proofs/proof-keys';
import { TestClient, TestIssuer } from '../../src/testing';

const url = 'https://api.example.com/books';
const letters = (number: number): string =>
  Array.from({ length: number }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('');

/** Returns what was parsed as a URL while a proof for this host was refused. */
function parsedWith(host: string): unknown[] {
  const client = new TestClient(new TestIssuer(), { externalUrl: 'https://api.example.com' });
  const proof = client.proof({ method: 'GET', url }, { htu: `https://${host}/books` });
  const expected = { method: 'GET', targets: [url], now: Date.now(), keys: new ProofKeys() };
  const { canParse } = URL;
  const parsed: unknown[] = [];
  URL.canParse = (...given) => {
    parsed.push(given[0]);
    return canParse(...given);
  };
  try {
    expect(() => checkedProof([proof], expected)).to.throw(InvalidProof, 'The DPoP proof is for another URL');
  } finally {
    URL.canParse = canParse;
  }
  return parsed;
}

describe('A DPoP proof for a host that is longer than any name', () => {
  it('is refused before its host is encoded', () => {
    expect(parsedWith('example.org')).to.include('https://example.org');
    expect(parsedWith(letters(1800)).filter(uri => uri !== 'https://api.example.com')).to.deep.equal([]);
  });

  it('is for no URL, and a host with the longest name and a port is one', () => {
    const longest = `${'a'.repeat(61)}.`.repeat(4) + 'a'.repeat(5);
    expect(longest).to.have.lengthOf(253);
    expect(normalUri(`https://${longest}:65535/books`)).to.equal(`https://${longest}:65535/books`);
    expect(normalUri(`https://${longest}${'a'.repeat(8)}/books`)).to.equal(undefined);
    expect(normalUri(`https://${letters(200)}/books`)).to.equal(undefined);
    expect(normalUri('https://bücher.example/books')).to.equal('https://xn--bcher-kva.example/books');
  });
});
