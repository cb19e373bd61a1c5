import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { createExpressServer, ImproperlyConfigured, type AxiomsServer } from 'axioms-routing-controllers';
import { defineSettings, settingsFromEnv } from '../../src/core/settings/define-settings';
import { settingsTable, type SettingName } from '../../src/core/settings/settings';
import { shown, typeOf, withoutCredentials } from '../../src/core/settings/shown-value';
import { createMicroservice, memoryStore, MemoryUserStore } from '../../src/microservice';
import { optionsTable } from '../../src/microservice/options';
import { ran } from '../cli/terminal';
import { RecordingLogger } from '../issuer/recording-logger';

@JsonController('/books')
class BookController {
  @Get('/') list() {
    return [];
  }
}

const secret = 'sparrowhawk';

/** A client of a store, say. */
class Client {
  readonly options = { password: secret };
  readonly password = secret;
}

const withSecret = Object.assign(() => undefined, { password: secret });

/** Values that hold a secret and are in the wrong place. */
const misplaced: readonly unknown[] = [
  { password: secret },
  { nested: { password: secret }, list: [secret], url: `redis://:${secret}@localhost` },
  new Client(),
  { client: new Client() },
  [{ password: secret }],
  [new Client(), [{ password: secret }]],
  new Map([['password', secret]]),
  new Map([[secret, 1]]),
  withSecret,
  [withSecret],
  Buffer.from(secret),
  new Error(secret),
  Object.create({ password: secret }) as object,
  Object.assign(Object.create(null) as object, { password: secret }),
  `redis://:${secret}@localhost:6379`,
  `https://user:${secret}@auth.example.com`,
  `https://user:a/b?${secret}@auth.example.com`,
  ` https://user:${secret}@auth.example.com`,
  `https://${secret}@auth.example.com`,
  `ftp://auth.example.com/keys?code=${secret}`,
  `user:${secret}@auth.example.com`,
  [`https://user:${secret}@auth.example.com`],
];

/** Everything that an uncaught error of the start prints. */
function printed(start: () => unknown): string {
  try {
    start();
  } catch (error) {
    const { message } = error as Error;
    return `${message}\n${inspect(error, { depth: 9, showHidden: true })}\n${JSON.stringify(error)}`;
  }
  return 'accepted';
}

const least = { audience: 'api', issuerUrl: 'https://auth.example.com' };
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

