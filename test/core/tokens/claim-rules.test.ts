import { expect } from 'chai';
import fc from 'fast-check';
import { checkClaims, checkTimes, isTimely, timesOf } from '../../../src/core/tokens/claim-rules';
import type { Claims } from '../../../src/core/tokens/claims';
import type { TokenHeader } from '../../../src/core/jws/compact-jws';
import { InvalidToken } from '../../../src/core/http/exceptions';
import { defineSettings } from '../../../src/core/settings/define-settings';
import type { Settings, SettingsInput } from '../../../src/core/settings/settings';

function settings(input: SettingsInput = {}): Settings {
  return defineSettings({ audience: 'api', issuerUrl: 'https://auth.example.com/', ...input });
}

const good: Claims = { iss: 'https://auth.example.com/', aud: 'api', sub: 'alice' };

function reason(check: () => void): string {
  try {
    check();
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidToken);
    return (error as InvalidToken).message;
  }
  return 'accepted';
}

const otherIssuer = 'The access token is from another issuer';
const otherAudience = 'The access token is for another audience';
const noSubject = 'The access token has no subject';
const otherKind = 'The token is not an access token';
const bound = 'The access token is bound to a key that was not shown';
const lacksClaim = 'The access token lacks a required claim';
const lacksProfile = 'The access token lacks a claim of its profile';

