import 'reflect-metadata';
import { createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { createExpressServer, type AxiomsServer, type SettingsInput } from 'axioms-routing-controllers';
import { isSoundPoint } from '../../src/core/jws/edwards-point';
import { KeySet } from '../../src/core/issuers/key-set';
import { isSameAlgorithm, withSynonyms } from '../../src/core/jws/signature';
import { base64url, silentLogger, signingKey, TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, invalidToken } from '../refusals';

let calls = 0;

@JsonController('/notes')
class NoteController {
  @Get('/')
  list() {
    calls++;
    return { ok: true };
  }
}

const p = 2n ** 255n - 19n;
const signBit = 2n ** 255n;

function encoded(y: bigint): Buffer {
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** The y of the eight points of small order, and the two that are spelled as y + p. */
const ofSmallOrder: Readonly<Record<string, bigint>> = {
  'of order 1': 1n,
  'of order 2': p - 1n,
  'of order 4': 0n,
  'of order 8': 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  'of order 8, the other y': 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  'of order 4, spelled as p': p,
  'of order 1, spelled as p + 1': p + 1n,
};
const encodings = Object.entries(ofSmallOrder).flatMap(([title, y]): [string, Buffer][] => [
  [title, encoded(y)],
  [`${title}, with the sign bit`, encoded(y + signBit)],
]);

describe('Ed25519', () => {
  let issuer: TestIssuer;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    calls = 0;
  });
  afterEach(() => issuer.close());

  async function ask(token: string, settings: SettingsInput = {}) {
    const app = createExpressServer({
      controllers: [NoteController],
      axioms: { ...issuer.settings(), ...settings, logger: silentLogger },
    });
    const answer = await request(app).get('/notes').set('Authorization', `Bearer ${token}`);
    (app.locals['axioms'] as AxiomsServer).close();
    return answer;
  }

  for (const inHeader of ['EdDSA', 'Ed25519'])
    for (const ofKey of ['EdDSA', 'Ed25519', undefined])
      for (const algorithms of [undefined, ['EdDSA'], ['Ed25519']])
        it(`accepts a token with the alg ${inHeader} by a key for ${ofKey ?? 'any alg'} where the settings say ${algorithms?.[0] ?? 'nothing'} (RFC 9864)`, async () => {
          const key = signingKey('ed', 'EdDSA', { alg: ofKey });
          issuer.server.keys = [key.jwk];
          const answer = await ask(issuer.token({}, { alg: inHeader }, key), algorithms && { algorithms });
          expect(answer.status).to.equal(200);
        });

  it('is refused under both names where the settings name neither', async () => {
    const key = signingKey('ed', 'Ed25519');
    issuer.server.keys = [key.jwk];
    for (const alg of ['EdDSA', 'Ed25519'])
      expectExactRefusal(
        await ask(issuer.token({}, { alg }, key), { algorithms: ['ES256'], jwksPrefetch: false }),
        invalidToken('The algorithm of the access token is not accepted'),
      );
    expect([calls, issuer.server.requests]).to.deep.equal([0, []]);
  });

  it('does not verify with a key of another type that names it', async () => {
    const key = signingKey('k1', 'ES256', { alg: 'Ed25519' });
    issuer.server.keys = [key.jwk, signingKey('another').jwk];
    expectExactRefusal(
      await ask(issuer.token({}, { alg: 'Ed25519' }, key)),
      invalidToken('The access token is signed with an unknown key'),
    );
    expect(calls).to.equal(0);
  });

  it('is one key where a key set has it twice, under both names', () => {
    const { jwk } = signingKey('ed', 'EdDSA');
    const set = KeySet.read({ keys: [jwk, { ...jwk, alg: 'Ed25519' }] })!;
    expect(set.problems).to.deep.equal([]);
    expect(set.find({ alg: 'Ed25519', kid: 'ed' })?.keyObject).not.to.equal(undefined);
  });

  it('is confused where a key set has different keys under one kid, one for each name', () => {
    const keys = [signingKey('ed', 'EdDSA').jwk, signingKey('ed', 'Ed25519').jwk];
    const set = KeySet.read({ keys })!;
    expect(set.problems).to.have.lengthOf(1);
    for (const alg of ['EdDSA', 'Ed25519']) expect(set.find({ alg, kid: 'ed' })).to.equal(undefined);
  });

  it('has two names, and no other algorithm has them', () => {
    expect(isSameAlgorithm('EdDSA', 'Ed25519')).to.equal(true);
    expect(isSameAlgorithm('Ed25519', 'EdDSA')).to.equal(true);
    expect(isSameAlgorithm('RS256', 'RS256')).to.equal(true);
    for (const other of ['RS256', 'Ed448', '__proto__', 'toString']) {
      expect(isSameAlgorithm('EdDSA', other)).to.equal(false);
      expect(isSameAlgorithm(other, 'Ed25519')).to.equal(false);
    }
    expect(withSynonyms(['RS256'])).to.deep.equal(['RS256']);
    expect(withSynonyms(['Ed25519', 'RS256'])).to.deep.equal(['Ed25519', 'RS256', 'EdDSA']);
  });

  /** With a key of small order and s = 0, R alone decides: one of the eight points fits, whatever was signed. */
  function forged(x: Buffer): string {
    const [header, claims] = issuer.token({}, { alg: 'EdDSA', kid: 'small' }).split('.') as [string, string];
    const input = `${header}.${claims}`;
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') };
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const signatures = encodings.map(([, r]) => Buffer.concat([r, Buffer.alloc(32)]));
    const fitting = signatures.find(signature => verify(null, Buffer.from(input), key, signature));
    return `${input}.${(fitting ?? Buffer.alloc(64)).toString('base64url')}`;
  }

  for (const [title, x] of encodings)
    it(`refuses a token that anybody could sign, by a key ${title}`, async () => {
      issuer.server.keys = [
        { kty: 'OKP', crv: 'Ed25519', kid: 'small', alg: 'EdDSA', x: x.toString('base64url') },
        issuer.key.jwk,
      ];
      expectExactRefusal(await ask(forged(x)), invalidToken('The access token is signed with an unknown key'));
      expect(calls).to.equal(0);
      const [problem] = KeySet.read({ keys: issuer.server.keys })!.problems;
      expect(problem).to.equal(
        'the key with the kid "small" is a point of small order, or one that is not spelled as in RFC 8032: it proves nothing',
      );
    });

  it('has a forgery that works where such keys are not refused, so that these tests show something', function () {
    const key = { kty: 'OKP', crv: 'Ed25519', x: base64url('\u0001'.padEnd(32, '\0')) };
    const signature = Buffer.concat([encoded(1n), Buffer.alloc(32)]);
    // A Node whose OpenSSL refuses such keys by itself has nothing to show.
    if (!verify(null, Buffer.from('anything'), createPublicKey({ key, format: 'jwk' }), signature)) this.skip();
  });

  it('takes no other spelling of a point (RFC 8032 §5.1.3), and every right one', () => {
    for (let y = p; y < signBit; y++)
      for (const sign of [0n, signBit]) expect(isSoundPoint(encoded(y + sign))).to.equal(false);
    for (let index = 0; index < 50; index++) {
      const { x } = signingKey('k', 'EdDSA').jwk;
      expect(isSoundPoint(Buffer.from(String(x), 'base64url'))).to.equal(true);
    }
    for (const y of [2n, 3n, p - 2n, p - 3n]) expect(isSoundPoint(encoded(y))).to.equal(true);
  });
});
