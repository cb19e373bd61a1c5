import { expect } from 'chai';
import { ImproperlyConfigured } from '../../../src/core/http/exceptions';
import { defineSettings, settingsFromEnv } from '../../../src/core/settings/define-settings';
import { issuerSettings, settingsFor } from '../../../src/core/settings/trusted-issuers';

const one = { issuerUrl: 'https://one.example', audience: 'api' };
const two = { domain: 'two.example/tenant', audience: ['api', 'other'] };

describe('the setting issuers', () => {
  it('gives each issuer settings of its own, the others as defaults', () => {
    const settings = defineSettings({
      issuers: [one, { ...two, algorithms: ['ES256'], jwksTimeout: undefined, jwksRefreshInterval: 120 }],
      algorithms: ['RS256'],
      jwksTimeout: 2,
      realm: 'books',
    });
    const [first, second] = issuerSettings(settings);
    expect(first).to.deep.include({
      issuerUrl: one.issuerUrl,
      audience: ['api'],
      algorithms: ['RS256'],
      realm: 'books',
    });
    expect(second).to.deep.include({ issuerUrl: 'https://two.example/tenant', algorithms: ['ES256'], jwksTimeout: 2 });
    expect([first?.jwksCacheTtl, second?.jwksCacheTtl]).to.deep.equal([7200, 240]);
    for (const frozen of [settings, settings.issuers, first, second]) expect(frozen).to.be.frozen;
  });

  it("leaves the settings that are no issuer's own without an audience: they accept no token", () => {
    const settings = defineSettings({ issuers: [one, two] });
    expect(settings).to.deep.include({ audience: [], issuerUrl: undefined, jwksUrl: undefined });
  });

  it('lets the iss choose, exactly', () => {
    const settings = defineSettings({ issuers: [one, two] });
    expect(settingsFor({ iss: one.issuerUrl }, settings)).to.equal(settings.issuers?.[0]);
    for (const iss of [`${one.issuerUrl}/`, 'https://ONE.example', '', null, 7, ['https://one.example']])
      expect(settingsFor({ iss }, settings), String(iss)).to.equal(undefined);
    expect(settingsFor({}, settings)).to.equal(undefined);
    const single = defineSettings(one);
    expect(settingsFor({ iss: 'https://other.example' }, single)).to.equal(single);
  });

  const refused: [title: string, input: object, said: string[]][] = [
    ['no entry', { issuers: [] }, ["'issuers'", 'a non-empty list']],
    ['no list', { issuers: one }, ['a non-empty list']],
    ['an entry that is no object', { issuers: [one, 'https://two.example'] }, ['a non-empty list of objects']],
    ['an entry that is a Map', { issuers: [new Map()] }, ['a non-empty list of objects']],
    [
      'an entry without an issuer',
      { issuers: [one, { audience: 'api', jwksUrl: 'https://two.example/keys' }] },
      ['issuers[1]', 'issuerUrl'],
    ],
    ['an entry without an audience', { issuers: [{ issuerUrl: 'https://one.example' }] }, ['issuers[0]', "'audience'"]],
    ['an unknown name in an entry', { issuers: [{ ...one, scope: 'x' }] }, ['issuers[0]', "'scope'"]],
    ["a name that is not an issuer's own", { issuers: [{ ...one, realm: 'x' }] }, ['issuers[0]', "'realm'"]],
    ['issuers in an entry', { issuers: [{ ...one, issuers: [two] }] }, ['issuers[0]', "'issuers'"]],
    [
      'a wrong value in an entry',
      { issuers: [{ ...one, algorithms: ['HS256'] }] },
      ['issuers[0]', "'algorithms'", 'HS256'],
    ],
    ['http: in an entry', { issuers: [{ ...one, jwksUrl: 'http://one.example/keys' }] }, ['issuers[0]', 'https:']],
    [
      'one issuer twice',
      { issuers: [one, two, { ...one, audience: 'other' }] },
      ["two entries for 'https://one.example'"],
    ],
    ['one issuer twice, as a domain', { issuers: [one, { domain: 'one.example', audience: 'api' }] }, ['two entries']],
    ...(['audience', 'domain', 'issuerUrl', 'jwksUrl'] as const).map((name): [string, object, string[]] => [
      `${name} beside it`,
      { issuers: [one], [name]: name === 'audience' ? 'api' : name === 'domain' ? 'x.example' : 'https://x.example' },
      [`'${name}' is given together with 'issuers'`],
    ]),
  ];
  for (const [title, input, said] of refused) {
    it(`is refused with ${title}, by a message that names it`, () => {
      expect(() => defineSettings(input)).to.throw(ImproperlyConfigured);
      for (const words of said) expect(() => defineSettings(input)).to.throw(words);
    });
  }

  it("lets an error of the app's own out as it is", () => {
    const failure = new RangeError('the app');
    const requiredClaims = {
      get tenant(): string {
        throw failure;
      },
    };
    expect(() => defineSettings({ issuers: [one, { ...two, requiredClaims }] })).to.throw(failure);
  });

  it('has no variable', () => {
    expect(() => settingsFromEnv({ AXIOMS_ISSUERS: '[]' })).to.throw('AXIOMS_ISSUERS');
  });
});
