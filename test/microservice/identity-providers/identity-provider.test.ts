import { generateKeyPairSync, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { ServiceUnavailable } from '../../../src/core/http/exceptions';
import type { IdentityProvider } from '../../../src/microservice/identity-providers/identity-provider';
import type { ProviderOptions } from '../../../src/microservice/identity-providers/provider-options';
import { down } from '../../issuer/scripted-issuer';
import { base64url, signingKey } from '../../issuer/test-issuer';
import { atHash, clientId, ProviderFixture, refusalOf, type Kind } from './provider-fixture';

const now = (): number => Math.floor(Date.now() / 1000);

for (const kind of ['generic', 'cognito'] as const)
  describe(`the tokens of a ${kind} provider`, () => {
    let fixture: ProviderFixture;
    let provider: IdentityProvider;

    before(async () => {
      fixture = await ProviderFixture.start(kind);
      provider = fixture.provider();
    });
    after(() => fixture.close());

    const verify = (id_token: string, access_token?: string, nonce?: string): Promise<unknown> =>
      provider.verify({ id_token, access_token, nonce });

    it('say who somebody is', async () => {
      const identity = await provider.verify({
        id_token: fixture.idToken({
          given_name: 'Ged',
          [kind === 'cognito' ? 'cognito:username' : 'preferred_username']: 'ged',
        }),
        access_token: fixture.accessToken(),
      });
      expect(identity).to.deep.include({
        provider: kind === 'cognito' ? 'aws' : 'oidc',
        issuer: fixture.iss,
        subject: 'ged-1',
        email: 'ged@example.com',
        username: 'ged',
        givenName: 'Ged',
        familyName: '',
      });
    });

    const wrongClaims: readonly [what: string, claims: object, reason: string, only?: Kind][] = [
      ['another issuer', { iss: 'https://evil.example.com' }, 'token_issuer'],
      ['no issuer', { iss: undefined }, 'token_issuer'],
      ['another client', { aud: 'client-2' }, 'token_audience'],
      ['no audience', { aud: undefined }, 'token_audience'],
      ['an audience beside the client that nobody trusts', { aud: [clientId, 'x'], azp: clientId }, 'token_audience'],
      ['an audience that begins as the client does', { aud: `${clientId}0` }, 'token_audience'],
      ['another authorized party', { azp: 'client-2' }, 'token_party'],
      ['an authorized party that is null', { azp: null }, 'token_party'],
      ['no subject', { sub: undefined }, 'token_subject'],
      ['an empty subject', { sub: '' }, 'token_subject'],
      ['a number for a subject', { sub: 1 }, 'token_subject'],
      ['a subject that is too long', { sub: 'x'.repeat(256) }, 'token_subject'],
      ['an expiry that is past', { exp: () => now() - 60 }, 'token_expired'],
      ['no expiry', { exp: undefined }, 'token_claim'],
      ['an expiry that is text', { exp: '9999999999' }, 'token_claim'],
      ['no time of issue', { iat: undefined }, 'token_claim'],
      ['a time of issue in the future', { iat: () => now() + 60 }, 'token_not_yet_valid'],
      ['a time before which it is not valid', { nbf: () => now() + 60 }, 'token_not_yet_valid'],
      ['the use of an access token', { token_use: 'access' }, 'token_kind'],
      ['no use', { token_use: undefined }, 'token_kind', 'cognito'],
      ['the mark of a refresh token', { typ: 'Refresh' }, 'token_kind'],
      ['the mark of a bearer token', { typ: 'Bearer' }, 'token_kind'],
      ['the scopes of an access token for this client', { scp: 'user' }, 'token_kind'],
      ['the scope of an access token for this client', { scope: 'openid' }, 'token_kind'],
      ['the events of a logout token', { events: {} }, 'token_kind'],
      ['an e-mail address that is not verified', { email_verified: false }, 'email_not_verified'],
      ['an address that nobody calls verified', { email_verified: undefined }, 'email_not_verified'],
      ['an address verified in the word "false"', { email_verified: 'false' }, 'email_not_verified'],
      ['an address verified in a number', { email_verified: 1 }, 'email_not_verified'],
      ['an address verified in a text of others', { email_verified: 'true' }, 'email_not_verified', 'generic'],
      ['no address', { email: undefined }, 'email_not_verified'],
      ['an address that is no text', { email: ['ged@example.com'] }, 'email_not_verified'],
    ];
    for (const [what, claims, reason, only = kind] of wrongClaims)
      if (only === kind)
        it(`are refused for ${what}`, async () => {
          expect(await refusalOf(verify(fixture.idToken(claims)))).to.equal(reason);
        });

    it('may have a verified address in text, where the provider is Cognito', async () => {
      if (kind === 'cognito') await verify(fixture.idToken({ email_verified: 'true' }));
    });

    const wrongHeaders: readonly [what: string, header: object, reason: string][] = [
      ['no key', { kid: undefined }, 'token_key'],
      ['an empty key', { kid: '' }, 'token_key'],
      ['no algorithm', { alg: undefined }, 'token_algorithm'],
      ['the algorithm none', { alg: 'none' }, 'token_algorithm'],
      ['an algorithm that was not configured', { alg: 'RS256' }, 'token_algorithm'],
      ['the type of an access token', { typ: 'at+jwt' }, 'token_type'],
      ['the type of a logout token', { typ: 'logout+jwt' }, 'token_type'],
      ['an extension', { crit: ['exp'] }, 'token_extension'],
      ['a type with two prefixes', { typ: 'application/application/jwt' }, 'token_type'],
      ['another token in it', { cty: 'JWT' }, 'token_type'],
    ];
    for (const [what, header, reason] of wrongHeaders)
      it(`are refused for a header with ${what}`, async () => {
        expect(await refusalOf(verify(fixture.idToken({}, header)))).to.equal(reason);
      });

    it('are refused for a signature of somebody else, with the name of the right key, and one in the header', async () => {
      const theirs = signingKey(fixture.issuer.key.kid);
      expect(await refusalOf(verify(fixture.idToken({}, {}, theirs)))).to.equal('token_signature');
      expect(await refusalOf(verify(fixture.idToken({}, { jwk: theirs.jwk }, theirs)))).to.equal('token_signature');
    });

    it('are refused for a MAC made with the public key', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const input = fixture.idToken({}, { alg: 'HS256' }).split('.').slice(0, 2).join('.');
      const secret = publicKey.export({ type: 'spki', format: 'pem' });
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await refusalOf(verify(`${input}.${mac}`))).to.equal('token_algorithm');
    });

    for (const [what, token] of [
      ['nothing', 'x'],
      ['two parts', 'a.b'],
      ['five parts, as an encrypted one', 'a.b.c.d.e'],
      ['an array', `${base64url('{}')}.${base64url('[]')}.AAAA`],
      ['a megabyte', 'x'.repeat(1 << 20)],
    ] as const)
      it(`are refused for ${what}, in place of either`, async () => {
        const unreadable = ['token_malformed', 'token_opaque', 'token_too_long'];
        expect(await refusalOf(verify(token))).to.be.oneOf(unreadable);
        const expected = kind === 'cognito' ? unreadable : ['token_hash'];
        expect(await refusalOf(verify(fixture.idToken(), token))).to.be.oneOf(expected);
      });

    it('are refused for a claim that stands twice', async () => {
      const [header, claims, signature] = fixture.idToken().split('.');
      const text = Buffer.from(claims!, 'base64url').toString().replace('{', '{"sub":"admin",');
      expect(await refusalOf(verify(`${header}.${base64url(text)}.${signature}`))).to.equal('token_malformed');
    });

    it('must have the nonce of our own login, where there is one', async () => {
      await verify(fixture.idToken({ nonce: 'n1' }), undefined, 'n1');
      await verify(fixture.idToken({ nonce: 'n1' }));
      for (const nonce of ['n2', undefined, ['n1']])
        expect(await refusalOf(verify(fixture.idToken({ nonce }), undefined, 'n1'))).to.equal('token_nonce');
    });

    const wrongAccess: readonly [what: string, claims: object, reason: string, only?: Kind][] = [
      ['another person', { sub: 'tenar-1' }, 'token_subject'],
      ['no person', { sub: undefined }, 'token_subject'],
      ['another client', { client_id: 'client-2' }, 'token_party'],
      ['two clients, one of them another', { azp: 'client-2' }, 'token_party'],
      ['no client', { client_id: undefined }, 'token_party'],
      ['the use of an ID token', { token_use: 'id' }, 'token_kind'],
      ['no use', { token_use: undefined }, 'token_kind', 'cognito'],
      ['an expiry that is past', { exp: () => now() - 60 }, 'token_expired'],
      ['the mark of a refresh token', { typ: 'Refresh' }, 'token_kind'],
      ['the nonce of an ID token', { nonce: 'n1' }, 'token_kind'],
      ['another issuer', { iss: 'https://evil.example.com' }, kind === 'cognito' ? 'token_issuer' : 'token_hash'],
    ];
    for (const [what, claims, reason, only = kind] of wrongAccess)
      if (only === kind)
        it(`are refused for an access token with ${what}`, async () => {
          expect(await refusalOf(verify(fixture.idToken(), fixture.accessToken(claims)))).to.equal(reason);
        });

    it('are refused for an access token with the signature of somebody else', async () => {
      const theirs = signingKey(fixture.issuer.key.kid);
      const token = fixture.accessToken({}, {}, theirs);
      expect(await refusalOf(verify(fixture.idToken(), token))).to.equal('token_signature');
      expect(await refusalOf(verify(fixture.idToken({ at_hash: atHash(token) }), token))).to.equal('token_signature');
    });

    it('are refused for each in the place of the other, and for the ID token twice', async () => {
      const [id, access] = [fixture.idToken(), fixture.accessToken()];
      expect(await refusalOf(verify(access, id))).to.be.oneOf(['token_kind', 'token_audience']);
      expect(await refusalOf(verify(access))).to.be.oneOf(['token_kind', 'token_audience']);
      expect(await refusalOf(verify(id, id))).to.be.oneOf(['token_kind', 'token_party']);
    });

    it('are refused for an access token that is not the one which the ID token names', async () => {
      const [token, other] = [fixture.accessToken({ jti: '1' }), fixture.accessToken({ jti: '2' })];
      const id = fixture.idToken({ at_hash: atHash(token) });
      await verify(id, token);
      await verify(id);
      expect(await refusalOf(verify(id, other))).to.equal('token_hash');
      for (const wrong of ['', null, atHash(token).slice(0, 10), atHash(token, 'sha512')])
        expect(await refusalOf(verify(fixture.idToken({ at_hash: wrong }), token))).to.equal('token_hash');
    });

    it('are not what an error or the log speaks of', async () => {
      const token = fixture.idToken({ aud: 'secret-audience', sub: 'secret-subject' });
      const error = (await verify(token).catch((thrown: unknown) => thrown)) as Error;
      expect(`${error.message} ${fixture.logger.text()}`).not.to.match(/secret|eyJ/);
    });
  });

