import { expect } from 'chai';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { defineSettings, settingsFromEnv } from '../../../src/core/settings/define-settings';
import { settingsTable, type SettingName, type SettingsInput } from '../../../src/core/settings/settings';
import { supportedAlgorithms } from '../../../src/core/jws/signature';
import { silentLogger } from '../../issuer/test-issuer';

const least: SettingsInput = { audience: 'api', issuerUrl: 'https://auth.example.com' };

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(ImproperlyConfigured);
    return (error as Error).message;
  }
  return 'accepted';
}

function define(input: object) {
  return defineSettings({ ...least, ...input });
}

class SomeClass {}

interface Example {
  readonly name: SettingName;
  readonly variable?: string;
  readonly fallback: unknown;
  /** A variable's text, what it is read as, and what it becomes. */
  readonly good: [text: string, input: unknown, value?: unknown][];
  /** Wrong in a variable; each is shown as it was seen. */
  readonly badText?: string[];
  /** Wrong in code, and how it is shown. */
  readonly bad: [unknown, string][];
  /** What must be said of a wrong value. */
  readonly accepts: string;
  /** Settings that it needs. */
  readonly beside?: object;
}

const noText: [unknown, string][] = [
  ['', "''"],
  [' a', "' a'"],
  [7, '7'],
  [null, 'null'],
  [{}, '{}'],
];
const noSeconds: [unknown, string][] = [
  [0, '0'],
  [-1, '-1'],
  [NaN, 'NaN'],
  [Infinity, 'Infinity'],
  ['5', "'5'"],
  [null, 'null'],
  [2_147_484, '2147484'],
];
const noSecondsText = ['0', '-1', '1e3', '0x10', '5s', 'five', 'Infinity', '1,5'];
const claimNames: [string, unknown, unknown][] = [
  ['aud', 'aud', ['aud']],
  ['client_id , /a/b~1c', ['client_id', '/a/b~1c'], ['client_id', '/a/b~1c']],
  ['https://example.com/roles', ['https://example.com/roles'], ['https://example.com/roles']],
];
const noClaimNames: [unknown, string][] = [
  [[], '[]'],
  ['', "''"],
  [[''], "[ '' ]"],
  ['/a~2b', "'/a~2b'"],
  ['/a~', "'/a~'"],
  [['aud', 7], "[ 'aud', 7 ]"],
  [null, 'null'],
];
const badJson = [
  '{',
  '{"a":null}',
  '{"a":[1]}',
  '{"a":{}}',
  '{"a":""}',
  '{"":1}',
  '{"a":1,"a":1}',
  '{"a":9007199254740993}',
];

const aProofStore = { use: () => ({ answer: 'first' as const }) };
const noUrl: [unknown, string][] = [
  ['auth.example.com', "'auth.example.com'"],
  ['ftp://auth.example.com', "'ftp://auth.example.com'"],
  ['https://user:secret@auth.example.com', "'https://***@auth.example.com'"],
  ['https://user@auth.example.com', "'https://***@auth.example.com'"],
  ['https://auth.example.com#here', "'https://auth.example.com#here'"],
  ['https://auth example.com', "'https://auth example.com'"],
  ['HTTPS://auth.example.com', "'HTTPS://auth.example.com'"],
  ['https:auth.example.com', "'https:auth.example.com'"],
  ['https:///auth.example.com', "'https:///auth.example.com'"],
  ['https:\\\\auth.example.com', String.raw`'https:\\\\auth.example.com'`],
  ['https://auth.example.com:port', "'https://auth.example.com:port'"],
  ['', "''"],
  [null, 'null'],
];

function secondsExample(name: SettingName, variable: string, fallback: number): Example {
  const good: Example['good'] = [
    ['50', 50],
    ['2.5', 2.5],
  ];
  // The greatest that the settings beside it allow is tested apart.
  return {
    name,
    variable,
    fallback,
    good,
    badText: noSecondsText,
    bad: noSeconds,
    accepts: 'a number of seconds over 0',
  };
}

const nothing = (): undefined => undefined;
const aStore = { hit: nothing };
const anOpenStore = { hit: nothing, fail: 'open' };
const aDenylist = { revoke: nothing, isRevoked: nothing, useOnce: nothing };

