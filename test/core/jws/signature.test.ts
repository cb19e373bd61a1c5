import {
  constants,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { parseCompactJws } from '../../../src/core/jws/compact-jws';
import { KeySet } from '../../../src/core/issuers/key-set';
import { isSupportedAlgorithm, keyFits, supportedAlgorithms, verifySignature } from '../../../src/core/jws/signature';
import type { Jwk } from '../../issuer/scripted-issuer';
import { signatureOver, signingKey } from '../../issuer/test-issuer';

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).publicKey;
}

function ec(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).publicKey;
}

const rs = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const keys: [string, KeyObject, string[]][] = [
  ['RSA, 2048 bits', rsa(2048), rs],
  ['RSA, 2056 bits', rsa(2056), rs],
  ['RSA, 2047 bits', rsa(2047), []],
  ['RSA, 1024 bits', rsa(1024), []],
  ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, []],
  ['P-256', ec('P-256'), ['ES256']],
  ['P-384', ec('P-384'), ['ES384']],
  ['P-521', ec('P-521'), ['ES512']],
  ['secp256k1', ec('secp256k1'), []],
  ['Ed25519', generateKeyPairSync('ed25519').publicKey, ['EdDSA', 'Ed25519']],
  ['Ed448', generateKeyPairSync('ed448').publicKey, []],
  ['X25519', generateKeyPairSync('x25519').publicKey, []],
  ['a private key', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, []],
  ['a secret key', createSecretKey(Buffer.alloc(64)), []],
];

describe('keyFits', () => {
  for (const [title, key, expected] of keys) {
    it(`${title}: ${expected.join(', ') || 'nothing'}`, () => {
      const candidates = [...supportedAlgorithms, 'none', 'HS256', 'ES256K', 'Ed448', 'toString', '__proto__'];
      expect(candidates.filter(alg => keyFits(key, alg))).to.deep.equal(expected);
    });
  }
});