describe('checkClaims', () => {
  type Case = readonly [title: string, claims: object, outcome: string, input?: SettingsInput, header?: TokenHeader];
  const ignoring = (...names: string[]): SettingsInput => ({
    ignoredTokenMarkers: names as SettingsInput['ignoredTokenMarkers'],
    requiredClaims: { a: 1 },
  });
  const profile: SettingsInput = { profile: 'rfc9068' };
  const complete = { client_id: 'app', jti: '1', iat: 1, exp: 2 };

  const cases: Case[] = [
    ['claims as they should be', {}, 'accepted'],

    ['an issuer without its slash', { iss: 'https://auth.example.com' }, otherIssuer],
    ['an issuer in other letters', { iss: 'https://AUTH.example.com/' }, otherIssuer],
    ['an issuer that begins alike', { iss: 'https://auth.example.com/x' }, otherIssuer],
    ['a list with the issuer', { iss: ['https://auth.example.com/'] }, otherIssuer],
    ['no issuer', { iss: undefined }, otherIssuer],
    ['any issuer where none is expected', { iss: 'x' }, 'accepted', { issuerUrl: undefined, jwksUrl: 'https://a.b/c' }],

    ['a list with the audience', { aud: ['other', 'api'] }, 'accepted'],
    ['one of several audiences', { aud: 'two' }, 'accepted', { audience: ['one', 'two'] }],
    ['an audience that contains ours', { aud: 'xapi' }, otherAudience],
    ['an audience that ours contains', { aud: 'ap' }, otherAudience],
    ['audiences in one text', { aud: 'other api' }, otherAudience],
    ['a list in a list', { aud: [['api']] }, otherAudience],
    ['an empty list of audiences', { aud: [] }, otherAudience],
    ['an object for an audience', { aud: { api: true } }, otherAudience],
    ['no audience', { aud: undefined }, otherAudience],
    ['null for an audience', { aud: null }, otherAudience],
    ['the audience where aud is not looked at', { client_id: 'other' }, otherAudience, { audienceClaims: 'client_id' }],
    [
      'another claim for the audience',
      { aud: undefined, client_id: 'api' },
      'accepted',
      { audienceClaims: 'client_id' },
    ],
    ['the first of two', { client_id: 'other' }, 'accepted', { audienceClaims: ['aud', 'client_id'] }],
    [
      'the first of two, though the second would do',
      { aud: 'other', client_id: 'api' },
      otherAudience,
      { audienceClaims: ['aud', 'client_id'] },
    ],
    [
      'the second of two where the first is missing',
      { aud: undefined, client_id: 'api' },
      'accepted',
      { audienceClaims: ['aud', 'client_id'] },
    ],

    ['no subject', { sub: undefined }, noSubject],
    ['an empty subject', { sub: '' }, noSubject],
    ['null for a subject', { sub: null }, noSubject],
    ['a number for a subject', { sub: 7 }, noSubject],
    ['a list for a subject', { sub: ['alice'] }, noSubject],

    ['token_use access', { token_use: 'access' }, 'accepted'],
    ['token_use id', { token_use: 'id' }, otherKind],
    ['token_use refresh', { token_use: 'refresh' }, otherKind],
    ['token_use in other letters', { token_use: 'Access' }, otherKind],
    ['token_use null', { token_use: null }, otherKind],
    ['token_use in a list', { token_use: ['access'] }, otherKind],
    ['typ Bearer', { typ: 'Bearer' }, 'accepted'],
    ['typ ID', { typ: 'ID' }, otherKind],
    ['typ id', { typ: 'id' }, otherKind],
    ['typ Refresh', { typ: 'Refresh' }, otherKind],
    ['typ Offline', { typ: 'Offline' }, otherKind],
    ['typ Logout', { typ: 'Logout' }, otherKind],
    ['events', { events: {} }, otherKind],
    ...['at_hash', 'c_hash', 'nonce'].flatMap((name): Case[] => [
      [name, { [name]: 'x' }, otherKind],
      [`${name} null`, { [name]: null }, otherKind],
      [`${name} with typ JWT in the header`, { [name]: 'x' }, otherKind, {}, { typ: 'JWT' }],
      [
        `${name} with a header typ that begins like an access token's`,
        { [name]: 'x' },
        otherKind,
        {},
        { typ: 'at+jwtx' },
      ],
      [`${name} with a header typ of another media type`, { [name]: 'x' }, otherKind, {}, { typ: 'text/at+jwt' }],
      [`${name} with a header typ in a list`, { [name]: 'x' }, otherKind, {}, { typ: ['at+jwt'] }],
      [`${name} with token_use id`, { [name]: 'x', token_use: 'id' }, otherKind, {}, { typ: 'at+jwt' }],
      [`${name} with a claim typ ID`, { [name]: 'x', typ: 'ID' }, otherKind, {}, { typ: 'at+jwt' }],
      [`${name} with another claim typ`, { [name]: 'x', typ: 'JWT' }, otherKind],
      [`${name} with a list for a claim typ`, { [name]: 'x', typ: ['Bearer'] }, otherKind],
      [`${name} with typ at+jwt in the header`, { [name]: 'x' }, 'accepted', {}, { typ: 'at+jwt' }],
      [
        `${name} with typ Application/AT+JWT in the header`,
        { [name]: 'x' },
        'accepted',
        {},
        { typ: 'Application/AT+JWT' },
      ],
      [`${name} with token_use access`, { [name]: 'x', token_use: 'access' }, 'accepted'],
      [`${name} with a claim typ Bearer`, { [name]: 'x', typ: 'Bearer' }, 'accepted'],
      [
        `${name} where it is ignored`,
        { [name]: 'x', a: 1 },
        'accepted',
        { ...ignoring(name), requiredClaims: { a: 1 } },
      ],
      [`${name} that is ignored, without the required claim`, { [name]: 'x' }, lacksClaim, ignoring(name)],
      [
        `${name} where others are ignored`,
        { [name]: 'x', a: 1 },
        otherKind,
        ignoring(...['at_hash', 'c_hash', 'nonce'].filter(one => one !== name)),
      ],
      [`${name} that is ignored beside events`, { [name]: 'x', a: 1, events: {} }, otherKind, ignoring(name)],
      [`${name} that is ignored beside a claim typ ID`, { [name]: 'x', a: 1, typ: 'ID' }, otherKind, ignoring(name)],
    ]),
    ['events with typ at+jwt in the header', { events: {} }, otherKind, {}, { typ: 'at+jwt' }],
    ['a claim that only resembles a nonce', { identity_nonce: 'n', Nonce: 'n' }, 'accepted'],

    ['cnf with a thumbprint', { cnf: { jkt: 'x' } }, bound],
    ['cnf with a certificate', { cnf: { 'x5t#S256': 'x' } }, bound],
    ['cnf null', { cnf: null }, bound],

    ['a required claim', { token_use: 'access' }, 'accepted', { requiredClaims: { token_use: 'access' } }],
    ['a required claim deep down', { a: { b: 1 } }, 'accepted', { requiredClaims: { '/a/b': 1 } }],
    ['a required false', { guest: false }, 'accepted', { requiredClaims: { guest: false } }],
    ['no required claim', {}, lacksClaim, { requiredClaims: { guest: false } }],
    ['a required claim of another type', { level: '1' }, lacksClaim, { requiredClaims: { level: 1 } }],
    ['a required claim in a list', { level: [1] }, lacksClaim, { requiredClaims: { level: 1 } }],
    ['one of two required claims', { a: 1 }, lacksClaim, { requiredClaims: { a: 1, b: 2 } }],

    ['the claims of RFC 9068', complete, 'accepted', profile],
    ['RFC 9068 without client_id', { ...complete, client_id: undefined }, lacksProfile, profile],
    ['RFC 9068 with an empty client_id', { ...complete, client_id: '' }, lacksProfile, profile],
    ['RFC 9068 without jti', { ...complete, jti: undefined }, lacksProfile, profile],
    ['RFC 9068 with a number for jti', { ...complete, jti: 1 }, lacksProfile, profile],
    ['RFC 9068 without iat', { ...complete, iat: undefined }, lacksProfile, profile],
    [
      'RFC 9068 without aud',
      { ...complete, aud: undefined },
      lacksProfile,
      { ...profile, audience: 'app', audienceClaims: 'client_id' },
    ],
    [
      'RFC 9068 with aud null',
      { ...complete, aud: null },
      lacksProfile,
      { ...profile, audience: 'app', audienceClaims: 'client_id' },
    ],
    [
      'RFC 9068 without iss, though none is expected',
      { ...complete, iss: undefined },
      lacksProfile,
      { ...profile, issuerUrl: undefined, jwksUrl: 'https://a.b/c' },
    ],
    ['no client_id, jti or iat without the profile', {}, 'accepted'],
  ];
  for (const [title, claims, outcome, input, header] of cases) {
    it(`${outcome === 'accepted' ? 'accepts' : 'refuses'} ${title}`, () => {
      const given = JSON.parse(JSON.stringify({ ...good, ...claims })) as Claims;
      expect(
        reason(() => {
          checkClaims(given, settings(input), header);
        }),
      ).to.equal(outcome);
    });
  }

  it('looks at no claim that only the language has', () => {
    const inherited = Object.create({ ...good, at_hash: 'x', cnf: {} }) as Claims;
    expect(
      reason(() => {
        checkClaims(Object.assign(inherited, good), settings({ audienceClaims: ['toString', 'aud'] }));
      }),
    ).to.equal('accepted');
  });
});

