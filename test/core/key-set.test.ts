import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { KeySet } from '../../src/core/key-set';
import { makeKey, type Jwk } from '../issuer/scripted-issuer';

const good = makeKey('good').jwk;
const strongRsa = rsa(2048);

function rsa(modulusLength: number): Jwk {
  return { ...generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }), kid: 'rsa' };
}

function edwards(curve: 'ed25519' | 'ed448'): Jwk {
  const { publicKey } = curve === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
  return { ...publicKey.export({ format: 'jwk' }), kid: curve };
}

function read(...keys: unknown[]): KeySet {
  return KeySet.read({ keys })!;
}

describe('KeySet', () => {
  const accepted: [string, Jwk, string][] = [
    ['RSA', strongRsa, 'RS256'],
    ['RSA for PSS', strongRsa, 'PS512'],
    ['EC P-256', good, 'ES256'],
    ['Ed25519', edwards('ed25519'), 'EdDSA'],
    ['without use and alg', makeKey('bare', {}).jwk, 'ES256'],
    ['with the operation verify', makeKey('ops', { key_ops: ['sign', 'verify'] }).jwk, 'ES256'],
    ['with members that it does not know', makeKey('more', { x5c: ['?'], exp: 1, __proto__: null }).jwk, 'ES256'],
  ];
  for (const [title, jwk, alg] of accepted) {
    it(`takes a key ${title}`, () => {
      const set = read(jwk);
      expect(set.problems).to.deep.equal([]);
      expect(set.find({ alg, kid: jwk['kid'] as string })?.keyObject.type).to.equal('public');
    });
  }

  const rsaMembers = { ...strongRsa };
  const refused: [string, unknown][] = [
    ['that is not an object', 'text'],
    ['that is null', null],
    ['without a kid', { ...good, kid: undefined }],
    ['with an empty kid', { ...good, kid: '' }],
    ['with a kid that is no string', { ...good, kid: 7 }],
    ['of an unknown type', { ...good, kid: 'bad', kty: 'XYZ' }],
    ['that is symmetric', { kty: 'oct', kid: 'bad', k: 'c2VjcmV0' }],
    ['with a private member', { ...good, kid: 'bad', d: 'AAAA' }],
    ['off the curve', { ...good, kid: 'bad', x: makeKey('other').jwk['x'] }],
    ['without a coordinate', { ...good, kid: 'bad', y: undefined }],
    ['of another curve than it says', { ...good, kid: 'bad', crv: 'P-384' }],
    [
      'on secp256k1',
      { ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }), kid: 'bad' },
    ],
    ['of 1024 bits', { ...rsa(1024), kid: 'bad' }],
    ['without a modulus', { ...rsaMembers, kid: 'bad', n: undefined }],
    ['with the exponent 1', { ...rsaMembers, kid: 'bad', e: 'AQ' }],
    ['with an even exponent', { ...rsaMembers, kid: 'bad', e: 'AQAA' }],
    ['with an alg that is no string', { ...good, kid: 'bad', alg: ['ES256'] }],
    ['with an alg of another curve', { ...good, kid: 'bad', alg: 'ES384' }],
    ['with an alg of another type', { ...good, kid: 'bad', alg: 'RS256' }],
    ['with the alg HS256', { ...good, kid: 'bad', alg: 'HS256' }],
    ['with the alg none', { ...good, kid: 'bad', alg: 'none' }],
    ['of an Edwards curve that is not accepted', { ...edwards('ed448'), kid: 'bad' }],
    ['with a short Ed25519 point', { kty: 'OKP', crv: 'Ed25519', kid: 'bad', x: 'AAAA' }],
  ];
  for (const [title, jwk] of refused) {
    it(`leaves out a key ${title}, and keeps the good one`, () => {
      const set = read(jwk, good);
      expect(set.keys.map(({ kid }) => kid)).to.deep.equal(['good']);
      expect(set.problems).to.have.lengthOf(1);
    });
  }

  it('says of an alg that is no string what is wrong', () => {
    const { problems } = read({ ...good, kid: 'bad', alg: ['ES256'] });
    expect(problems).to.deep.equal(['the key with the kid "bad" has an alg that is not a string']);
  });

  for (const members of [
    { use: 'enc' },
    { use: null },
    { key_ops: ['encrypt'] },
    { key_ops: 'verify' },
    { key_ops: [] },
  ]) {
    it(`passes over a key with ${JSON.stringify(members)} in silence`, () => {
      const set = read({ ...makeKey('enc', {}).jwk, ...members }, good);
      expect(set.keys.map(({ kid }) => kid)).to.deep.equal(['good']);
      expect(set.problems).to.deep.equal([]);
    });
  }

  for (const document of [undefined, null, [], 'keys', {}, { keys: {} }, { keys: null }]) {
    it(`${inspect(document)} is not a JWK Set`, () => {
      expect(KeySet.read(document)).to.equal(undefined);
    });
  }

  it('finds a key only for an algorithm that it fits', () => {
    const set = read(strongRsa, { ...strongRsa, kid: 'named', alg: 'RS256' });
    expect(set.find({ alg: 'PS256', kid: 'rsa' })).not.to.equal(undefined);
    expect(set.find({ alg: 'ES256', kid: 'rsa' })).to.equal(undefined);
    expect(set.find({ alg: 'RS256', kid: 'named' })).not.to.equal(undefined);
    expect(set.find({ alg: 'PS256', kid: 'named' })).to.equal(undefined);
  });

  for (const kid of ['__proto__', 'constructor', 'Good', 'good ', '']) {
    it(`finds nothing under the kid '${kid}'`, () => {
      expect(read(good).find({ alg: 'ES256', kid })).to.equal(undefined);
    });
  }

  it('takes the same key twice for one', () => {
    const set = read(good, { ...good, alg: undefined });
    expect(set.find({ alg: 'ES256', kid: 'good' })).to.equal(set.keys[0]);
    expect(set.problems).to.deep.equal([]);
  });

  it('finds nothing where two keys could be meant, and says so', () => {
    const set = read(good, makeKey('good').jwk, makeKey('other').jwk);
    expect(set.find({ alg: 'ES256', kid: 'good' })).to.equal(undefined);
    expect(set.find({ alg: 'ES256', kid: 'other' })).not.to.equal(undefined);
    expect(set.problems).to.deep.equal(['different keys have the kid "good"; it names none of them']);
  });

  it('tells keys of one kid apart by the algorithm', () => {
    const set = read(good, { ...strongRsa, kid: 'good' });
    expect(set.find({ alg: 'ES256', kid: 'good' })?.keyObject.asymmetricKeyType).to.equal('ec');
    expect(set.find({ alg: 'RS256', kid: 'good' })?.keyObject.asymmetricKeyType).to.equal('rsa');
    expect(set.problems).to.deep.equal([]);
  });

  it('keeps the objects of keys that stay', () => {
    const before = read(good, strongRsa);
    const after = KeySet.read({ keys: [{ ...good }, makeKey('rsa').jwk] }, before)!;
    expect(after.keys[0]).to.equal(before.keys[0]);
    expect(after.has(before.keys[0]!)).to.be.true;
    expect(after.has(before.keys[1]!)).to.be.false;
  });

  it('takes a key whose alg changed for another one', () => {
    const before = read(strongRsa);
    const after = KeySet.read({ keys: [{ ...strongRsa, alg: 'RS256' }] }, before)!;
    expect(after.has(before.keys[0]!)).to.be.false;
  });
});