describe('the errors of the start', () => {
  for (const name of Object.keys(settingsTable) as SettingName[]) {
    it(`show nothing of a secret that got into the setting ${name}`, () => {
      let errors = 0;
      for (const value of misplaced) {
        const text = printed(() => defineSettings({ ...least, [name]: value }));
        expect(text, inspect(value)).not.to.contain(secret);
        if (text === 'accepted') continue;
        errors++;
        expect(text).to.contain(`'${name}'`);
      }
      expect(errors).to.be.greaterThan(5);
    });

    it(`show nothing of a secret that got into the setting ${name} of one of several issuers`, () => {
      for (const value of misplaced)
        expect(printed(() => defineSettings({ issuers: [{ ...least, [name]: value }] }))).not.to.contain(secret);
    });
  }

  const entry = { ...least, introspectionClientId: 'api', introspectionClientSecret: secret };
  const issuers: [title: string, value: unknown, seen: string][] = [
    ['one object', entry, 'an object'],
    ['one object without a prototype', Object.assign(Object.create(null) as object, entry), 'an object'],
    ['JSON', JSON.stringify([entry]), 'a string'],
    ['a Map', new Map([['staff', entry]]), 'an object of the class Map'],
    ['a list with text', [entry, JSON.stringify(entry)], 'a list of 2'],
    ['a list in a list', [[entry]], 'a list of 1'],
    ['a list with a Map', [new Map([['staff', entry]])], 'a list of 1'],
    ['a function', () => [entry], 'the function value'],
  ];
  for (const [title, value, seen] of issuers)
    it(`show nothing of issuers that are given as ${title}, and say what they are`, () => {
      const text = printed(() => defineSettings({ issuers: value as never }));
      expect(text).not.to.contain(secret);
      if (seen !== 'the function value')
        expect(text).to.contain(`Setting 'issuers' is ${seen}, which is not shown because it may be secret; expected`);
    });

  it('show nothing of a secret beside another mistake of an entry', () => {
    for (const mistake of [{ audience: '' }, { algorithms: ['HS256'] }, { nonsense: 1 }, { issuerUrl: undefined }])
      expect(printed(() => defineSettings({ issuers: [{ ...entry, ...mistake }] })))
        .to.contain('ImproperlyConfigured')
        .and.not.to.contain(secret);
    expect(printed(() => defineSettings({ ...entry, introspectionClientKey: { ...key, kty: 'EC', alg: 'ES256' } })))
      .to.contain('both of')
      .and.not.to.contain(secret)
      .and.not.to.contain(key.d);
  });

  it('are shown so by createExpressServer, too', () => {
    const text = printed(() => createExpressServer({ controllers: [], axioms: { issuers: entry as never } }));
    expect(text).to.contain("'issuers'").and.not.to.contain(secret);
  });

  const variables: Record<string, string> = {
    AXIOMS_INTROSPECTION_CLIENT_SECRET: '  ',
    AXIOMS_INTROSPECTION_CLIENT_KEY: JSON.stringify({ ...key, alg: secret }),
    AXIOMS_JWKS_URL: `https://user:${secret}@auth.example.com/keys`,
    AXIOMS_ISS_URL: `https://auth.example.com?code=${secret}`,
    AXIOMS_DOMAIN: `user:${secret}@auth.example.com`,
    AXIOMS_INTROSPECTION_URL: `https://${secret}@auth.example.com`,
    AXIOMS_RESOURCE_URL: `https://user:${secret}@api.example.com`,
    AXIOMS_ALLOW_INSECURE_URLS: `http://a.example.com,http://user:${secret}@b.example.com`,
  };
  for (const [variable, value] of Object.entries(variables))
    it(`show nothing of a secret in ${variable}, in code and by axioms doctor`, async () => {
      const text = printed(() => defineSettings({ ...least, ...settingsFromEnv({ [variable]: value }) }));
      expect(text).to.contain(variable).and.not.to.contain(secret).and.not.to.contain(key.d);
      const env = { AXIOMS_AUDIENCE: 'api', AXIOMS_ISS_URL: 'https://auth.example.com', [variable]: value };
      for (const more of [[], ['--json']]) {
        const { exitCode, out, err } = await ran(['doctor', ...more], { env });
        expect(exitCode).to.equal(1);
        expect(out).to.contain(variable);
        expect(out + err)
          .not.to.contain(secret)
          .and.not.to.contain(key.d);
      }
    });

  it('and warnings show nothing of the query of a URL, which may be a key of the API', async () => {
    const logger = new RecordingLogger();
    const url = `http://auth.example.com/keys?code=${secret}`;
    const refused = printed(() => defineSettings({ ...least, jwksUrl: url }));
    expect(refused).to.contain("'jwksUrl' is 'http://auth.example.com/keys?***'").and.not.to.contain(secret);
    const axioms = { audience: 'api', jwksUrl: url, allowInsecureUrls: [url], jwksPrefetch: false, logger };
    const server = createExpressServer({ controllers: [BookController], axioms }).locals['axioms'] as AxiomsServer;
    server.jwksManager.fetch = () => Promise.reject(new TypeError(secret));
    await server.jwksManager.refresh().catch(() => undefined);
    server.close();
    expect(logger.text('warn', 'error')).to.contain('http://auth.example.com/keys').and.not.to.contain(secret);
    expect(server.jwksManager.status()[0]).to.include({ issuer: 'http://auth.example.com/keys' });
    expect(server.jwksManager.status()[0]?.lastError).not.to.contain(secret);
  });
});