const examples: Example[] = [
  {
    name: 'audience',
    variable: 'AXIOMS_AUDIENCE',
    fallback: ['api'],
    good: [
      ['https://api.example.com', 'https://api.example.com', ['https://api.example.com']],
      ['one, two', ['one', 'two'], ['one', 'two']],
    ],
    badText: ['one,,two', ','],
    bad: [[[], '[]'], [[undefined], '[ undefined ]'], ...noText],
    accepts: 'a non-empty list, each element an audience',
  },
  {
    name: 'audienceClaims',
    variable: 'AXIOMS_AUDIENCE_CLAIMS',
    fallback: ['aud'],
    good: claimNames,
    badText: ['/a~2'],
    bad: noClaimNames,
    accepts: 'a non-empty list, each element a claim name, or a JSON Pointer',
  },
  {
    name: 'subjectClaims',
    variable: 'AXIOMS_SUBJECT_CLAIMS',
    fallback: ['sub'],
    good: claimNames,
    badText: ['/a~2'],
    bad: noClaimNames,
    accepts: 'a non-empty list, each element a claim name, or a JSON Pointer',
  },
  {
    name: 'requiredClaims',
    variable: 'AXIOMS_REQUIRED_CLAIMS',
    fallback: {},
    good: [
      ['token_use=access', { token_use: 'access' }],
      ['a=1, b = x=y', { a: '1', b: 'x=y' }],
      ['__proto__=x', JSON.parse('{"__proto__":"x"}')],
      ['a=b', { a: 'b', n: 1, no: false }],
      ['a=b', { a: 2 ** 53 - 1, b: -1.5 }],
    ],
    badText: ['access', '=access', 'token_use=', 'a=1,', 'a=1,a=2', ...badJson],
    bad: [
      [['a'], "[ 'a' ]"],
      [new Map([['a', 'b']]), 'an object of the class Map'],
      [new Date(0), 'an object of the class Date'],
      [{ a: undefined }, '{ a: undefined }'],
      [{ a: null }, '{ a: null }'],
      [{ a: ['b'] }, '{ a: a list of 1 }'],
      [{ a: '' }, "{ a: '' }"],
      [{ a: NaN }, '{ a: NaN }'],
      [{ a: 2 ** 53 }, '{ a: 9007199254740992 }'],
      [{ '': 'x' }, "{ '': a string }"],
      [null, 'null'],
      ['a=b', "'a=b'"],
    ],
    accepts: 'an object of claims',
  },
  {
    name: 'ignoredTokenMarkers',
    variable: 'AXIOMS_IGNORED_TOKEN_MARKERS',
    fallback: [],
    beside: { requiredClaims: { token_use: 'access' } },
    good: [
      ['nonce', 'nonce', ['nonce']],
      ['at_hash, c_hash ,nonce', ['at_hash', 'c_hash', 'nonce']],
      ['at_hash', ['at_hash']],
    ],
    badText: ['events', 'Nonce', ',', 'nonce;at_hash'],
    bad: [
      [['nonce', 'events'], "[ 'nonce', 'events' ]"],
      ['typ', "'typ'"],
      [true, 'true'],
      [null, 'null'],
    ],
    accepts: "a list, each element 'at_hash' or 'c_hash' or 'nonce'",
  },
  {
    name: 'domain',
    variable: 'AXIOMS_DOMAIN',
    fallback: undefined,
    good: [
      ['auth.example.com', 'auth.example.com'],
      ['auth.example.com:8443/tenant/', 'auth.example.com:8443/tenant/'],
      ['https://auth.example.com', 'https://auth.example.com'],
      ['http://auth.example.com', 'http://auth.example.com'],
    ],
    badText: ['auth example.com', 'ftp://auth.example.com', 'HTTPS://auth.example.com', '/auth', 'https://'],
    bad: [
      ['user@auth.example.com', "'***@auth.example.com'"],
      ['auth.example.com?x', "'auth.example.com?***'"],
      ['auth.example.com#x', "'auth.example.com#x'"],
      ['\\auth', String.raw`'\\auth'`],
      ...noText,
    ],
    accepts: 'a host name, with or without a path',
  },
  {
    name: 'issuerUrl',
    variable: 'AXIOMS_ISS_URL',
    fallback: 'https://auth.example.com',
    good: [
      ['https://auth.example.com/', 'https://auth.example.com/'],
      ['https://login.microsoftonline.com/tenant/v2.0', 'https://login.microsoftonline.com/tenant/v2.0'],
    ],
    bad: [['https://auth.example.com/?x=1', "'https://auth.example.com/?***'"], ...noUrl],
    accepts: 'an absolute URL without user name, password, query or fragment',
  },
  {
    name: 'jwksUrl',
    variable: 'AXIOMS_JWKS_URL',
    fallback: undefined,
    good: [['https://auth.example.com/keys?p=policy', 'https://auth.example.com/keys?p=policy']],
    badText: ['/keys'],
    bad: noUrl,
    accepts: 'an absolute URL without user name, password or fragment',
  },
  secondsExample('jwksRefreshInterval', 'AXIOMS_JWKS_REFRESH_INTERVAL', 3600),
  { ...secondsExample('jwksCacheTtl', 'AXIOMS_JWKS_CACHE_TTL', 7200), good: [['7200.5', 7200.5]] },
  {
    name: 'jwksPrefetch',
    variable: 'AXIOMS_JWKS_PREFETCH',
    fallback: true,
    good: [
      ['true', true],
      [' false ', false],
    ],
    badText: ['True', '1', 'yes', 'toString'],
    bad: [
      ['true', "'true'"],
      [0, '0'],
      [null, 'null'],
    ],
    accepts: 'true or false',
  },
  secondsExample('jwksTimeout', 'AXIOMS_JWKS_TIMEOUT', 5),
  secondsExample('jwksCooldown', 'AXIOMS_JWKS_COOLDOWN', 30),
  secondsExample('jwksRetryMin', 'AXIOMS_JWKS_RETRY_MIN', 1),
  { ...secondsExample('jwksRetryMax', 'AXIOMS_JWKS_RETRY_MAX', 60), good: [['1', 1]] },
  {
    name: 'algorithms',
    variable: 'AXIOMS_ALGORITHMS',
    fallback: [...supportedAlgorithms],
    good: [
      ['RS256', 'RS256', ['RS256']],
      ['ES256, EdDSA', ['ES256', 'EdDSA'], ['ES256', 'EdDSA', 'Ed25519']],
      ['Ed25519', ['Ed25519'], ['Ed25519', 'EdDSA']],
    ],
    badText: ['none', 'HS256', 'RS256,none', 'rs256', 'RS256 ES256'],
    bad: [
      [[], '[]'],
      [['RS256', 'none'], "[ 'RS256', 'none' ]"],
      ['HS512', "'HS512'"],
      [['toString'], "[ 'toString' ]"],
      [null, 'null'],
    ],
    accepts: 'none and HS* are never accepted',
  },
  {
    name: 'tokenTypes',
    variable: 'AXIOMS_TOKEN_TYPS',
    fallback: undefined,
    good: [['at+jwt,JWT', ['at+jwt', 'JWT'], ['at+jwt', 'JWT']]],
    badText: ['at+jwt,'],
    bad: [
      [[], '[]'],
      [[''], "[ '' ]"],
      [null, 'null'],
    ],
    accepts: 'a non-empty list, each element a media type',
  },
  {
    name: 'profile',
    variable: 'AXIOMS_PROFILE',
    fallback: undefined,
    good: [['rfc9068', 'rfc9068']],
    badText: ['RFC9068', 'none'],
    bad: [
      ['', "''"],
      [null, 'null'],
    ],
    accepts: "'rfc9068'",
  },
  {
    name: 'maxTokenSize',
    variable: 'AXIOMS_MAX_TOKEN_SIZE',
    fallback: 16384,
    good: [['1', 1]],
    badText: ['0', '1.5', '-1', '12k'],
    bad: [
      [0, '0'],
      [1.5, '1.5'],
      [Infinity, 'Infinity'],
      ['1', "'1'"],
    ],
    accepts: 'a whole number, 1 or more',
  },
  {
    name: 'clockTolerance',
    variable: 'AXIOMS_CLOCK_TOLERANCE',
    fallback: 5,
    good: [
      ['0', 0],
      ['0.5', 0.5],
      ['300', 300],
    ],
    badText: ['-1', 'NaN', '300.5'],
    bad: [
      [-1, '-1'],
      [300.5, '300.5'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      ['5', "'5'"],
    ],
    accepts: 'a number of seconds from 0 to 300',
  },
  {
    name: 'maxTokenAge',
    variable: 'AXIOMS_MAX_TOKEN_AGE',
    fallback: undefined,
    good: [['86400000', 86_400_000]],
    badText: ['0', '-1'],
    bad: [
      [0, '0'],
      [Infinity, 'Infinity'],
      [null, 'null'],
    ],
    accepts: 'a number of seconds over 0',
  },
  {
    name: 'scopeClaims',
    variable: 'AXIOMS_SCOPE_CLAIMS',
    fallback: ['scope', 'scp'],
    good: claimNames,
    badText: [',', '/a~2'],
    bad: noClaimNames,
    accepts: 'a non-empty list, each element a claim name',
  },
  ...(
    [
      ['rolesClaims', 'AXIOMS_ROLES_CLAIMS', ['roles']],
      ['permissionsClaims', 'AXIOMS_PERMISSIONS_CLAIMS', ['permissions']],
    ] as const
  ).map(([name, variable, fallback]): Example => ({
    name,
    variable,
    fallback,
    good: [
      ...claimNames,
      ['keys:urn:a:b, split:/c', ['keys:urn:a:b', 'split:/c'], ['keys:urn:a:b', 'split:/c']],
      ['union:keys:a|/b|cognito:groups', 'union:keys:a|/b|cognito:groups', ['union:keys:a|/b|cognito:groups']],
      ['/keys:x', ['/keys:x'], ['/keys:x']],
      ['union', ['union'], ['union']],
    ],
    badText: [',', '/a~2', 'keys:', 'split:', 'union:', 'union:a|', 'union:a| b', 'keys:split:a', 'split:union:a|b'],
    bad: [
      ...noClaimNames,
      ['keys:/a~2', "'keys:/a~2'"],
      ['union:union:a|b', "'union:union:a|b'"],
      ['union:a||b', "'union:a||b'"],
      [[['union']], "[ [ 'union' ] ]"],
      [[['union', 'a', 7]], "[ [ 'union', 'a', 7 ] ]"],
      [[['union', 'a', '']], "[ [ 'union', 'a', '' ] ]"],
      [[['a', 'b']], "[ [ 'a', 'b' ] ]"],
      [['union', 'a', ['union', 'b']], "[ 'union', 'a', [ 'union', 'b' ] ]"],
    ],
    accepts:
      'a non-empty list, each element a claim name, a JSON Pointer that starts with "/", keys:NAME, split:NAME, or union:NAME|NAME (a string)',
  })),
  {
    name: 'knownScopes',
    variable: 'AXIOMS_KNOWN_SCOPES',
    fallback: undefined,
    good: [['book:read, book:write', ['book:read', 'book:write'], ['book:read', 'book:write']]],
    badText: [',', 'two scopes', 'a"b'],
    bad: [
      [['two scopes'], "[ 'two scopes' ]"],
      [[], '[]'],
      [null, 'null'],
    ],
    accepts: 'a non-empty list, each element a scope, without spaces',
  },
  {
    name: 'publicMethods',
    variable: 'AXIOMS_SAFE_METHODS',
    fallback: [],
    good: [
      ['', [], []],
      ['OPTIONS, TRACE', ['OPTIONS', 'TRACE'], ['OPTIONS', 'TRACE']],
    ],
    badText: ['get', 'GET POST', ','],
    bad: [
      [['get'], "[ 'get' ]"],
      [[null], '[ null ]'],
      [null, 'null'],
    ],
    accepts: 'an HTTP method in capitals',
  },
  {
    name: 'realm',
    variable: 'AXIOMS_REALM',
    fallback: 'api',
    good: [['the books of 7', 'the books of 7']],
    badText: ['the "books"', 'b\u00fccher'],
    bad: [['a\\b', String.raw`'a\\b'`], ['a"b', `'a"b'`], ['a\nb', String.raw`'a\nb'`], ...noText],
    accepts: 'printable characters without quotes',
  },
  {
    name: 'resourceUrl',
    variable: 'AXIOMS_RESOURCE_URL',
    fallback: undefined,
    good: [['https://api.example.com/v1', 'https://api.example.com/v1']],
    badText: ['api.example.com'],
    bad: noUrl,
    accepts: 'an absolute URL',
  },
  {
    name: 'dpop',
    variable: 'AXIOMS_DPOP',
    fallback: 'off',
    beside: { externalUrl: 'https://api.example.com' },
    good: [
      ['off', 'off'],
      ['allowed', 'allowed'],
      [' required ', 'required'],
    ],
    badText: ['on', 'true', 'OFF'],
    bad: [
      ['on', "'on'"],
      [true, 'true'],
      [null, 'null'],
    ],
    accepts: "'off' or 'allowed' or 'required'",
  },
  {
    name: 'externalUrl',
    variable: 'AXIOMS_EXTERNAL_URL',
    fallback: undefined,
    good: [['https://example.com/api', 'https://example.com/api']],
    badText: ['example.com/api'],
    bad: noUrl,
    accepts: 'an absolute URL',
  },
  {
    name: 'proofStore',
    fallback: undefined,
    good: [['', aProofStore]],
    bad: [
      ['redis', "'redis'"],
      [{}, '{}'],
      [null, 'null'],
    ],
    accepts: 'an object with the function use',
  },
  {
    name: 'mtls',
    variable: 'AXIOMS_MTLS',
    fallback: 'off',
    good: [
      ['off', 'off'],
      ['allowed', 'allowed'],
      [' required ', 'required'],
    ],
    badText: ['on', 'true', 'OFF'],
    bad: [
      ['on', "'on'"],
      [true, 'true'],
      [null, 'null'],
    ],
    accepts: "'off' or 'allowed' or 'required'",
  },
  {
    name: 'clientCertificateFrom',
    variable: 'AXIOMS_CLIENT_CERTIFICATE_FROM',
    fallback: [],
    good: [
      ['10.0.0.1', '10.0.0.1', ['10.0.0.1']],
      ['10.0.0.0/8, fd00::/8,::1', ['10.0.0.0/8', 'fd00::/8', '::1'], ['10.0.0.0/8', 'fd00::/8', '::1']],
    ],
    badText: ['localhost', '10.0.0.0/0', '10.0.0.1,,', '10.0.0.1:80'],
    bad: [
      ['proxy.example.com', "'proxy.example.com'"],
      [['10.0.0.1', '::/0'], "[ '10.0.0.1', '::/0' ]"],
      [['fe80::1%eth0'], "[ 'fe80::1%eth0' ]"],
      [true, 'true'],
      [null, 'null'],
    ],
    accepts: 'an IP address, or a network such as 10.0.0.0/8 or fd00::/8',
  },
  {
    name: 'allowInsecureUrls',
    variable: 'AXIOMS_ALLOW_INSECURE_URLS',
    fallback: [],
    good: [
      ['http://auth', 'http://auth', ['http://auth']],
      [
        'http://auth:8080,http://keys/jwks',
        ['http://auth:8080', 'http://keys/jwks'],
        ['http://auth:8080', 'http://keys/jwks'],
      ],
    ],
    badText: ['true', '*'],
    bad: [
      [true, 'true'],
      ['*', "'*'"],
      [null, 'null'],
    ],
    accepts: 'a list, each element an absolute URL',
  },
  {
    name: 'tokenCacheSize',
    variable: 'AXIOMS_TOKEN_CACHE_SIZE',
    fallback: 10_000,
    good: [['0', 0]],
    badText: ['-1', '1.5', 'off'],
    bad: [
      [-1, '-1'],
      [1.5, '1.5'],
      [Infinity, 'Infinity'],
      [false, 'false'],
    ],
    accepts: 'a whole number, 0 or more',
  },
  ...(
    [
      ['readScope', 'AXIOMS_READ_SCOPE', 'read'],
      ['writeScope', 'AXIOMS_WRITE_SCOPE', 'write'],
    ] as const
  ).map(([name, variable, fallback]): Example => ({
    name,
    variable,
    fallback,
    good: [['books:all', 'books:all']],
    badText: ['two scopes', 'a"b'],
    bad: [['two scopes', "'two scopes'"], ...noText],
    accepts: 'a scope, without spaces',
  })),
  ...(
    [
      ['errorResponseWithScopes', 'AXIOMS_ERROR_RESPONSE_WITH_SCOPES'],
      ['explain', 'AXIOMS_EXPLAIN'],
    ] as const
  ).map(([name, variable]): Example => ({
    name,
    variable,
    fallback: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    badText: ['yes', '1'],
    bad: [
      ['true', "'true'"],
      [1, '1'],
      [null, 'null'],
    ],
    accepts: 'true or false',
  })),
  {
    name: 'logger',
    fallback: undefined,
    good: [['', silentLogger]],
    bad: [
      [{ warn: () => undefined }, '{ warn: [Function: warn] }'],
      ['console', "'console'"],
      [null, 'null'],
    ],
    accepts: 'an object with the functions debug, info, warn and error',
  },
  {
    name: 'stockServers',
    variable: 'AXIOMS_STOCK_SERVERS',
    fallback: undefined,
    good: [['expected', 'expected']],
    badText: ['Expected', 'true', 'none'],
    bad: [
      [true, 'true'],
      [null, 'null'],
    ],
    accepts: "'expected'",
  },
  ...(['defaultAuthenticationClasses', 'defaultPermissionClasses', 'defaultThrottleClasses'] as const).map(
    (name): Example => ({
      name,
      fallback: undefined,
      good: [
        ['', [SomeClass]],
        ['', []],
      ],
      bad: [
        [SomeClass, 'the function SomeClass'],
        [[undefined], '[ undefined ]'],
        [[SomeClass, null], '[ [class SomeClass], null ]'],
        [['SomeClass'], "[ 'SomeClass' ]"],
        [null, 'null'],
      ],
      accepts: 'none of them undefined (an undefined one is an import cycle)',
    }),
  ),
  {
    name: 'throttleRates',
    variable: 'AXIOMS_THROTTLE_RATES',
    fallback: {},
    good: [
      ['anon=10/hour', { anon: '10/hour' }],
      ['anon=10/hour, user = 3/s', { anon: '10/hour', user: '3/s' }],
      ['big uploads=0/day', { 'big uploads': '0/day' }],
    ],
    badText: ['', 'anon', 'anon=', '=10/hour', 'anon=10', 'anon=10/hour,anon=20/hour', 'anon=null', 'anon=10/month'],
    bad: [
      ['10/hour', "'10/hour'"],
      [['10/hour'], "[ '10/hour' ]"],
      [{ anon: undefined }, '{ anon: undefined }'],
      [{ anon: 10 }, '{ anon: 10 }'],
      [{ anon: '10/week' }, "{ anon: '10/week' }"],
      [{ anon: '-1/hour' }, "{ anon: '-1/hour' }"],
      [{ '': '10/hour' }, "{ '': '10/hour' }"],
      [new Map([['anon', '10/hour']]), 'an object of the class Map'],
      [null, 'null'],
    ],
    accepts: "an object of rates by scope, each 'N/period' with N from 0 to 1000000",
  },
  {
    name: 'throttleStore',
    fallback: undefined,
    good: [
      ['', aStore],
      ['', anOpenStore],
    ],
    bad: [
      ['redis', "'redis'"],
      [{}, '{}'],
      [{ hit: 1 }, '{ hit: 1 }'],
      [{ hit: nothing, fail: 'shut' }, '{ hit: [Function: nothing], fail: a string }'],
      [null, 'null'],
    ],
    accepts: "an object with the function hit, and fail, if it is given, one of 'open', 'closed' and 'local'",
  },
  {
    name: 'denylist',
    fallback: undefined,
    good: [['', aDenylist]],
    bad: [
      ['redis', "'redis'"],
      [{ revoke: nothing }, '{ revoke: [Function: nothing] }'],
      [[], '[]'],
      [null, 'null'],
    ],
    accepts: 'an object with the functions revoke, isRevoked and useOnce',
  },
];

describe('settings', () => {
  it('are all in this test', () => {
    // issuers has a test of its own, settings-issuers, and introspection and dpopNonceSecret, too.
    const apart = ['issuers', 'dpopNonceSecret'];
    const names = Object.keys(settingsTable).filter(name => !apart.includes(name) && !name.startsWith('introspection'));
    expect(examples.map(({ name }) => name)).to.deep.equal(names);
  });

  for (const { name, variable, fallback, good, badText = [], bad, accepts, beside = {} } of examples) {
    describe(name, () => {
      if (name !== 'logger')
        it(`is ${fallback === undefined ? 'nothing' : JSON.stringify(fallback)} by default`, () => {
          expect(define({})[name]).to.deep.equal(fallback);
        });

      for (const [text, input, value = input] of good) {
        it(`accepts ${JSON.stringify(input)}`, () => {
          const found: unknown = define({ ...beside, [name]: input })[name];
          // A logger is another object with the same methods; failing-loggers.test.ts looks at what they do.
          const seen = (one: unknown): unknown => (name === 'logger' ? Object.keys(one as object) : one);
          expect(seen(found)).to.deep.equal(seen(value));
        });

        if (variable !== undefined && name !== 'requiredClaims')
          it(`is read from ${variable}=${JSON.stringify(text)}`, () => {
            expect(define({ ...beside, ...settingsFromEnv({ [variable]: text }) })[name]).to.deep.equal(value);
          });
      }

      for (const [input, shown] of bad) {
        it(`stops the start: ${shown}`, () => {
          const message = refusal(() => define({ [name]: input }));
          const named = variable === undefined ? `Setting '${name}'` : `Setting '${name}' (${variable})`;
          expect(message).to.contain(`${named} is ${shown}; expected `);
          expect(message).to.contain(accepts);
        });
      }

      if (variable === undefined) return;
      for (const text of badText) {
        it(`stops the start: ${variable}=${JSON.stringify(text)}`, () => {
          const message = refusal(() => settingsFromEnv({ [variable]: text }));
          expect(message).to.contain(`The variable ${variable} (setting '${name}') is `);
          expect(message).to.contain(text);
          expect(message).to.contain(accepts);
        });
      }

      const mayBeEmpty = ['publicMethods', 'clientCertificateFrom'].includes(name);
      for (const text of ['', '  '])
        it(`${mayBeEmpty ? 'is an empty list from' : 'stops the start:'} an empty ${variable}, ${JSON.stringify(text)}`, () => {
          const read = (): SettingsInput => settingsFromEnv({ [variable]: text });
          if (mayBeEmpty) expect(read()).to.deep.equal({ [name]: [] });
          else expect(refusal(read)).to.contain(variable);
        });
    });
  }

  it('that do not exist stop the start', () => {
    for (const name of ['audiance', 'toString', '__proto__', 'Audience'])
      expect(refusal(() => defineSettings(Object.fromEntries([...Object.entries(least), [name, 'x']])))).to.contain(
        `There is no setting '${name}'. The settings are: audience, `,
      );
  });

  it('of variables that do not exist stop the start', () => {
    for (const variable of ['AXIOMS_AUDIANCE', 'AXIOMS_', 'AXIOMS_LOGGER', 'AXIOMS_toString'])
      expect(refusal(() => settingsFromEnv({ AXIOMS_AUDIENCE: 'api', [variable]: 'x' }))).to.contain(
        `There is no setting for the variable ${variable}. The variables are: AXIOMS_AUDIENCE, `,
      );
  });

  it('come from AXIOMS_ variables alone', () => {
    expect(
      settingsFromEnv({ PATH: '/bin', AUDIENCE: 'x', axioms_audience: 'x', MY_AXIOMS_AUDIENCE: 'x' }),
    ).to.deep.equal({});
  });

  it('of requiredClaims are text where they come from the variable', () => {
    const read = settingsFromEnv({ AXIOMS_REQUIRED_CLAIMS: 'token_use=access, level=1 ,a=b=c' });
    expect(read).to.deep.equal({ requiredClaims: { token_use: 'access', level: '1', a: 'b=c' } });
  });

  it('of requiredClaims keep their types where the variable is JSON', () => {
    const read = (text: string) => define(settingsFromEnv({ AXIOMS_REQUIRED_CLAIMS: text })).requiredClaims;
    const claims = { token_use: 'access', email_verified: true, hsc: false, level: 1.5, version: 2 };
    expect(read(JSON.stringify(claims))).to.deep.equal(claims);
    expect(read(` ${JSON.stringify({ a: 'x,y=z:"{' })} `)).to.deep.equal({ a: 'x,y=z:"{' });
    expect(read('{"__proto__":"x"}')).to.deep.equal(JSON.parse('{"__proto__":"x"}'));
  });

  describe('of an issuer that is only compared', () => {
    const jwksUrl = 'https://keys.example.com/jwks';
    const names = [
      'acme.com',
      'stytch.com/project-live-1',
      'http://adfs.example.com/adfs/services/trust',
      'urn:x?y#z',
      '1',
    ];
    const client = { introspectionClientId: 'api', introspectionClientSecret: 'x' };
    for (const issuerUrl of names) {
      it(`take ${issuerUrl} with a jwksUrl, and no other`, () => {
        expect(define({ issuerUrl, jwksUrl }).issuerUrl).to.equal(issuerUrl);
        expect(define({ ...settingsFromEnv({ AXIOMS_ISS_URL: issuerUrl }), jwksUrl }).issuerUrl).to.equal(issuerUrl);
        expect(refusal(() => define({ issuerUrl }))).to.match(/^Setting 'issuerUrl' (?:\(AXIOMS_ISS_URL\) )?is '/);
      });

      it(`take ${issuerUrl} with introspection only where introspectionUrl is given`, () => {
        const introspectionUrl = 'https://idp.example.com/introspect';
        expect(define({ issuerUrl, jwksUrl, ...client, introspectionUrl }).issuerUrl).to.equal(issuerUrl);
        expect(refusal(() => define({ issuerUrl, jwksUrl, ...client }))).to.contain("Setting 'issuerUrl' ");
      });
    }

    for (const issuerUrl of ['', ' ', ' acme.com', 'acme.com ', 7, null])
      it(`do not take ${JSON.stringify(issuerUrl)}`, () => {
        expect(refusal(() => define({ issuerUrl, jwksUrl }))).to.contain("Setting 'issuerUrl' (AXIOMS_ISS_URL) is ");
      });

    it('take it in an entry of issuers, where that has a jwksUrl', () => {
      const entry = { issuerUrl: 'acme.com', audience: 'api' };
      expect(defineSettings({ issuers: [{ ...entry, jwksUrl }] }).issuers?.[0]?.issuerUrl).to.equal('acme.com');
      expect(refusal(() => defineSettings({ issuers: [entry] }))).to.contain(
        "Setting 'issuers[0]': Setting 'issuerUrl' ",
      );
    });
  });

  it('ignore the markers of ID tokens only where requiredClaims tells the kinds of tokens apart', () => {
    const lacking =
      "Setting 'ignoredTokenMarkers' (AXIOMS_IGNORED_TOKEN_MARKERS) is at_hash, nonce without 'requiredClaims'";
    const ignoredTokenMarkers = ['at_hash', 'nonce'];
    expect(refusal(() => define({ ignoredTokenMarkers }))).to.contain(lacking);
    expect(refusal(() => define({ ignoredTokenMarkers, requiredClaims: {} }))).to.contain(lacking);
    expect(refusal(() => define({ ignoredTokenMarkers, requiredClaims: { a: 'b' } }))).to.equal('accepted');
    expect(define({ ignoredTokenMarkers: [] }).ignoredTokenMarkers).to.deep.equal([]);
    const entry = { issuerUrl: 'https://auth.example.com', audience: 'api' };
    const [shared, own] = [{ requiredClaims: { a: 'b' } }, { ...entry, requiredClaims: { a: 'b' } }];
    const several = (input: object, entry_: object) => refusal(() => defineSettings({ ...input, issuers: [entry_] }));
    expect(several({ ignoredTokenMarkers }, entry)).to.contain("Setting 'issuers[0]': " + lacking);
    expect(several({ ignoredTokenMarkers }, own)).to.equal('accepted');
    expect(several({ ignoredTokenMarkers, ...shared }, entry)).to.equal('accepted');
    expect(several({}, { ...own, ignoredTokenMarkers })).to.equal('accepted');
    expect(several({}, { ...entry, ignoredTokenMarkers })).to.contain(lacking);
  });

  it('may be an empty list of insecure URLs, in code', () => {
    expect(define({ allowInsecureUrls: [] }).allowInsecureUrls).to.deep.equal([]);
  });

  it('that are undefined are not given', () => {
    expect(define({ realm: undefined }).realm).to.equal('api');
  });

  it('are frozen, with their lists, given or not', () => {
    const given = { audience: ['api'], publicMethods: ['TRACE'] };
    const settings = define(given);
    given.publicMethods.push('GET');
    expect(settings.publicMethods).to.deep.equal(['TRACE']);
    expect(Object.isFrozen(settings)).to.equal(true);
    for (const [name, value] of Object.entries(settings))
      if (name !== 'logger') expect(Object.isFrozen(value), name).to.equal(true);
  });

  it('of one server are not those of another', () => {
    expect(() => (define({}).publicMethods as string[]).push('GET')).to.throw(TypeError);
    expect(define({}).publicMethods).to.deep.equal([]);
  });

  describe('together', () => {
    const wrong: [string, object, string][] = [
      ['no audience', { audience: undefined }, "Setting 'audience' (AXIOMS_AUDIENCE) is missing"],
      [
        'neither domain, issuerUrl nor jwksUrl',
        { issuerUrl: undefined },
        "One of the settings 'domain' (AXIOMS_DOMAIN), 'issuerUrl' (AXIOMS_ISS_URL) and 'jwksUrl' (AXIOMS_JWKS_URL), or else 'issuers', is required",
      ],
      [
        'a TTL under twice the interval',
        { jwksRefreshInterval: 100, jwksCacheTtl: 199.9 },
        "Setting 'jwksCacheTtl' (AXIOMS_JWKS_CACHE_TTL) is 199.9; expected at least twice 'jwksRefreshInterval', 200",
      ],
      [
        'a longest wait under the shortest',
        { jwksRetryMin: 10, jwksRetryMax: 9 },
        "Setting 'jwksRetryMax' (AXIOMS_JWKS_RETRY_MAX) is 9; expected at least 'jwksRetryMin', 10",
      ],
      [
        'a profile and other types',
        { profile: 'rfc9068', tokenTypes: ['JWT'] },
        "Setting 'tokenTypes' (AXIOMS_TOKEN_TYPS) is given together with 'profile' (AXIOMS_PROFILE)",
      ],
    ];
    for (const [title, input, message] of wrong) {
      it(`stop the start: ${title}`, () => {
        expect(refusal(() => define(input))).to.contain(message);
      });
    }

    it('are good at their limits', () => {
      expect(define({ jwksRefreshInterval: 100, jwksCacheTtl: 200 }).jwksCacheTtl).to.equal(200);
      expect(define({ jwksRetryMin: 10, jwksRetryMax: 10 }).jwksRetryMax).to.equal(10);
      expect(define({ jwksTimeout: 2_147_483 }).jwksTimeout).to.equal(2_147_483);
    });
  });

  describe('derived from others', () => {
    const derived: [string, object, object][] = [
      ['the issuer from the domain', { domain: 'a.example.com' }, { issuerUrl: 'https://a.example.com' }],
      ['the issuer from a domain with a path', { domain: 'a.b/c' }, { issuerUrl: 'https://a.b/c' }],
      ['the issuer from a domain with a slash', { domain: 'a.b/' }, { issuerUrl: 'https://a.b/' }],
      ['https for a domain with https:', { domain: 'https://a.b' }, { issuerUrl: 'https://a.b' }],
      ['https for a domain with http:', { domain: 'http://a.b' }, { issuerUrl: 'https://a.b' }],
      [
        'the issuer itself before the domain',
        { domain: 'a.b', issuerUrl: 'https://c.d' },
        { issuerUrl: 'https://c.d' },
      ],
      ['no issuer from a jwksUrl', { jwksUrl: 'https://a.b/keys' }, { issuerUrl: undefined }],
      ['the TTL from the interval', { domain: 'a.b', jwksRefreshInterval: 10 }, { jwksCacheTtl: 20 }],
    ];
    for (const [title, input, expected] of derived) {
      it(title, () => {
        expect(defineSettings({ audience: 'api', ...input })).to.include(expected);
      });
    }
  });

  describe('of URLs', () => {
    const urls: [string, boolean, string[]?][] = [
      ['https://auth.example.com', true],
      ['http://localhost:3001', true],
      ['http://127.0.0.1:3001', true],
      ['http://127.1.2.3', true],
      ['http://[::1]:3001', true],
      ['http://auth.example.com', false],
      ['http://auth.example.com', true, ['http://auth.example.com']],
      ['http://auth.example.com/', false, ['http://auth.example.com']],
      ['http://auth.example.com/x', false, ['http://auth.example.com']],
      ['http://localhost.example.com', false],
      ['http://127.0.0.1.example.com', false],
      ['http://mylocalhost', false],
      ['http://0.0.0.0', false],
      ['http://128.0.0.1', false],
      ['http://10.0.0.1', false],
      ['http://[::2]', false],
      ['http://[::ffff:127.0.0.1]', false],
    ];
    for (const [url, expected] of [
      ['https://api.example.com/b\u00fcro', 'https://api.example.com/b%C3%BCro'],
      ['https://api.example.com/<v1>', 'https://api.example.com/%3Cv1%3E'],
      ['https://api.example.com/a/../v1', 'https://api.example.com/v1'],
      ['https://api.example.com//', 'https://api.example.com'],
      ['https://api.example.com/v1//', 'https://api.example.com/v1'],
    ] as const)
      it(`externalUrl must not be ${url}, which no client writes so`, () => {
        expect(refusal(() => define({ externalUrl: url }))).to.equal(
          `Setting 'externalUrl' (AXIOMS_EXTERNAL_URL) is '${url}'; expected it as clients write it in their proofs, without several slashes at its end: '${expected}'.`,
        );
      });
    for (const url of [
      'https://api.example.com',
      'https://api.example.com/',
      'https://API.example.com:443/v1/',
      'https://api.example.com/b%c3%bcro',
      'http://[::1]:3000/a//b',
    ])
      it(`externalUrl may be ${url}`, () => {
        expect(refusal(() => define({ externalUrl: url }))).to.equal('accepted');
      });
    for (const name of ['issuerUrl', 'jwksUrl'] as const) {
      for (const [url, isAccepted, allowInsecureUrls] of urls) {
        it(`${name} ${isAccepted ? 'may' : 'must not'} be ${url}, insecure: ${allowInsecureUrls?.join() ?? 'none'}`, () => {
          const message = refusal(() => define({ [name]: url, allowInsecureUrls }));
          if (isAccepted) expect(message).to.equal('accepted');
          else expect(message).to.contain(`Setting '${name}' is '${url}'; expected an https: URL`);
        });
      }
    }
  });

  describe('without a logger', () => {
    it('say warnings and errors on the console, and the rest nowhere', () => {
      const { logger } = define({});
      const said: unknown[][] = [];
      const { warn, error, log, info, debug } = console;
      const record =
        (level: string) =>
        (...text: unknown[]) =>
          said.push([level, ...text]);
      Object.assign(console, {
        warn: record('warn'),
        error: record('error'),
        log: record('log'),
        info: record('info'),
        debug: record('debug'),
      });
      try {
        logger.debug('a');
        logger.info('b');
        logger.warn('c');
        logger.error('d', { e: 1 });
      } finally {
        Object.assign(console, { warn, error, log, info, debug });
      }
      expect(said).to.deep.equal([
        ['warn', 'axioms: c'],
        ['error', 'axioms: d', { e: 1 }],
      ]);
    });
  });
});
