/** Wrong options stop the start, and say which and why. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ImproperlyConfigured } from 'axioms-routing-controllers';
import { createMicroservice, memoryStore, MemoryUserStore, type MicroserviceOptions } from '../../src/microservice';
import { optionsTable } from '../../src/microservice/options';
import { RecordingLogger } from '../issuer/recording-logger';
import { silentLogger } from '../issuer/test-issuer';

const good = {
  issuer: 'https://api.example.com',
  audience: 'https://api.example.com',
  secret: 'Earthsea-0123456789-abcdefghijklmnopqrstuvwxyz',
  users: new MemoryUserStore(),
  store: memoryStore(),
  logger: silentLogger,
};

function ofSite(issuer: string, origin: string) {
  return { issuer, allowedOrigins: [origin] };
}

async function start(options: object): Promise<void> {
  await createMicroservice({ ...good, ...options }).close();
}

describe('the options of a microservice', () => {
  for (const [what, options] of [
    ['the required ones alone', {}],
    ['an issuer on this machine', { issuer: 'http://localhost:3000' }],
    ['an issuer with a path', { issuer: 'https://example.com/api' }],
    ['several audiences', { audience: ['https://a.example.com', 'https://b.example.com'] }],
    ['a secret of bytes', { secret: new Uint8Array(32).map((_, index) => index) }],
    ['the prefix __Secure-', { refreshCookieName: '__Secure-refresh' }],
    ['the prefix __Host- with the path /', { refreshCookieName: '__Host-refresh', refreshCookiePath: '/' }],
    ['a path in front that a proxy takes off', { refreshCookiePath: '/api/auth', prefix: '/auth' }],
    ['SameSite=None over https', { cookieSameSite: 'none', allowedOrigins: ['https://app.example.org'] }],
    ['an origin of the same site', { allowedOrigins: ['https://app.example.com', 'https://example.com:8443'] }],
    ['an origin of the same site below co.uk', ofSite('https://api.a.co.uk', 'https://app.a.co.uk')],
    ['another port of this machine', ofSite('http://localhost:3000', 'http://localhost:5173')],
    ['another name of this machine', ofSite('http://127.0.0.1:3000', 'http://localhost:3000')],
    ['the same address', ofSite('https://192.0.2.1', 'https://192.0.2.1:8443')],
    [
      'an origin of the site that browsers see',
      { externalUrl: 'https://shop.example.org/api', allowedOrigins: ['https://www.example.org'] },
    ],
    ['claims of the user', { customTokenUserAttributes: ['email', 'roles'] }],
    ['claims by functions', { customTokenCallableAttributes: [{ attrName: 'plan', attrGetter: () => 'free' }] }],
    ['an identity provider', { idp: { provider: 'google', clientId: '1234' } }],
  ] as const)
    it(`starts with ${what}`, () => start(options));

  describe('that leave room for the cookies of another host', () => {
    const plain = { refreshCookieName: 'refresh_cookie', csrfCookieName: 'CSRF_token' };
    const prefixed = { refreshCookieName: '__Host-refresh', csrfCookieName: '__Host-csrf' };

    async function warned(options: object): Promise<string> {
      const logger = new RecordingLogger();
      await start({ ...options, logger });
      return logger.text('warn');
    }

    it('are a warning that names the cookies, where the prefix __Host- is possible', async () => {
      const text = await warned({ refreshCookiePath: '/' });
      for (const name of Object.values(plain)) expect(text).to.include(name);
      const { refreshCookieName } = prefixed;
      const half = await warned({ refreshCookiePath: '/', refreshCookieName });
      expect(half).to.include('CSRF_token').and.not.include('__Host-refresh');
    });

    it('are no warning with the prefix, at another path, and without https', async () => {
      for (const options of [
        { ...prefixed, refreshCookiePath: '/' },
        {},
        { refreshCookiePath: '/', issuer: 'http://localhost:3000' },
      ])
        expect(await warned(options)).to.equal('');
    });
  });

  for (const [what, options, said] of [
    ['no issuer', { issuer: undefined }, "'issuer' is missing"],
    ['an issuer over http', { issuer: 'http://api.example.com' }, "'issuer' is 'http://api.example.com'"],
    ['an issuer with a query', { issuer: 'https://api.example.com?a=b' }, "'issuer'"],
    ['no audience', { audience: undefined }, "'audience' is missing"],
    ['no users', { users: undefined }, "'users' is missing"],
    ['no store', { store: undefined }, 'typeOrmStore() or redisStore()'],
    ['a store without log-off', { store: { ...memoryStore() } }, "'store'"],
    ['no secret', { secret: undefined }, "'secret' is missing"],
    ['a short secret', { secret: 'x'.repeat(31) }, '32 random bytes'],
    ['a placeholder', { secret: 'django-insecure-0123456789-0123456789' }, 'placeholder'],
    ['another placeholder', { secret: 'please-change-me-please-change-me-please' }, 'placeholder'],
    ['an unknown option', { refreshCookie: 'a' }, "no option 'refreshCookie'"],
    ['an option that is always on', { blacklistAfterRotation: true }, 'always on'],
    ['an origin with a path', { allowedOrigins: ['https://app.example.com/'] }, "'allowedOrigins'"],
    ['any origin', { allowedOrigins: ['*'] }, "'allowedOrigins'"],
    ['an origin of another site', { allowedOrigins: ['https://app.example.org'] }, 'of another site than'],
    [
      'an origin of another site, with SameSite=Lax',
      { allowedOrigins: ['https://app.example.org'], cookieSameSite: 'lax' },
      "cookieSameSite is 'lax'",
    ],
    ['a host that only ends alike', { allowedOrigins: ['https://badexample.com'] }, 'of another site than'],
    ['an origin with another scheme', { allowedOrigins: ['http://app.example.com'] }, 'of another site than'],
    ['two sites below co.uk', ofSite('https://api.a.co.uk', 'https://app.b.co.uk'), 'of another site than'],
    ['two addresses', ofSite('https://192.0.2.1', 'https://198.51.2.1'), 'of another site than'],
    ['this machine for a public issuer', { allowedOrigins: ['http://localhost:5173'] }, 'of another site than'],
    [
      "an origin of the issuer's site, where browsers see another",
      { externalUrl: 'https://shop.example.org/api', allowedOrigins: ['https://app.example.com'] },
      "of another site than 'https://shop.example.org/api'",
    ],
    ['an external URL with a query', { externalUrl: 'https://api.example.com?a' }, "'externalUrl'"],
    ['an external URL over http', { externalUrl: 'http://localhost:3000' }, 'expected both with https:'],
    ['__Host- with a path', { refreshCookieName: '__Host-refresh' }, "must have the path '/'"],
    ['__Host- in other letters', { csrfCookieName: '__host-csrf' }, "must have the path '/'"],
    ['__Secure- without https', { refreshCookieName: '__Secure-r', issuer: 'http://localhost' }, 'must be Secure'],
    ['SameSite=None without https', { cookieSameSite: 'none', issuer: 'http://127.0.0.1:3000' }, 'only over https'],
    ['another SameSite', { cookieSameSite: 'Strict' }, "'cookieSameSite' is 'Strict'"],
    ['a path without a slash', { refreshCookiePath: 'auth' }, "refreshCookiePath is 'auth'"],
    ['a path with an attribute in it', { refreshCookiePath: '/auth; Domain=example.com' }, 'refreshCookiePath'],
    ['a name with an attribute in it', { refreshCookieName: 'a=b; c' }, 'name of a cookie'],
    [
      'a name of the cookies of logins',
      { csrfCookieName: '__Host-axioms-login-x', refreshCookiePath: '/' },
      'axioms-login-',
    ],
    ['one name for both', { refreshCookieName: 'a', csrfCookieName: 'a' }, 'two names'],
    ['endpoints that the cookie is not sent to', { refreshCookiePath: '/auth', prefix: '/authx' }, 'never send'],
    ['a reserved claim', { customTokenUserAttributes: ['sub'] }, "'sub'"],
    [
      'a reserved claim by a function',
      { customTokenCallableAttributes: [{ attrName: 'exp', attrGetter: () => 1 }] },
      "'exp'",
    ],
    ['a claim twice', { customTokenUserAttributes: ['email', 'email'] }, 'twice'],
    ['a password as a claim', { customTokenUserAttributes: ['password'] }, 'looks like a secret'],
    ['a hash as a claim', { customTokenUserAttributes: ['passwordHash'] }, 'looks like a secret'],
    ['a secret as a claim', { customTokenUserAttributes: ['totpSecret'] }, 'looks like a secret'],
    ['a name that is no text as a claim', { customTokenUserAttributes: [1] }, 'customTokenUserAttributes'],
    ['a callable without a function', { customTokenCallableAttributes: [{ attrName: 'a' }] }, 'attrGetter'],
    ['a lifetime of nothing', { accessTokenLifetime: 0 }, "'accessTokenLifetime'"],
    ['lifetimes in the wrong order', { refreshTokenLifetime: 100 }, 'accessTokenLifetime ≤ refreshTokenLifetime'],
    ['another algorithm', { signingAlgorithm: 'HS256' }, 'EdDSA, ES256, RS256'],
    ['no sessions', { maxSessionsPerUser: 0 }, "'maxSessionsPerUser'"],
    ['a serializer that is not a function', { userSerializer: 'UserSerializer' }, "'userSerializer'"],
    ['an unknown provider', { idp: { provider: 'facebook', clientId: 'a' } }, 'facebook'],
  ] as const)
    it(`does not start with ${what}`, () => {
      expect(() => createMicroservice({ ...good, ...options } as unknown as MicroserviceOptions))
        .to.throw(ImproperlyConfigured)
        .with.property('message')
        .that.includes(said);
    });

  it('have the names of the mirrored settings, and those of a microservice of its own', () => {
    expect(optionsTable).to.include.all.keys(
      ...[
        'refreshCookieName',
        'refreshCookiePath',
        'idp',
        'customTokenUserAttributes',
        'customTokenCallableAttributes',
      ],
      ...['cookieSalt', 'userSerializer', 'userUuidField', 'rotateRefreshTokens', 'accessTokenLifetime'],
      ...['refreshTokenLifetime', 'issuer', 'audience', 'secret', 'clientId', 'allowedOrigins', 'users', 'store'],
      ...['clock', 'fetch'],
    );
  });

  it('stand in the documentation, as the code has them', () => {
    // The formatter pads the columns of tables.
    const page = readFileSync(join(__dirname, '../../../docs/microservice.md'), 'utf8').replace(/ {2,}/g, ' ');
    for (const [name, { defaultText, meaning }] of Object.entries(optionsTable))
      expect(page).to.include(`| \`${name}\` | ${defaultText} | ${meaning} |`);
  });

  it('says nothing of a secret that it refuses', () => {
    expect(() => createMicroservice({ ...good, secret: 'sparrowhawk' })).to.throw(/^(?!.*sparrowhawk)/s);
  });
});
