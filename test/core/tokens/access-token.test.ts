import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { AccessTokenVerifier } from '../../../src/core/tokens/access-token';
import type { Possession } from '../../../src/core/tokens/binding';
import { InvalidToken, ServiceUnavailable } from '../../../src/core/http/exceptions';
import { JwksManager } from '../../../src/core/issuers/jwks-manager';
import { defineSettings } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';
import { supportedAlgorithms } from '../../../src/core/jws/signature';
import { isPending } from '../../../src/core/time/soon';
import { badByItsKey, badWithoutAKey } from '../../bad-tokens';
import { makeKey, ScriptedIssuer, type Jwk } from '../../issuer/scripted-issuer';
import { base64url, signatureOver, signed, signingKey, TestIssuer, type SigningKey } from '../../issuer/test-issuer';
import { onlyWithCaches } from '../../plain';

const asBearer: Possession = {
  scheme: 'Bearer',
  proof: { proofs: [], method: 'GET', target: '/', request: {}, sendNonce: () => undefined },
  certificate: () => undefined,
};

describe('AccessTokenVerifier', () => {
  let issuer: TestIssuer;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
  });
  afterEach(() => issuer.close());

  interface Subject {
    readonly verifier: AccessTokenVerifier;
    readonly keys: JwksManager;
    /** How often a key was asked for: once for each signature that is computed. */
    lookups(): number;
  }

  function verifierWith(input: Partial<SettingsInput> = {}): Subject {
    const settings = defineSettings({ ...issuer.settings(), jwksPrefetch: false, ...input });
    const keys = new JwksManager(settings);
    const getKeySoon = keys.getKeySoon.bind(keys);
    let lookups = 0;
    keys.getKeySoon = header => {
      lookups++;
      return getKeySoon(header);
    };
    return { verifier: new AccessTokenVerifier(settings, keys), keys, lookups: () => lookups };
  }

  async function reason(verifying: Promise<unknown>): Promise<string> {
    try {
      await verifying;
    } catch (error) {
      expect(error).to.be.instanceOf(InvalidToken);
      return (error as Error).message;
    }
    return 'accepted';
  }

  const wrongAlgorithm = 'The algorithm of the access token is not accepted';
  const wrongSignature = 'The signature of the access token is wrong';
  const wrongType = 'The token is not of an accepted type';
  const unknownKey = 'The access token is signed with an unknown key';
  const malformed = 'The access token is malformed';

  describe('accepts', () => {
    for (const alg of supportedAlgorithms) {
      it(alg, async () => {
        issuer.rotate('k2', { alg });
        const { header, claims } = await verifierWith().verifier.verify(issuer.token({ sub: 'alice' }));
        expect(header).to.deep.equal({ alg, kid: 'k2', typ: 'at+jwt' });
        expect(claims.sub).to.equal('alice');
      });
    }

    it('claims whose names the language uses, as claims', async () => {
      const json = JSON.stringify(issuer.claims()).replace('{', '{"__proto__":{"scope":"admin"},"constructor":1,');
      const { claims } = await verifierWith().verifier.verify(signed({ alg: 'ES256', kid: 'k1' }, json, issuer.key));
      expect(Object.keys(claims)).to.include.members(['__proto__', 'constructor']);
      expect(claims['scope']).to.equal(undefined);
    });

    it('what it gives out as it is: frozen', async () => {
      const verified = await verifierWith().verifier.verify(issuer.token({ realm_access: { roles: ['a'] } }));
      const inner = verified.claims['realm_access'] as { roles: string[] };
      for (const part of [verified, verified.header, verified.claims, inner, inner.roles])
        expect(Object.isFrozen(part)).to.equal(true);
    });
  });

  describe('refuses without asking for keys', () => {
    for (const { title, description, make } of badWithoutAKey) {
      it(`a token ${title}`, async () => {
        const { verifier, lookups } = verifierWith();
        expect(await reason(verifier.verify(make(issuer)))).to.equal(description);
        expect(lookups()).to.equal(0);
        expect(issuer.server.requests).to.deep.equal([]);
      });
    }

    it('an algorithm that the settings leave out', async () => {
      const { verifier } = verifierWith({ algorithms: ['RS256'] });
      expect(await reason(verifier.verify(issuer.token()))).to.equal(wrongAlgorithm);
      expect(issuer.server.requests).to.deep.equal([]);
    });
  });

  it('asks for keys, for a token that is good without them', async () => {
    expect(await reason(verifierWith().verifier.verify(issuer.token()))).to.equal('accepted');
    expect(issuer.fetches).to.equal(1);
  });

  it('accepts a token at once that it knows, where there is no denylist to ask', async () => {
    const { verifier } = verifierWith();
    const token = issuer.token();
    expect(isPending(verifier.accept(token, asBearer))).to.equal(true);
    await verifier.verify(token);
    expect(isPending(verifier.accept(token, asBearer))).to.equal(false);
  });

  describe('refuses, having the keys,', () => {
    for (const { title, description, make } of badByItsKey) {
      it(`a token ${title}`, async () => {
        expect(await reason(verifierWith().verifier.verify(make(issuer)))).to.equal(description);
      });
    }
  });

  describe('refuses what is not signed (RFC 8725 §3.2)', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '']) {
      it(`alg ${JSON.stringify(alg)}, with and without a signature`, async () => {
        const { verifier } = verifierWith();
        const [header, claims, signature] = issuer.token({}, { alg }).split('.') as [string, string, string];
        expect(await reason(verifier.verify(`${header}.${claims}.${signature}`))).to.equal(wrongAlgorithm);
        expect(await reason(verifier.verify(`${header}.${claims}.`))).to.equal(malformed);
        expect(await reason(verifier.verify(`${header}.${claims}`))).to.equal(malformed);
      });
    }

    for (const alg of ['es256', 'ES256 ', 'ES256K', 'toString', '__proto__', ['ES256'], null, 256]) {
      it(`alg ${JSON.stringify(alg)}`, async () => {
        expect(await reason(verifierWith().verifier.verify(issuer.token({}, { alg })))).to.equal(wrongAlgorithm);
      });
    }
  });

  describe('refuses a secret that everybody knows (RFC 8725 §2.1)', () => {
    const publicSecrets: [string, (key: SigningKey, publicKey: KeyObject) => string | Buffer][] = [
      ['the PEM of the public key', (_, key) => key.export({ type: 'spki', format: 'pem' })],
      ['the PEM of the public key, trimmed', (_, key) => key.export({ type: 'spki', format: 'pem' }).toString().trim()],
      ['the DER of the public key', (_, key) => key.export({ type: 'spki', format: 'der' })],
      ['the JWK', ({ jwk }) => JSON.stringify(jwk)],
      ['the modulus', ({ jwk }) => Buffer.from(jwk['n'] as string, 'base64url')],
      ['nothing', () => ''],
    ];
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' };
    for (const [title, secretOf] of publicSecrets) {
      for (const bits of [256, 384, 512]) {
        it(`HS${bits} by ${title}, even where the key says no algorithm`, async () => {
          issuer.server.keys = [jwk];
          const input = `${base64url({ alg: `HS${bits}`, kid: 'k1', typ: 'at+jwt' })}.${base64url(issuer.claims())}`;
          const secret = secretOf({ kid: 'k1', alg: 'RS256', privateKey, jwk }, publicKey);
          const mac = createHmac(`sha${bits}`, secret).update(input).digest('base64url');
          expect(await reason(verifierWith().verifier.verify(`${input}.${mac}`))).to.equal(wrongAlgorithm);
        });
      }
    }

    it('HS256 by a symmetric key of the key set', async () => {
      const k = base64url('secret-secret-secret-secret-secret');
      issuer.server.keys = [{ kty: 'oct', kid: 'k1', k, alg: 'HS256' }];
      const input = `${base64url({ alg: 'HS256', kid: 'k1' })}.${base64url(issuer.claims())}`;
      const mac = createHmac('sha256', Buffer.from(k, 'base64url')).update(input).digest('base64url');
      expect(await reason(verifierWith().verifier.verify(`${input}.${mac}`))).to.equal(wrongAlgorithm);
    });
  });

  describe('never looks for keys where a token says (RFC 8725 §3.10)', () => {
    let attacker: ScriptedIssuer;
    const forger = makeKey('k1');
    beforeEach(async () => {
      attacker = await ScriptedIssuer.start();
      attacker.keys = [forger.jwk];
    });
    afterEach(() => attacker.close());

    const pointers: [string, (url: string) => object][] = [
      ['jwk', () => ({ jwk: forger.jwk })],
      ['jku', url => ({ jku: url })],
      ['x5u', url => ({ x5u: url })],
      ['x5c', () => ({ x5c: [base64url(JSON.stringify(forger.jwk))] })],
      ['all of them', url => ({ jwk: forger.jwk, jku: url, x5u: url, x5c: ['AAAA'], 'x5t#S256': 'x' })],
      ['a kid that is a URL', url => ({ kid: url })],
      ['a kid that is a path', () => ({ kid: '../../../../dev/null' })],
    ];
    for (const [title, header] of pointers) {
      it(`in ${title}`, async () => {
        const key = { kid: 'k1', alg: 'ES256', ...forger };
        const forged = issuer.token({ sub: 'admin' }, header(attacker.jwksUrl), key);
        const expected = title.startsWith('a kid') ? unknownKey : wrongSignature;
        expect(await reason(verifierWith().verifier.verify(forged))).to.equal(expected);
        expect(attacker.requests).to.deep.equal([]);
      });
    }

    it('nor where its issuer is said to be', async () => {
      const key = { kid: 'k1', alg: 'ES256', ...forger };
      const forged = issuer.token({ iss: attacker.url }, {}, key);
      expect(await reason(verifierWith().verifier.verify(forged))).to.equal('The access token is from another issuer');
      expect(attacker.requests).to.deep.equal([]);
    });
  });

  describe('respects what a key is for (RFC 8725 §3.1)', () => {
    const es256 = signingKey('k1');
    const rs256 = signingKey('k1', 'RS256');
    const ps256 = signingKey('k1', 'PS256');
    const es384 = signingKey('k1', 'ES384');
    const eddsa = signingKey('k1', 'EdDSA');

    function weak(): SigningKey {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      return { kid: 'k1', alg: 'RS256', privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'k1' } };
    }

    const cases: [string, SigningKey, Jwk, string][] = [
      ['a key without use, key_ops or alg', es256, { use: undefined, alg: undefined }, 'accepted'],
      ['a key to verify with', es256, { use: undefined, key_ops: ['verify'] }, 'accepted'],
      ['a key to encrypt with', es256, { use: 'enc' }, unknownKey],
      ['a key for other operations', es256, { key_ops: ['encrypt', 'sign'] }, unknownKey],
      ['a key for no operation', es256, { key_ops: [] }, unknownKey],
      ['a key for another algorithm of its type', rs256, { alg: 'RS512' }, unknownKey],
      ['a key for PSS, and a PKCS #1 signature', rs256, { alg: 'PS256' }, unknownKey],
      ['a key for PKCS #1, and a PSS signature', ps256, { alg: 'RS256' }, unknownKey],
      ['an RSA key of 1024 bits', weak(), {}, unknownKey],
      ['an RSA key of 1024 bits that says its algorithm', weak(), { alg: 'RS256' }, unknownKey],
    ];
    for (const [title, key, members, outcome] of cases) {
      it(`${outcome === 'accepted' ? 'accepts' : 'refuses'} ${title}`, async () => {
        issuer.server.keys = [{ ...key.jwk, ...members }, signingKey('another').jwk];
        expect(await reason(verifierWith().verifier.verify(issuer.token({}, {}, key)))).to.equal(outcome);
      });
    }

    const confusions: [string, SigningKey, string, string][] = [
      ['ES256, and a key on P-384', es384, 'ES256', unknownKey],
      ['ES384, and a key on P-256', es256, 'ES384', unknownKey],
      ['ES256, and an RSA key', rs256, 'ES256', unknownKey],
      ['RS256, and an EC key', es256, 'RS256', unknownKey],
      ['EdDSA, and an EC key', es256, 'EdDSA', unknownKey],
      ['ES256, and an Ed25519 key', eddsa, 'ES256', unknownKey],
      ['PS256, and a PKCS #1 signature of the same key', rs256, 'PS256', wrongSignature],
      ['RS256, and a PSS signature of the same key', ps256, 'RS256', wrongSignature],
      ['RS512, and a signature over SHA-256', rs256, 'RS512', wrongSignature],
    ];
    for (const [title, key, alg, outcome] of confusions) {
      it(`refuses ${title}`, async () => {
        issuer.server.keys = [{ ...key.jwk, alg: undefined }];
        expect(await reason(verifierWith().verifier.verify(issuer.token({}, { alg }, key)))).to.equal(outcome);
      });
    }
  });

  describe('refuses a signature that was tampered with', () => {
    const half = 32;
    const changes: [string, (signature: Buffer) => Buffer][] = [
      ['of zeros', signature => Buffer.alloc(signature.length)],
      ['with r = 0', signature => Buffer.concat([Buffer.alloc(half), signature.subarray(half)])],
      ['with s = 0', signature => Buffer.concat([signature.subarray(0, half), Buffer.alloc(half)])],
      ['of ones', signature => Buffer.alloc(signature.length, 0xff)],
      [
        'with its halves exchanged',
        signature => Buffer.concat([signature.subarray(half), signature.subarray(0, half)]),
      ],
      ['without its last byte', signature => signature.subarray(0, -1)],
      ['without its first byte', signature => signature.subarray(1)],
      ['with a byte added', signature => Buffer.concat([signature, Buffer.alloc(1)])],
      [
        'with a zero in front of each half',
        signature =>
          Buffer.concat([Buffer.alloc(1), signature.subarray(0, half), Buffer.alloc(1), signature.subarray(half)]),
      ],
      ['of one byte', () => Buffer.alloc(1)],
      [
        'with one bit changed',
        signature => {
          const changed = Buffer.from(signature);
          changed[40] = (changed[40] ?? 0) ^ 1;
          return changed;
        },
      ],
    ];
    for (const [title, change] of changes) {
      it(title, async () => {
        const [header, claims, signature] = issuer.token().split('.') as [string, string, string];
        const changed = change(Buffer.from(signature, 'base64url')).toString('base64url');
        const { verifier } = verifierWith();
        expect(await reason(verifier.verify(`${header}.${claims}.${signature}`))).to.equal('accepted');
        expect(await reason(verifier.verify(`${header}.${claims}.${changed}`))).to.equal(wrongSignature);
      });
    }

    it('in DER', async () => {
      const input = issuer.token().split('.').slice(0, 2).join('.');
      const der = sign('sha256', Buffer.from(input), issuer.key.privateKey).toString('base64url');
      const { verifier } = verifierWith();
      expect(await reason(verifier.verify(`${input}.${der}`))).to.equal(wrongSignature);
      const right = signatureOver(input, issuer.key);
      expect(await reason(verifier.verify(`${input}.${right}`))).to.equal('accepted');
    });
  });

  describe('asks for the type of a token (RFC 8725 §3.11)', () => {
    const absent = undefined;
    const types: [unknown, SettingsInput, boolean][] = [
      ['at+jwt', {}, true],
      ['AT+JWT', {}, true],
      ['application/at+jwt', {}, true],
      ['Application/AT+JWT', {}, true],
      ['JWT', {}, true],
      ['jwt', {}, true],
      ['application/jwt', {}, true],
      [absent, {}, true],
      ['', {}, false],
      [null, {}, false],
      ['id+jwt', {}, false],
      ['logout+jwt', {}, false],
      ['dpop+jwt', {}, false],
      ['secevent+jwt', {}, false],
      ['JOSE', {}, false],
      ['at+jwt ', {}, false],
      ['application/application/at+jwt', {}, false],
      ['text/at+jwt', {}, false],
      [['at+jwt'], {}, false],
      ['at+jwt', { profile: 'rfc9068' }, true],
      ['application/at+jwt', { profile: 'rfc9068' }, true],
      ['JWT', { profile: 'rfc9068' }, false],
      [absent, { profile: 'rfc9068' }, false],
      ['JWT', { tokenTypes: ['at+jwt'] }, false],
      [absent, { tokenTypes: ['at+jwt', 'JWT'] }, false],
      ['vnd.example+jwt', { tokenTypes: ['application/vnd.example+jwt'] }, true],
      ['application/VND.example+jwt', { tokenTypes: ['vnd.example+jwt'] }, true],
      ['at+jwt', { tokenTypes: ['vnd.example+jwt'] }, false],
      ['text/plain', { tokenTypes: ['text/plain'] }, true],
      ['TEXT/Plain', { tokenTypes: ['text/plain'] }, true],
      ['application/text/plain', { tokenTypes: ['text/plain'] }, false],
      ['text/plain', { tokenTypes: ['application/text/plain'] }, false],
      ['application/text/plain', { tokenTypes: ['application/text/plain'] }, true],
      ['application/application/at+jwt', { tokenTypes: ['at+jwt'] }, false],
      ['application/application/at+jwt', {}, false],
    ];
    for (const [typ, input, isAccepted] of types) {
      const under = Object.keys(input).length === 0 ? '' : `, with ${JSON.stringify(input)}`;
      it(`${isAccepted ? 'accepts' : 'refuses'} ${typ === absent ? 'none' : JSON.stringify(typ)}${under}`, async () => {
        const token = issuer.token({ client_id: 'app', jti: '1' }, { typ });
        expect(await reason(verifierWith(input).verifier.verify(token))).to.equal(isAccepted ? 'accepted' : wrongType);
      });
    }
  });

  describe('keeps the time', () => {
    it('of its clock, read for each token', async () => {
      const { verifier } = verifierWith({ clockTolerance: 0 });
      const token = issuer.token({ iat: 900, exp: 1000 });
      verifier.clock = () => 999_999;
      expect(await reason(verifier.verify(token))).to.equal('accepted');
      verifier.clock = () => 1_000_000;
      expect(await reason(verifier.verify(token))).to.equal('The access token expired');
      verifier.clock = () => 899_999;
      expect(await reason(verifier.verify(token))).to.equal('The access token was issued in the future');
    });
  });

  describe('remembers a token that it verified', () => {
    onlyWithCaches();
    it('and computes no signature for it again', async () => {
      const { verifier, lookups } = verifierWith();
      const token = issuer.token();
      const first = await verifier.verify(token);
      expect(await verifier.verify(token)).to.equal(first);
      expect(lookups()).to.equal(1);
    });

    it('but not where the cache is off', async () => {
      const { verifier, lookups } = verifierWith({ tokenCacheSize: 0 });
      const token = issuer.token();
      await verifier.verify(token);
      await verifier.verify(token);
      expect(lookups()).to.equal(2);
    });

    it('but no more of them than the settings say', async () => {
      const { verifier, lookups } = verifierWith({ tokenCacheSize: 1 });
      const [one, two] = [issuer.token({ jti: '1' }), issuer.token({ jti: '2' })];
      for (const token of [one, two, two, one]) await verifier.verify(token);
      expect(lookups()).to.equal(3);
    });

    it('and no token that it refused', async () => {
      const { verifier, lookups } = verifierWith();
      const forged = issuer.token({}, {}, signingKey('k1'));
      for (let time = 0; time < 2; time++) expect(await reason(verifier.verify(forged))).to.equal(wrongSignature);
      expect(lookups()).to.equal(2);
    });

    it('by every character of it', async () => {
      const { verifier } = verifierWith();
      const token = issuer.token();
      await verifier.verify(token);
      const [header, claims] = token.split('.') as [string, string];
      expect(await reason(verifier.verify(`${header}.${claims}.${base64url('x'.repeat(64))}`))).to.equal(
        wrongSignature,
      );
      expect(await reason(verifier.verify(`${token}=`))).to.equal(malformed);
      expect(await reason(verifier.verify(`${token} `))).to.equal(malformed);
    });

    const ends: [string, number, object, string, SettingsInput?][] = [
      ['it expired', 1_005_000, { exp: 1000, iat: 900 }, 'The access token expired'],
      ['it is too old', 966_000, { exp: 1000, iat: 900 }, 'The access token is too old', { maxTokenAge: 60 }],
      ['the clock was set back', 900_000, { exp: 2000, nbf: 950, iat: 900 }, 'The access token is not valid yet'],
    ];
    for (const [title, later, claims, expected, input] of ends) {
      it(`until ${title}`, async () => {
        const { verifier, lookups } = verifierWith(input);
        const token = issuer.token(claims);
        verifier.clock = () => 950_000;
        await verifier.verify(token);
        verifier.clock = () => later;
        expect(await reason(verifier.verify(token))).to.equal(expected);
        expect(lookups()).to.equal(1);
      });
    }

    it('until its key is taken away', async () => {
      const { verifier, keys } = verifierWith();
      const token = issuer.token();
      await verifier.verify(token);
      issuer.rotate('k2', { drop: true });
      await keys.refresh();
      expect(await reason(verifier.verify(token))).to.equal(unknownKey);
    });

    it('until another key has the name of its key', async () => {
      const { verifier, keys } = verifierWith();
      const token = issuer.token();
      await verifier.verify(token);
      issuer.rotate('k1', { drop: true });
      await keys.refresh();
      expect(await reason(verifier.verify(token))).to.equal(wrongSignature);
    });

    it('until its key is for another algorithm', async () => {
      const key = signingKey('k1', 'RS256');
      issuer.server.keys = [key.jwk];
      const { verifier, keys } = verifierWith();
      const token = issuer.token({}, {}, key);
      await verifier.verify(token);
      issuer.server.keys = [{ ...key.jwk, alg: 'RS512' }];
      await keys.refresh();
      expect(await reason(verifier.verify(token))).to.equal(unknownKey);
    });

    it('and goes on where its key is fetched again', async () => {
      const { verifier, keys, lookups } = verifierWith();
      const token = issuer.token();
      const first = await verifier.verify(token);
      issuer.rotate('k2');
      await keys.refresh();
      expect(await verifier.verify(token)).to.equal(first);
      expect(lookups()).to.equal(1);
    });

    it('until the keys are too old to be used', async () => {
      const { verifier, keys } = verifierWith({ jwksRefreshInterval: 10, jwksCacheTtl: 20 });
      const token = issuer.token();
      await verifier.verify(token);
      issuer.server.keysMode = { is: 'status', status: 500 };
      const later = Date.now() + 20_000;
      keys.clock = () => later;
      await verifier.verify(token).then(
        () => expect.fail('accepted'),
        (error: unknown) => expect(error).to.be.instanceOf(ServiceUnavailable),
      );
    });

    it('until the server closes', async () => {
      const { verifier, keys } = verifierWith();
      const token = issuer.token();
      await verifier.verify(token);
      keys.close();
      await verifier.verify(token).then(
        () => expect.fail('accepted'),
        (error: unknown) => expect(error).to.be.instanceOf(ServiceUnavailable),
      );
    });
  });

  it('refuses a token over its size though it is short enough for its cache', async () => {
    const token = issuer.token();
    const { verifier } = verifierWith({ maxTokenSize: token.length - 1 });
    expect(await reason(verifier.verify(token))).to.equal('The access token is too long');
    expect(await reason(verifierWith({ maxTokenSize: token.length }).verifier.verify(token))).to.equal('accepted');
  });
});
