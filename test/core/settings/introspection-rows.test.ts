import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { defineSettings, settingsFromEnv } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';

const least: SettingsInput = { audience: 'api', issuerUrl: 'https://auth.example.com' };
const secret = 'not-to-be-seen';
const client = { introspectionClientId: 'api', introspectionClientSecret: secret };

function jwkOf(type: 'ec' | 'rsa' | 'ed25519', options: object, alg: string): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync(type as 'ec', options as { namedCurve: string });
  return { ...privateKey.export({ format: 'jwk' }), alg };
}

const key = jwkOf('ec', { namedCurve: 'P-256' }, 'ES256');
const keyed = { introspectionClientId: 'api', introspectionClientKey: key } as SettingsInput;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('the settings of introspection', () => {
  it('have their defaults', () => {
    const settings = defineSettings({ ...least, ...client });
    expect(settings).to.deep.include({
      introspectionUrl: undefined,
      introspectionClientId: 'api',
      introspectionClientAuth: undefined,
      introspectionResponse: 'json',
      introspectionOptionalClaims: [],
      introspectionSubjectClaims: ['sub'],
      introspectionCacheTtl: 30,
      introspectionTimeout: 5,
    });
    expect(settings.introspectionClientSecret).to.equal(secret);
  });

  it('are read from variables', () => {
    const { issuerUrl, audience } = least;
    const read = settingsFromEnv({
      AXIOMS_AUDIENCE: String(audience),
      AXIOMS_ISS_URL: String(issuerUrl),
      AXIOMS_INTROSPECTION_URL: 'https://auth.example.com/introspect',
      AXIOMS_INTROSPECTION_CLIENT_ID: 'api',
      AXIOMS_INTROSPECTION_CLIENT_KEY: JSON.stringify(key),
      AXIOMS_INTROSPECTION_CLIENT_AUTH: 'private_key_jwt',
      AXIOMS_INTROSPECTION_RESPONSE: 'jwt',
      AXIOMS_INTROSPECTION_OPTIONAL_CLAIMS: 'aud, token_type',
      AXIOMS_INTROSPECTION_SUBJECT_CLAIMS: 'sub,username',
      AXIOMS_INTROSPECTION_CACHE_TTL: '0',
      AXIOMS_INTROSPECTION_TIMEOUT: '2.5',
    });
    expect(defineSettings(read)).to.deep.include({
      introspectionResponse: 'jwt',
      introspectionOptionalClaims: ['aud', 'token_type'],
      introspectionSubjectClaims: ['sub', 'username'],
      introspectionCacheTtl: 0,
      introspectionTimeout: 2.5,
    });
    expect(defineSettings(read).introspectionClientKey).to.deep.equal(key);
    const withSecret = settingsFromEnv({ AXIOMS_INTROSPECTION_CLIENT_SECRET: secret });
    expect(withSecret).to.deep.equal({ introspectionClientSecret: secret });
  });

  for (const good of [
    key,
    { ...key, kid: 'k1', use: 'sig' },
    jwkOf('ed25519', {}, 'EdDSA'),
    jwkOf('rsa', { modulusLength: 2048 }, 'PS256'),
  ])
    it(`take a private key for ${String(good.alg)}`, () => {
      expect(() => defineSettings({ ...least, ...keyed, introspectionClientKey: good as never })).not.to.throw();
    });

  for (const [what, bad] of Object.entries<unknown>({
    'a public key': { ...key, d: undefined },
    'no algorithm': { ...key, alg: undefined },
    'an algorithm for another key': { ...key, alg: 'RS256' },
    'a symmetric algorithm': { kty: 'oct', k: 'bm90LXRvLWJlLXNlZW4', alg: 'HS256' },
    'a short key': jwkOf('rsa', { modulusLength: 1024 }, 'RS256'),
    'a kid that is no text': { ...key, kid: 7 },
    text: JSON.stringify(key),
    nothing: null,
    'half a key': { kty: 'EC', alg: 'ES256' },
  }))
    it(`stop the start for ${what}, and show nothing of it`, () => {
      const message = refusal(() => defineSettings({ ...least, ...keyed, introspectionClientKey: bad as never }));
      expect(message).to.contain("Setting 'introspectionClientKey' (AXIOMS_INTROSPECTION_CLIENT_KEY) is ");
      expect(message).to.contain('which is not shown because it may be secret');
      expect(message).to.contain('a private JWK');
      expect(message).not.to.contain(String(key.d));
    });

  const wrong: [object, RegExp][] = [
    [{ introspectionClientSecret: secret }, /'introspectionClientSecret' is given without 'introspectionClientId'/],
    [{ introspectionUrl: 'https://x.example.com' }, /'introspectionUrl' is given without 'introspectionClientId'/],
    [{ introspectionClientKey: key }, /'introspectionClientKey' is given without 'introspectionClientId'/],
    [{ introspectionClientId: 'api' }, /neither of 'introspectionClientSecret' .* and 'introspectionClientKey'/],
    [{ ...client, introspectionClientKey: key }, /both of 'introspectionClientSecret'/],
    [{ ...client, introspectionClientAuth: 'private_key_jwt' }, /needs an 'introspectionClientKey'/],
    [{ ...keyed, introspectionClientAuth: 'client_secret_post' }, /needs an 'introspectionClientSecret'/],
    [{ ...client, introspectionClientAuth: 'none' }, /expected 'client_secret_basic' or /],
    [{ ...client, introspectionResponse: 'xml' }, /expected 'json' or 'jwt'/],
    [{ ...client, introspectionOptionalClaims: ['exp'] }, /'aud' or 'token_type'/],
    [{ ...client, introspectionSubjectClaims: [] }, /a non-empty list/],
    [{ ...client, introspectionCacheTtl: -1 }, /'introspectionCacheTtl'.* is -1/],
    [{ ...client, introspectionTimeout: 0 }, /'introspectionTimeout'.* is 0/],
    [{ ...client, introspectionUrl: 'http://auth.example.com/i' }, /'introspectionUrl' is .*expected an https: URL/],
    [{ ...client, introspectionUrl: 'https://u:p@auth.example.com' }, /an absolute URL without user name/],
    [
      { ...client, introspectionClientSecret: '' },
      /'introspectionClientSecret' .* is an empty string, which is not shown/,
    ],
    [
      { ...client, introspectionClientSecret: ` ${secret}` },
      /'introspectionClientSecret' .* is a string, which is not shown/,
    ],
    [{ ...client, issuerUrl: undefined, jwksUrl: 'https://a.example.com/keys' }, /given without an issuer/],
    [
      {
        ...client,
        issuerUrl: undefined,
        jwksUrl: 'https://a.example.com/keys',
        introspectionUrl: 'https://a.example.com/i',
        introspectionResponse: 'jwt',
      },
      /given without an issuer/,
    ],
    [
      {
        ...keyed,
        issuerUrl: undefined,
        jwksUrl: 'https://a.example.com/keys',
        introspectionUrl: 'https://a.example.com/i',
      },
      /'introspectionClientKey' is given without 'issuerUrl'/,
    ],
    [{ issuerUrl: undefined, audience: undefined, issuers: [{ ...client }, 7] }, /Setting 'issuers' is/],
    [{ issuerUrl: undefined, audience: undefined, issuers: [{ ...client, audience: 'api' }] }, /has no 'issuerUrl'/],
  ];
  for (const [input, said] of wrong)
    it(`stop the start: ${String(said)}`, () => {
      const message = refusal(() => defineSettings({ ...least, ...input }));
      expect(message).to.match(said);
      expect(message).not.to.contain(secret);
      expect(message).not.to.contain(String(key.d));
    });

  it('need no issuer beside a URL, for unsigned answers', () => {
    const own = {
      issuerUrl: undefined,
      jwksUrl: 'https://a.example.com/keys',
      introspectionUrl: 'https://a.example.com/i',
    };
    expect(() => defineSettings({ ...least, ...client, ...own })).not.to.throw();
  });

  it('show no secret where they are printed or written', () => {
    for (const own of [client, keyed]) {
      const settings = defineSettings({ ...least, ...own });
      for (const text of [
        inspect(settings, { depth: 9 }),
        JSON.stringify(settings),
        JSON.stringify(Object.entries(settings)),
      ])
        for (const hidden of [secret, String(key.d)]) expect(text).not.to.contain(hidden);
    }
    const several = defineSettings({ issuers: [{ ...least, ...client }] });
    expect(inspect(several, { depth: 9 })).not.to.contain(secret);
    expect(several.issuers?.[0]?.introspectionClientSecret).to.equal(secret);
  });
});