describe('the errors of the options of a microservice', () => {
  const good = {
    issuer: 'https://api.example.com',
    audience: 'https://api.example.com',
    secret: 'Earthsea-0123456789-abcdefghijklmnopqrstuvwxyz',
    users: new MemoryUserStore(),
    store: memoryStore(),
  };
  const start = (options: object) => () => createMicroservice({ ...good, ...options });

  for (const name of Object.keys(optionsTable))
    it(`show nothing of a secret that got into the option ${name}`, () => {
      for (const value of misplaced) expect(printed(start({ [name]: value })), inspect(value)).not.to.contain(secret);
    });

  for (const [title, value] of [
    ['short', secret],
    ['an object', { value: secret }],
    ['a list', [secret]],
    ['a placeholder', `change-me-${secret}-0123456789-0123456789`],
  ] as const)
    it(`show nothing of a secret that is ${title}`, () => {
      expect(printed(start({ secret: value })))
        .to.contain("'secret'")
        .and.not.to.contain(secret);
    });

  const provider = { provider: 'google', clientId: 'app', clientSecret: secret };
  const providers: [title: string, idp: unknown][] = [
    ['JSON', JSON.stringify(provider)],
    ['a list of JSON', [JSON.stringify(provider)]],
    ['an object of objects', { google: provider }],
    ['a Map', new Map([['google', provider]])],
    ['a provider with an unknown option', { ...provider, nonsense: 1 }],
    ['a provider without a client', { ...provider, clientId: undefined }],
    ['a provider whose secret is in a list', { ...provider, clientSecret: [secret] }],
    ['a provider whose secret is in an object', { ...provider, clientSecret: { value: secret } }],
    ['a provider whose secret is the client', { ...provider, clientId: { id: 'app', secret } }],
    [
      'a provider whose secret is in a URL',
      { ...provider, provider: 'oidc', issuer: `https://u:${secret}@a.example/ ` },
    ],
    ['a provider whose secret is the provider', { ...provider, provider: { clientSecret: secret } }],
  ];
  for (const [title, idp] of providers)
    it(`show nothing of the secret of an identity provider: ${title}`, () => {
      expect(printed(start({ idp })))
        .to.not.equal('accepted')
        .and.not.to.contain(secret);
    });
});

describe('what is shown of a wrong value', () => {
  for (const [value, text] of [
    [null, 'null'],
    [undefined, 'undefined'],
    ['', "''"],
    ["it's", '"it\'s"'],
    [7, '7'],
    [NaN, 'NaN'],
    [7n, 'a bigint'],
    [Symbol('x'), 'a symbol'],
    [[], '[]'],
    [['a', 7, null, {}], "[ 'a', 7, null, an object ]"],
    [[['a'], [['b']]], "[ [ 'a' ], [ a list of 1 ] ]"],
    [Array.from({ length: 12 }, (_, index) => index), '[ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... 2 more ]'],
    [{}, '{}'],
    [{ a: 'x', b: '', c: 1, 'd e': false }, "{ a: a string, b: '', c: 1, 'd e': false }"],
    [new Date(0), 'an object of the class Date'],
    [class Books {}, 'the function Books'],
    ['x'.repeat(300), `'${'x'.repeat(200)}'... 100 more characters`],
  ] as const)
    it(`is ${text}`, () => {
      expect(shown(value)).to.equal(text);
    });

  it('is the type alone of what may be secret', () => {
    const types = ['x', '', 7, true, null, undefined, [], [1], {}, new Map(), () => 1].map(typeOf);
    expect(types).to.deep.equal([
      'a string',
      'an empty string',
      'a number',
      'a boolean',
      'null',
      'undefined',
      'an empty list',
      'a list of 1',
      'an object',
      'an object of the class Map',
      'the function ',
    ]);
  });

  it('is a URL without user name, password and query', () => {
    for (const [url, text] of [
      ['https://a.example/b', 'https://a.example/b'],
      ['https://a:b@c.example/d?e=f#g', 'https://***@c.example/d?***'],
      ['HTTPS://a@b@c.example', 'HTTPS://***@c.example'],
      ['a.example?', 'a.example?'],
      ['multi\nline:pw@host', '***@host'],
    ] as const)
      expect(withoutCredentials(url)).to.equal(text);
  });

  it('is a rate in an object of rates, and no other text', () => {
    const text = printed(() => defineSettings({ ...least, throttleRates: { user: '10/week', anon: `${secret}/day` } }));
    expect(text).to.contain("{ user: '10/week', anon: a string }").and.not.to.contain(secret);
    expect(text).to.contain(ImproperlyConfigured.name);
  });
});
