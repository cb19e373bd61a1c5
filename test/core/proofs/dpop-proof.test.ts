/** The parser and the checks of a proof, for every text. */
import { expect } from 'chai';
import fc from 'fast-check';
import { InvalidProof, type JsonValue } from 'axioms-routing-controllers';
import { TestClient, base64url, signed } from 'axioms-routing-controllers/testing';
import { checkedProof, type CheckedProof } from '../../../src/core/proofs/dpop-proof';
import { ProofKeys } from '../../../src/core/proofs/proof-keys';
import { isPlain } from '../../../src/core/process/plain';
import { thumbprintOf } from '../../../src/core/proofs/thumbprint';
import { tokenHashOf } from '../../../src/core/tokens/verified-tokens';

const now = Date.UTC(2026, 0, 1);
const issuer = { seconds: () => now / 1000, token: () => 'token' };
const client = new TestClient(issuer, { externalUrl: 'https://api.example.com' });
const target = { method: 'GET', url: 'https://api.example.com/books', token: 'token' };
const keys = new ProofKeys();

function check(...fields: readonly string[]): CheckedProof {
  const { thumbprint } = client;
  return checkedProof(fields, {
    method: 'GET',
    targets: [target.url],
    now,
    keys,
    tokenHash: tokenHashOf('token'),
    thumbprint,
  });
}

function refusalOf(...fields: readonly string[]): unknown {
  try {
    check(...fields);
  } catch (error) {
    return error;
  }
  return 'accepted';
}

describe('checkedProof', () => {
  it('returns what identifies the proof', () => {
    const { thumbprint, jti, iat } = check(client.proof(target, { jti: 'a' }));
    expect({ thumbprint, jti, iat }).to.deep.equal({ thumbprint: client.thumbprint, jti: 'a', iat: now / 1000 });
  });

  it('accepts iat at both ends of the window, and with a fraction', () => {
    for (const seconds of [-60, -0.5, 0.25, 60]) check(client.proof(target, { iat: now / 1000 + seconds }));
    for (const seconds of [-60.1, 60.1])
      expect(refusalOf(client.proof(target, { iat: now / 1000 + seconds }))).to.be.instanceOf(InvalidProof);
  });

  it('accepts nothing while the clock has no number', () => {
    const { thumbprint } = client;
    const expected = { method: 'GET', targets: [target.url], keys, tokenHash: tokenHashOf('token'), thumbprint };
    expect(() => checkedProof([client.proof(target)], { ...expected, now: NaN })).to.throw(InvalidProof, 'too old');
  });

  it('refuses a key that is no point of its curve, as a key', () => {
    const jwk = { ...client.jwk, y: client.jwk['x'] ?? '' };
    const thumbprint = thumbprintOf(jwk);
    const field = client.proof(target, {}, { jwk });
    const expected = { method: 'GET', targets: [target.url], now, keys, tokenHash: tokenHashOf('token'), thumbprint };
    expect(() => checkedProof([field], expected)).to.throw(InvalidProof, 'The key of the DPoP proof is not accepted');
  });

  it('refuses any text with an InvalidProof that quotes nothing of it, and throws nothing else', () => {
    const part = fc.oneof(fc.string(), fc.base64String(), fc.json().map(base64url));
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join('.')),
    );
    fc.assert(
      fc.property(text, field => {
        const refusal = refusalOf(field);
        expect(refusal).to.be.instanceOf(InvalidProof);
        if (field.length > 60) expect((refusal as Error).message).not.to.contain(field);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a proof with any one character changed', () => {
    const proof = client.proof(target);
    fc.assert(
      fc.property(fc.nat(proof.length - 1), fc.constantFrom('A', 'a', '0', '_', '-', '.', '='), (index, character) => {
        fc.pre(proof[index] !== character);
        const changed = proof.slice(0, index) + character + proof.slice(index + 1);
        expect(refusalOf(changed)).to.be.instanceOf(InvalidProof);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses any JSON as a header, as claims, and as a key, without any other error', () => {
    const json = fc.jsonValue();
    fc.assert(
      fc.property(json, json, json, (header, claims, jwk) => {
        const good = { typ: 'dpop+jwt', alg: 'ES256', jwk: client.jwk };
        const fields = [
          signed(JSON.stringify(header), client.claims(target), client.key),
          signed(good, JSON.stringify(claims), client.key),
          signed({ ...good, jwk }, client.claims(target), client.key),
        ];
        for (const field of fields) expect(refusalOf(field)).to.be.instanceOf(InvalidProof);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the keys and headers that are kept', () => {
  const checkWith = (own: ProofKeys, proof: string, { thumbprint } = client): CheckedProof =>
    checkedProof([proof], {
      method: 'GET',
      targets: [target.url],
      now,
      keys: own,
      tokenHash: tokenHashOf('token'),
      thumbprint,
    });
  const partOf = (proof: string): string => proof.slice(0, proof.indexOf('.'));

  it('are those of proofs that were accepted, and no others', () => {
    const own = new ProofKeys();
    const refused = client.forge('borrowed-key', target);
    expect(() => checkWith(own, refused)).to.throw(InvalidProof, 'The signature of the DPoP proof is wrong');
    expect(own.get(partOf(refused))).to.equal(undefined);
    const good = client.proof(target);
    checkWith(own, good);
    if (!isPlain) expect(own.get(partOf(good))).to.deep.equal({ alg: 'ES256' });
  });

  it('are no headers of more than 1024 characters, and such a proof is accepted again', () => {
    const own = new ProofKeys();
    for (let time = 0; time < 2; time++) {
      const long = client.proof(target, {}, { more: 'x'.repeat(800) });
      checkWith(own, long);
      expect(own.get(partOf(long))).to.equal(undefined);
    }
  });

  it('vouch for nothing: a proof with a known header needs its own signature, and a token of its key', () => {
    const own = new ProofKeys();
    checkWith(own, client.proof(target));
    expect(() => checkWith(own, client.forge('borrowed-key', target))).to.throw(InvalidProof, 'signature');
    const other = new TestClient(issuer, { externalUrl: 'https://api.example.com' });
    expect(() => checkWith(own, client.proof(target), other)).to.throw(InvalidProof, 'by another key');
    checkWith(own, other.proof(target), other);
    checkWith(own, client.proof(target));
  });
});

describe('the thumbprint of a key', () => {
  it('is the one of RFC 7638 §3.1, and of RFC 8037 appendix A.3', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    expect(thumbprintOf({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' })).to.equal(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    );
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    expect(thumbprintOf({ kty: 'OKP', crv: 'Ed25519', x })).to.equal('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  const without: readonly Readonly<Record<string, JsonValue>>[] = [
    {},
    { kty: 'oct' },
    { kty: 'EC', crv: 'P-256', x: 'a' },
    { kty: 'toString' },
    { kty: ['EC'] },
  ];
  for (const jwk of without)
    it(`does not exist for ${JSON.stringify(jwk)}`, () => {
      expect(thumbprintOf(jwk)).to.equal(undefined);
    });
});