describe('an opaque access token', () => {
  let fixture: ProviderFixture;
  before(async () => {
    fixture = await ProviderFixture.start();
  });
  after(() => fixture.close());

  it('is good where the ID token names it, and else refused', async () => {
    const provider = fixture.provider();
    await provider.verify({ id_token: fixture.idToken({ at_hash: atHash('opaque') }), access_token: 'opaque' });
    const id_token = fixture.idToken();
    expect(await refusalOf(provider.verify({ id_token, access_token: 'opaque' }))).to.equal('token_hash');
  });

  it('is hashed as the algorithm of the ID token says', async () => {
    for (const [alg, hash] of [
      ['ES384', 'sha384'],
      ['PS512', 'sha512'],
      ['EdDSA', 'sha512'],
    ] as const) {
      const key = signingKey(`at-${alg}`, alg);
      fixture.issuer.server.keys.push(key.jwk);
      const provider = fixture.provider({ algorithms: [alg] });
      const token = (name: string): string => fixture.idToken({ at_hash: atHash('opaque', name) }, {}, key);
      await provider.verify({ id_token: token(hash), access_token: 'opaque' });
      expect(await refusalOf(provider.verify({ id_token: token('sha256'), access_token: 'opaque' }))).to.equal(
        'token_hash',
      );
    }
  });
});