describe('supported algorithms', () => {
  it('are asymmetric, and ten, one of them under two names', () => {
    const eddsa = [...rs, 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
    expect(supportedAlgorithms).to.deep.equal(eddsa);
    expect(Object.isFrozen(supportedAlgorithms)).to.equal(true);
  });

  for (const name of ['none', 'HS256', 'HS384', 'HS512', 'rs256', 'RS1', 'constructor', '__proto__', '']) {
    it(`are not ${JSON.stringify(name)}`, () => {
      expect(isSupportedAlgorithm(name)).to.equal(false);
    });
  }
});

interface SigningKeyPair extends ReturnType<typeof signingKey> {
  readonly publicKey: KeyObject;
}

const made = new Map<string, [SigningKeyPair, SigningKeyPair]>();

/** Returns the same two keys of the algorithm each time: making an RSA key takes longer than most tests. */
function twoKeys(alg: string): [SigningKeyPair, SigningKeyPair] {
  const make = (kid: string): SigningKeyPair => {
    const key = signingKey(kid, alg);
    return { ...key, publicKey: createPublicKey(key.privateKey) };
  };
  const keys = made.get(alg) ?? [make('k1'), make('k2')];
  made.set(alg, keys);
  return keys;
}

describe('verifySignature', () => {
  const input = 'e30.e30';
  for (const alg of supportedAlgorithms) {
    it(`by ${alg}: over this input and by this key alone`, () => {
      const [key, other] = twoKeys(alg);
      const { publicKey } = key;
      const signature = Buffer.from(signatureOver(input, key), 'base64url');
      expect(verifySignature(alg, publicKey, input, signature)).to.equal(true);
      expect(verifySignature(alg, publicKey, 'e30.e31', signature)).to.equal(false);
      expect(verifySignature(alg, other.publicKey, input, signature)).to.equal(false);
      expect(verifySignature(alg, publicKey, input, Buffer.alloc(0))).to.equal(false);
      expect(verifySignature(alg, publicKey, input, signature.subarray(1))).to.equal(false);
    });
  }

  it('by a key that does not fit is false, not an error', () => {
    for (const [, key, fitting] of keys)
      for (const alg of [...supportedAlgorithms, 'none', 'HS256'].filter(alg => !fitting.includes(alg)))
        expect(verifySignature(alg, key, input, Buffer.alloc(64)), alg).to.equal(false);
  });
});

/** What jose says, whose WebCrypto is another implementation of the same: of one signature, over any payload. */
async function isAcceptedByWebCrypto(jws: string, key: KeyObject): Promise<boolean> {
  return compactVerify(jws, key, { algorithms: [...supportedAlgorithms] }).then(
    () => true,
    () => false,
  );
}

describe('an ECDSA signature, r and s one after the other', () => {
  const input = 'e30.e30';
  const curves = [
    ['ES256', 'P-256', 'sha256', 32],
    ['ES384', 'P-384', 'sha384', 48],
    ['ES512', 'P-521', 'sha512', 66],
  ] as const;

  for (const [alg, namedCurve, hash, half] of curves) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
    const p1363 = { dsaEncoding: 'ieee-p1363' } as const;
    const signed = (): Buffer => sign(hash, Buffer.from(input), { key: privateKey, ...p1363 });
    const isGood = (signature: Buffer): boolean => verifySignature(alg, publicKey, input, signature);

    function signedUntil(isWanted: (signature: Buffer) => boolean): Buffer {
      let signature = signed();
      while (!isWanted(signature)) signature = signed();
      return signature;
    }

    for (const [name, isWanted] of [
      ['r begins with a zero', signature => signature[0] === 0],
      ['s begins with a zero', signature => signature[half] === 0],
      ['neither does', signature => signature[0] !== 0 && signature[half] !== 0],
      ['r looks negative', signature => (signature.find(byte => byte !== 0) ?? 0) >= 0x80],
      ['s looks negative', signature => (signature.subarray(half).find(byte => byte !== 0) ?? 0) >= 0x80],
    ] as readonly [string, (signature: Buffer) => boolean][])
      it(`by ${alg} is good where ${name}`, () => {
        expect(isGood(signedUntil(isWanted))).to.equal(true);
      });

    it(`by ${alg} is bad where it is anything else, as Node's own reading of the form has it`, () => {
      const good = signed();
      const [r, s] = [good.subarray(0, half), good.subarray(half)];
      const [zero, ones] = [Buffer.alloc(half), Buffer.alloc(half, 0xff)];
      const bad = [
        ...[Buffer.alloc(0), good.subarray(1), good.subarray(0, -1), Buffer.concat([good, zero.subarray(0, 1)])],
        ...[Buffer.concat([zero, good]), Buffer.concat([good, zero]), Buffer.concat([r, r]), Buffer.concat([s, r])],
        ...[Buffer.concat([zero, s]), Buffer.concat([r, zero]), Buffer.concat([zero, zero])],
        ...[Buffer.concat([ones, s]), Buffer.concat([r, ones]), Buffer.concat([ones, ones])],
        sign(hash, Buffer.from(input), privateKey),
        ...Array.from(good, (_, index) => flipped(good, index)),
      ];
      for (const signature of bad) {
        expect(isGood(signature), signature.toString('hex')).to.equal(false);
        expect(verify(hash, Buffer.from(input), { key: publicKey, ...p1363 }, signature)).to.equal(false);
      }
    });
  }

  function flipped(bytes: Buffer, index: number): Buffer {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
    return copy;
  }
});

describe('node:crypto and WebCrypto', () => {
  for (const alg of supportedAlgorithms) {
    it(`judge the same of ${alg}`, async () => {
      const [key, other] = twoKeys(alg);
      const header = Buffer.from(JSON.stringify({ alg, kid: 'k1' })).toString('base64url');
      const signature = Buffer.from(signatureOver(`${header}.e30`, key), 'base64url');
      const bit = (index: number): Buffer => Buffer.from(signature.map((byte, at) => (at === index ? byte ^ 1 : byte)));
      const signatures = {
        'as it is': signature,
        'a bit at the start': bit(0),
        'a bit in the middle': bit(signature.length >> 1),
        'a bit at the end': bit(signature.length - 1),
        'cut at the start': signature.subarray(1),
        'cut at the end': signature.subarray(0, -1),
        longer: Buffer.concat([signature, Buffer.alloc(1)]),
        zeros: Buffer.alloc(signature.length),
        'of another key': Buffer.from(signatureOver(`${header}.e30`, other), 'base64url'),
        'over something else': Buffer.from(signatureOver(`${header}.e31`, key), 'base64url'),
      };
      for (const [title, one] of Object.entries(signatures)) {
        const jws = `${header}.e30.${one.toString('base64url')}`;
        const verdict = verifySignature(alg, key.publicKey, `${header}.e30`, one);
        expect(verdict, title).to.equal(one === signature);
        expect(await isAcceptedByWebCrypto(jws, key.publicKey), `${title}, WebCrypto`).to.equal(verdict);
      }
    });
  }
});

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws?: string | object;
  readonly result: 'valid' | 'invalid';
}