describe('checkTimes', () => {
  const expired = 'The access token expired';
  const notYet = 'The access token is not valid yet';
  const future = 'The access token was issued in the future';
  const tooOld = 'The access token is too old';

  // The time is 1000 s.
  const cases: [string, object, string, SettingsInput?][] = [
    ['exp to come', { exp: 1001 }, 'accepted'],
    ['exp just past, within the tolerance', { exp: 995.001 }, 'accepted'],
    ['exp past by the tolerance', { exp: 995 }, expired],
    ['exp now, without a tolerance', { exp: 1000 }, expired, { clockTolerance: 0 }],
    ['exp a millisecond ahead, without a tolerance', { exp: 1000.001 }, 'accepted', { clockTolerance: 0 }],
    ['exp in milliseconds', { exp: 1_000_000 }, 'accepted'],
    ['exp 0', { exp: 0 }, expired],
    ['a negative exp', { exp: -1 }, expired],
    ['no exp', { exp: undefined }, 'The access token never expires'],
    ['exp null', { exp: null }, 'The access token has no numeric exp'],
    ['exp as text', { exp: '2000' }, 'The access token has no numeric exp'],
    ['exp true', { exp: true }, 'The access token has no numeric exp'],
    ['exp in a list', { exp: [2000] }, 'The access token has no numeric exp'],
    ['exp without end', { exp: Infinity }, 'The access token has no numeric exp'],

    ['nbf now', { nbf: 1000 }, 'accepted', { clockTolerance: 0 }],
    ['nbf at the tolerance', { nbf: 1005 }, 'accepted'],
    ['nbf past the tolerance', { nbf: 1005.001 }, notYet],
    ['nbf to come, without a tolerance', { nbf: 1000.001 }, notYet, { clockTolerance: 0 }],
    ['nbf as text', { nbf: '0' }, 'The access token has no numeric nbf'],
    ['nbf null', { nbf: null }, 'The access token has no numeric nbf'],

    ['iat now', { iat: 1000 }, 'accepted', { clockTolerance: 0 }],
    ['iat at the tolerance', { iat: 1005 }, 'accepted'],
    ['iat past the tolerance', { iat: 1005.001 }, future],
    ['iat to come, without a tolerance', { iat: 1000.001 }, future, { clockTolerance: 0 }],
    ['iat long ago', { iat: 1 }, 'accepted'],
    ['iat as text', { iat: '0' }, 'The access token has no numeric iat'],
    ['iat null', { iat: null }, 'The access token has no numeric iat'],

    ['iat at the greatest age and the tolerance', { iat: 935 }, 'accepted', { maxTokenAge: 60 }],
    ['iat past the greatest age and the tolerance', { iat: 934.999 }, tooOld, { maxTokenAge: 60 }],
    ['no iat where there is a greatest age', { iat: undefined }, tooOld, { maxTokenAge: 60 }],
    ['no iat where there is none', { iat: undefined }, 'accepted'],
    ['exp past before the age', { iat: 1, exp: 2 }, expired, { maxTokenAge: 60 }],
  ];
  for (const [title, claims, outcome, input] of cases) {
    it(`${outcome === 'accepted' ? 'accepts' : 'refuses'} ${title}`, () => {
      const given = Object.fromEntries(
        Object.entries<unknown>({ exp: 2000, ...claims }).filter(([, value]) => value !== undefined),
      ) as Claims;
      expect(
        reason(() => {
          checkTimes(given, settings(input), 1_000_000);
        }),
      ).to.equal(outcome);
    });
  }
});

