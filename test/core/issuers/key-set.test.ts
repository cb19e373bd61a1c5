import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { KeySet, TooManyKeys } from '../../../src/core/issuers/key-set';
import { makeKey, type Jwk } from '../../issuer/scripted-issuer';

const good = makeKey('good').jwk;
const strongRsa = rsa(2048);

function rsa(modulusLength: number): Jwk {
  return { ...generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' }), kid: 'rsa' };
}

function elliptic(namedCurve: string): Jwk {
  return { ...generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }), kid: namedCurve };
}

function edwards(curve: 'ed25519' | 'ed448'): Jwk {
  const { publicKey } = curve === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
  return { ...publicKey.export({ format: 'jwk' }), kid: curve };
}

function read(...keys: unknown[]): KeySet {
  return KeySet.read({ keys })!;
}

/** The same bytes one after the other: only the lengths tell that these are no coordinates (RFC 7518 §6.2.1.2). */
function dividedElsewhere({ x, y }: Readonly<Record<string, unknown>>): object {
  const bytes = Buffer.concat([x, y].map(one => Buffer.from(String(one), 'base64url')));
  return { x: bytes.subarray(0, 31).toString('base64url'), y: bytes.subarray(31).toString('base64url') };
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
  const large = (bits: number): string => {
    const modulus = randomBytes(bits / 8);
    modulus[0] = 0x80;
    modulus[modulus.length - 1] = 1;
    return modulus.toString('base64url');
  };
  const ec521 = elliptic('P-521');

  const limits: [string, Jwk][] = [
    ['RSA of 2048 bits', strongRsa],
    ['RSA of 8192 bits', { ...strongRsa, n: large(8192) }],
    ['the exponent 3', { ...strongRsa, e: 'Aw' }],
    ['the exponent 2^32 − 1', { ...strongRsa, e: '_____w' }],
    ['P-384', elliptic('P-384')],
    ['P-521', ec521],
  ];
  for (const [title, jwk] of limits)
    it(`takes a key with ${title}`, () => {
      expect(read(jwk).problems).to.deep.equal([]);
      expect(read(jwk).keys[0]?.keyObject.export({ format: 'jwk' })).to.deep.include({ kty: jwk['kty'] });
    });

  const refused: [string, unknown][] = [
    ['of 8200 bits', { ...strongRsa, kid: 'bad', n: large(8200) }],
    ['of 16384 bits', { ...strongRsa, kid: 'bad', n: large(16384) }],
    ['with the exponent 2^32 + 1', { ...strongRsa, kid: 'bad', e: 'AQAAAAE' }],
    ['with the exponent 2', { ...strongRsa, kid: 'bad', e: 'Ag' }],
    ['with the exponent 2^32 − 2', { ...strongRsa, kid: 'bad', e: '_____g' }],
    ['with an exponent as long as its modulus', { ...strongRsa, kid: 'bad', e: large(2048) }],
    ['with a short coordinate', { ...ec521, kid: 'bad', x: String(ec521['x']).slice(4) }],
    ['with a long coordinate', { ...ec521, kid: 'bad', x: `AAAA${String(ec521['x'])}` }],
    ['whose coordinates are divided at another byte', { ...good, kid: 'bad', ...dividedElsewhere(good) }],
    ['with a coordinate that is no base64url', { ...good, kid: 'bad', x: String(good['x']).replace(/^./, '+') }],
    ['with a coordinate that is a number', { ...good, kid: 'bad', x: 7 }],
    ['of a curve named __proto__', { ...good, kid: 'bad', crv: '__proto__' }],
    ['with the point 0', { ...good, kid: 'bad', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
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

  it('refuses more than 200 keys before it reads one, and reads 200', () => {
    const keys = (count: number) => Array.from({ length: count }, (_, index) => ({ ...good, kid: `k${index}` }));
    expect(KeySet.read({ keys: keys(200) })?.keys).to.have.lengthOf(200);
    let reads = 0;
    const watched = new Proxy(good, { get: (jwk, name) => (reads++, Reflect.get(jwk, name) as unknown) });
    expect(() => KeySet.read({ keys: [watched, ...keys(200)] })).to.throw(TooManyKeys, 'has 201 keys; at most 200');
    expect(reads).to.equal(0);
  });

  // Times of the processor: other processes do not count. The limits are a hundred times what was measured.
  const cost = (work: () => unknown): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };

  it('reads the dearest set that is accepted, 200 keys of P-521 under one kid, in a fraction of a second', () => {
    const keys = Array.from({ length: 200 }, () => ({ ...elliptic('P-521'), kid: 'k' }));
    expect(cost(() => KeySet.read({ keys }))).to.be.below(4000);
  });

  it('is not stopped for minutes by a long exponent, modulus or coordinate', () => {
    const long = randomBytes(380_000).toString('base64url');
    const keys = [
      { ...strongRsa, e: long },
      { ...strongRsa, n: long },
      { ...good, x: long, y: long },
      { ...edwards('ed25519'), x: long },
    ];
    expect(cost(() => KeySet.read({ keys }))).to.be.below(4000);
    expect(KeySet.read({ keys: [...keys, good] })?.keys.map(({ kid }) => kid)).to.deep.equal(['good']);
  });

  it('takes a key whose alg changed for another one', () => {
    const before = read(strongRsa);
    const after = KeySet.read({ keys: [{ ...strongRsa, alg: 'RS256' }] }, before)!;
    expect(after.has(before.keys[0]!)).to.be.false;
  });
});