interface Group {
  readonly public?: Jwk;
  readonly private?: Jwk;
  readonly tests: readonly Vector[];
}

function groupsOf(file: string): readonly Group[] {
  // From dist/test/core to test/vectors.
  const path = join(__dirname, '../../../../test/vectors', file);
  return (JSON.parse(readFileSync(path, 'utf8')) as { testGroups: Group[] }).testGroups;
}

/** The keys of a group; where only private ones are given, these are symmetric. */
function jwksOf({ public: publicJwk, private: privateJwk }: Group): readonly Jwk[] {
  const given = publicJwk ?? privateJwk ?? {};
  return Array.isArray(given['keys']) ? (given['keys'] as Jwk[]) : [given];
}

/** The same vector by jose: as strict with the header, which WebCrypto never sees. */
async function isAcceptedByJose(jws: string, keySet: KeySet): Promise<boolean> {
  try {
    const { alg, kid } = decodeProtectedHeader(jws) as { alg: string; kid: string };
    const key = keySet.find({ alg, kid });
    return key !== undefined && (await isAcceptedByWebCrypto(jws, key.keyObject));
  } catch {
    return false;
  }
}

/** A vector's payload is any text, a token's is JSON: the header and the signature are parsed beside empty claims. */
function isAccepted(jws: string, keySet: KeySet): boolean {
  const [header, payload = '', signature, ...more] = jws.split('.');
  if (more.length > 0 || Buffer.from(payload, 'base64url').toString('base64url') !== payload) return false;
  try {
    const parsed = parseCompactJws(`${header}.e30.${signature}`, 100_000);
    const { alg, kid, crit } = parsed.header as { alg: string; kid: string; crit?: unknown };
    const key = crit === undefined ? keySet.find({ alg, kid }) : undefined;
    return key !== undefined && verifySignature(alg, key.keyObject, `${header}.${payload}`, parsed.signature);
  } catch {
    return false;
  }
}

// Regression: OpenSSL takes a PSS signature without its leading zero byte, so that one token in 256 had two spellings.
describe('an RSA signature that is shorter or longer than the modulus', () => {
  for (const algorithm of ['RS256', 'PS256'] as const)
    it(`is refused, with ${algorithm}`, () => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      const options = algorithm === 'PS256' ? pss : {};
      let input = '';
      let signature = Buffer.from([1]);
      for (let number = 0; signature[0] !== 0; number += 1) {
        input = `input ${number}`;
        signature = sign('sha256', Buffer.from(input), { key: privateKey, ...options });
      }
      expect(verifySignature(algorithm, publicKey, input, signature)).to.equal(true);
      expect(verifySignature(algorithm, publicKey, input, signature.subarray(1))).to.equal(false);
      expect(verifySignature(algorithm, publicKey, input, Buffer.concat([Buffer.alloc(1), signature]))).to.equal(false);
    });
});

// The modulus of an Infineon chip (CVE-2017-15361). An issuer is trusted for its own keys: nobody looks for it here.
const excluded = 'rejectsKeyWithRocaVulnerability';

describe('Wycheproof', () => {
  for (const file of ['json_web_signature_test.json', 'json_web_key_test.json', 'json_web_crypto_test.json']) {
    const vectors = groupsOf(file).flatMap(group => group.tests.map(vector => ({ ...vector, jwks: jwksOf(group) })));
    const signed = vectors.filter(({ jws, comment }) => jws !== undefined && comment !== excluded);
    for (const { tcId, comment, jws, result, jwks } of signed) {
      // Valid, and refused all the same: HMACs, and signatures by another algorithm than the key's own `alg`.
      const isSymmetric = jwks.every(({ kty }) => kty === 'oct');
      const isMislabelled = /^Figure(?:20|27)$/.test(comment);
      const expected = result === 'valid' && !isSymmetric && !isMislabelled;
      it(`${file} ${tcId}: ${comment}, ${result}, is ${expected ? 'accepted' : 'refused'}`, () => {
        const accepts = (keys: readonly Jwk[]): boolean =>
          typeof jws === 'string' && isAccepted(jws, KeySet.read({ keys })!);
        expect(accepts(jwks)).to.equal(expected);
        if (isMislabelled) expect(accepts(jwks.map(jwk => ({ ...jwk, alg: undefined })))).to.equal(true);
      });

      it(`${file} ${tcId}: ${comment}, by WebCrypto too`, async () => {
        const accepted = typeof jws === 'string' && (await isAcceptedByJose(jws, KeySet.read({ keys: jwks })!));
        expect(accepted).to.equal(expected);
      });
    }
  }
});