describe('isTimely', () => {
  const time = fc.integer({ min: 0, max: 300 });
  const times = fc.record({ exp: time, nbf: time, iat: time }, { requiredKeys: ['exp'] });
  const policy = fc.record(
    { clockTolerance: fc.integer({ min: 0, max: 60 }), maxTokenAge: fc.integer({ min: 1, max: 200 }) },
    { requiredKeys: ['clockTolerance'] },
  );

  it('is what checkTimes does not refuse, of claims that it let pass at another time', () => {
    let [good, bad] = [0, 0];
    fc.assert(
      fc.property(times, policy, time, time, (claims, input, once, again) => {
        const chosen = settings(input);
        const passes = (now: number): boolean =>
          reason(() => {
            checkTimes(claims, chosen, now);
          }) === 'accepted';
        fc.pre(passes(1000 * once));
        const isGood = passes(1000 * again);
        if (isGood) good += 1;
        else bad += 1;
        expect(isTimely(timesOf(claims, chosen), 1000 * again)).to.equal(isGood);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(good, bad)).to.be.greaterThan(100);
  });

  it('ends with the millisecond before exp', () => {
    const times = timesOf({ ...good, exp: 1000 }, settings({ clockTolerance: 0 }));
    expect(isTimely(times, 999_999)).to.equal(true);
    expect(isTimely(times, 1_000_000)).to.equal(false);
  });
});