describe('what is said about a provider', () => {
  let fixture: ProviderFixture;
  before(async () => {
    fixture = await ProviderFixture.start();
  });
  after(() => fixture.close());

  const accepted: readonly [what: string, options: Partial<ProviderOptions>, claims: object][] = [
    ['a further audience', { trustedAudiences: ['x'] }, { aud: [clientId, 'x'], azp: clientId }],
    ['a further client', { authorizedParties: ['mobile'] }, { azp: 'mobile' }],
    ['no verified address', { requireVerifiedEmail: false }, { email_verified: false }],
    ['a required claim', { requiredClaims: { hd: 'example.com' } }, { hd: 'example.com' }],
    ['a greatest age', { maxTokenAge: 60 }, { iat: () => now() - 30 }],
  ];
  for (const [what, options, claims] of accepted)
    it(`may be ${what}`, async () => {
      await fixture.provider(options).verify({ id_token: fixture.idToken(claims) });
    });

  const refused: readonly [what: string, options: Partial<ProviderOptions>, claims: object, reason: string][] = [
    ['several audiences, and no party', { trustedAudiences: ['x'] }, { aud: [clientId, 'x'] }, 'token_party'],
    ['a trusted audience instead of the client', { trustedAudiences: ['x'] }, { aud: 'x' }, 'token_audience'],
    ['a required claim of another value', { requiredClaims: { hd: 'a.example' } }, { hd: 'b.example' }, 'token_claim'],
    ['a required claim that is not there', { requiredClaims: { hd: 'a.example' } }, {}, 'token_claim'],
    ['a token that is too old', { maxTokenAge: 60 }, { iat: () => now() - 120 }, 'token_too_old'],
  ];
  for (const [what, options, claims, reason] of refused)
    it(`refuses ${what}`, async () => {
      const verifying = fixture.provider(options).verify({ id_token: fixture.idToken(claims) });
      expect(await refusalOf(verifying)).to.equal(reason);
    });

  it('gives no address where it is not verified', async () => {
    const provider = fixture.provider({ requireVerifiedEmail: false });
    const { email } = await provider.verify({ id_token: fixture.idToken({ email_verified: 'false' }) });
    expect(email).to.equal(undefined);
  });

  it('pins RS256 where it names no algorithm', async () => {
    const rsa = signingKey('rsa', 'RS256');
    fixture.issuer.server.keys.push(rsa.jwk);
    const provider = fixture.provider({ algorithms: undefined });
    await provider.verify({ id_token: fixture.idToken({}, {}, rsa) });
    expect(await refusalOf(provider.verify({ id_token: fixture.idToken() }))).to.equal('token_algorithm');
  });
});

describe('the keys of a provider', () => {
  let fixture: ProviderFixture;
  beforeEach(async () => {
    fixture = await ProviderFixture.start();
  });
  afterEach(() => fixture.close());

  it('are fetched with the first token, and again for a key that is new', async () => {
    const provider = fixture.provider();
    await provider.verify({ id_token: fixture.idToken() });
    await provider.verify({ id_token: fixture.idToken() });
    expect(fixture.issuer.fetches).to.equal(1);
    fixture.issuer.rotate('k2');
    await provider.verify({ id_token: fixture.idToken() });
    expect(fixture.issuer.fetches).to.equal(2);
  });

  it('are asked for once more, however many tokens name unknown ones', async () => {
    const provider = fixture.provider();
    await provider.verify({ id_token: fixture.idToken() });
    for (let count = 0; count < 20; count++) {
      const id_token = fixture.idToken({}, { kid: `unknown-${count}` });
      expect(await refusalOf(provider.verify({ id_token }))).to.equal('token_key');
    }
    expect(fixture.issuer.fetches).to.equal(2);
  });

  it('are not asked for by a token that is wrong without them', async () => {
    const provider = fixture.provider();
    for (const claims of [{ exp: 1 }, { aud: 'x' }, { iss: 'https://evil.example.com' }, { sub: '' }])
      await refusalOf(provider.verify({ id_token: fixture.idToken(claims) }));
    expect(fixture.issuer.server.requests).to.deep.equal([]);
  });

  it('that are replaced under their kid are found by the token that needs the new one', async () => {
    const provider = fixture.provider();
    await provider.verify({ id_token: fixture.idToken() });
    fixture.issuer.key = signingKey(fixture.issuer.key.kid, fixture.issuer.key.alg);
    fixture.issuer.server.keys = [fixture.issuer.key.jwk];
    await provider.verify({ id_token: fixture.idToken() });
    expect(fixture.issuer.fetches).to.equal(2);
  });

  it('that cannot be had are 503 with Retry-After, not a refusal', async () => {
    fixture.issuer.server.metadataMode = down;
    fixture.issuer.server.keysMode = down;
    const verifying = fixture.provider().verify({ id_token: fixture.idToken() });
    const error = (await verifying.catch((thrown: unknown) => thrown)) as ServiceUnavailable;
    expect(error).to.be.instanceOf(ServiceUnavailable);
    expect(error.httpCode).to.equal(503);
    expect(error.headers['Retry-After']).to.match(/^[1-9]\d*$/);
  });
});
