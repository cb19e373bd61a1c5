import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { diagnose } from '../../src/cli/doctor';
import type { Check } from '../../src/cli/examination';
import { unseen } from '../../src/cli/progress';
import { tokenReasons } from '../../src/cli/token-reasons';
import { defineSettings, type SettingsInput } from 'axioms-routing-controllers';
import { keysPath, oidcPath, down } from '../issuer/scripted-issuer';
import { audience, base64url, signingKey, TestIssuer } from '../issuer/test-issuer';
import { choice } from './apps/books';
import { ran, type Ran } from './terminal';

const books = join(__dirname, 'apps/books.js');

describe('axioms doctor', () => {
  let issuer: TestIssuer;
  let url: string;
  let isClosed: boolean;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    ({ url } = issuer);
    isClosed = false;
  });
  afterEach(async () => {
    if (!isClosed) await issuer.close();
  });

  function closeIssuer(): Promise<void> {
    isClosed = true;
    return issuer.close();
  }

  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    AXIOMS_AUDIENCE: audience,
    AXIOMS_ISS_URL: url,
    ...more,
  });

  function doctor(token?: string, more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return ran(['doctor', ...(token === undefined ? [] : ['--token', '-'])], { env: env(more), input: token ?? '' });
  }

  it('asks for keys as a JWK Set or as JSON, as the server does', async () => {
    await doctor();
    const asked = issuer.server.requests.filter(({ path }) => path === '/keys');
    expect(asked.map(({ headers }) => headers.accept)).to.deep.equal(['application/jwk-set+json, application/json']);
  });

  it('notes that resourceUrl is no accepted audience, and nothing where it is one', async () => {
    const [resourceUrl, other] = ['https://books.example.com', 'https://books.example.com/'];
    const { exitCode, out } = await doctor(undefined, { AXIOMS_RESOURCE_URL: resourceUrl });
    expect(exitCode).to.equal(0);
    expect(out).to.include(
      [
        '! resource',
        `    expected  the setting 'resourceUrl' among the audiences (${audience}): clients ask for a token for it`,
        `    seen      ${resourceUrl}`,
      ].join('\n'),
    );
    const both = { AXIOMS_AUDIENCE: `${audience},${resourceUrl}` };
    expect((await doctor(undefined, { ...both, AXIOMS_RESOURCE_URL: resourceUrl })).out).not.to.include('! resource');
    expect((await doctor(undefined, { ...both, AXIOMS_RESOURCE_URL: other })).out).to.include('! resource');
  });

  it('finds all well: settings, discovery, keys, clock and a good token', async () => {
    const token = issuer.token({ exp: Math.floor(Date.now() / 1000) + 299.5 });
    const { exitCode, out, err } = await doctor(token);
    expect([exitCode, err]).to.deep.equal([0, '']);
    expect(out.replace(/(?:iat|exp) (?:in )?\d+ s(?: ago)?/g, 'TIME')).to.equal(
      [
        '✓ settings',
        '    expected  an audience, and an issuer or where its keys are',
        `    seen      audience ${audience}`,
        '✓ discovery',
        `    expected  metadata of the issuer ${issuer.url}, with a jwks_uri`,
        `    seen      jwks_uri ${issuer.url}/keys`,
        '✓ keys',
        '    expected  a JWK Set with keys that can be used',
        '    seen      k1 (ES256)',
        '✓ clock',
        "    expected  this clock within 5 s of the issuer's",
        '    seen      no difference',
        '✓ token: issuer',
        `    expected  ${issuer.url}`,
        `    seen      ${issuer.url}`,
        '✓ token: audience',
        `    expected  aud: ${audience}`,
        `    seen      ${audience}`,
        '✓ token: algorithm',
        '    expected  RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519',
        '    seen      ES256',
        '✓ token: times',
        '    expected  begun, and not expired, give or take 5 s',
        '    seen      TIME, TIME',
        '✓ token',
        '    expected  accepted',
        '    seen      accepted',
        'All is well.',
        '',
      ].join('\n'),
    );
    expect(out).not.to.contain(token.split('.')[2]);
  });

  it('takes the settings of an app, and prints JSON', async () => {
    choice.issuerUrl = issuer.url;
    const { exitCode, out } = await ran(['doctor', books, '--json']);
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Check[] };
    expect([exitCode, ok]).to.deep.equal([0, true]);
    expect(checks.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      'settings ok',
      'discovery ok',
      'keys ok',
      'clock ok',
    ]);
  });

  /** What failed, with what was seen of it. */
  function failures({ out }: Ran): Record<string, string> {
    const found = [...out.matchAll(/^✗ (.*)\n {4}expected {2}.*\n {4}seen {6}(.*)$/gm)];
    return Object.fromEntries(found.map(([, name, seen]) => [name ?? '', (seen ?? '').replaceAll(url, 'ISSUER')]));
  }

  const weak = () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const seconds = () => Math.floor(Date.now() / 1000);

  for (const [what, spoil, seen] of [
    [
      'the issuer is down',
      () => closeIssuer(),
      { discovery: 'ISSUER/.well-known/openid-configuration: cannot be reached (ECONNREFUSED)' },
    ],
    [
      'the issuer fails',
      () => (issuer.server.metadataMode = down),
      { discovery: 'ISSUER/.well-known/openid-configuration: answers with status 500' },
    ],
    [
      'the metadata are of another issuer',
      () => (issuer.server.metadata = { issuer: 'https://evil.example' }),
      {
        discovery:
          "ISSUER/.well-known/openid-configuration: the metadata names the issuer 'https://evil.example', and 'ISSUER' is expected",
      },
    ],
    [
      'the metadata are HTML',
      () => (issuer.server.metadataMode = { is: 'html' }),
      { discovery: 'ISSUER/.well-known/openid-configuration: the answer is not JSON' },
    ],
    [
      'the metadata name no keys',
      () => (issuer.server.metadata = { jwks_uri: undefined }),
      { discovery: 'ISSUER/.well-known/openid-configuration: the metadata has no jwks_uri' },
    ],
    [
      'the metadata redirect',
      () => (issuer.server.metadataMode = { is: 'redirect', status: 302 }),
      { discovery: 'ISSUER/.well-known/openid-configuration: redirects (status 302); it is not followed' },
    ],
    [
      'the keys cannot be fetched',
      () => (issuer.server.keysMode = down),
      { keys: 'ISSUER/keys: answers with status 500' },
    ],
    [
      'the keys are not a JWK Set',
      () => (issuer.server.keysMode = { is: 'not-a-jwks' }),
      { keys: 'ISSUER/keys: no JWK Set' },
    ],
    [
      'there are too many keys',
      () => (issuer.server.keys = Array.from({ length: 201 }, (_, index) => ({ ...issuer.key.jwk, kid: `k${index}` }))),
      { keys: 'ISSUER/keys: the JWK Set has 201 keys; at most 200 are accepted' },
    ],
    ['there are no keys', () => (issuer.server.keys = []), { keys: 'no usable key' }],
    [
      'the keys are weak',
      () => (issuer.server.keys = [{ ...weak(), kid: 'w', alg: 'RS256' }]),
      { keys: 'no usable key; the key with the kid "w" is too weak, or of a type, curve or alg that is not accepted' },
    ],
    [
      'the clocks differ',
      () => (issuer.server.keysMode = { is: 'ok', headers: { Date: 'Mon, 01 Jan 2001 00:00:00 GMT' } }),
      { clock: /^\d+\.\d s ahead$/ },
    ],
  ] as readonly (readonly [string, () => unknown, Record<string, string | RegExp>])[])
    it(`finds that ${what}`, async () => {
      await spoil();
      const found = await doctor();
      expect(found.exitCode).to.equal(1);
      expect(Object.keys(failures(found))).to.deep.equal(Object.keys(seen));
      for (const [name, text] of Object.entries(seen))
        if (text instanceof RegExp) expect(failures(found)[name]).to.match(text);
        else expect(failures(found)[name]).to.equal(text);
      expect(found.out).to.match(/\n1 of \d checks failed\.\n$/);
    });

  for (const [what, token, seen] of [
    [
      'is expired',
      () => issuer.token({ iat: seconds() - 700, exp: seconds() - 600 }),
      { 'token: times': /exp 60\d s ago$/, token: '401 invalid_token (The access token expired)' },
    ],
    [
      'is not valid yet',
      () => issuer.token({ nbf: seconds() + 600 }),
      { 'token: times': /nbf in (?:600|599) s/, token: '401 invalid_token (The access token is not valid yet)' },
    ],
    [
      'is for another audience',
      () => issuer.token({ aud: 'https://other.example' }),
      {
        'token: audience': 'https://other.example',
        token: '401 invalid_token (The access token is for another audience)',
      },
    ],
    [
      'is of another issuer',
      () => issuer.token({ iss: 'https://evil.example' }),
      { 'token: issuer': 'https://evil.example', token: '401 invalid_token (The access token is from another issuer)' },
    ],
    [
      'is signed with an unknown key',
      () => issuer.token({}, { kid: 'k9' }),
      { token: '401 invalid_token (The access token is signed with an unknown key)' },
    ],
    [
      'is signed by somebody else',
      () => issuer.token({}, {}, signingKey('k1')),
      { token: '401 invalid_token (The signature of the access token is wrong)' },
    ],
    [
      'is not signed',
      () => issuer.token({}, { alg: 'none' }),
      { 'token: algorithm': 'none', token: '401 invalid_token (The algorithm of the access token is not accepted)' },
    ],
    [
      'is opaque',
      () => 'secret-opaque-token',
      { 'token: form': 'opaque', token: '401 invalid_token (The access token is opaque, not a JWT)' },
    ],
    [
      'is encrypted',
      () => `${base64url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.key.iv.secret-opaque-token.tag`,
      { 'token: form': 'encrypted', token: '401 invalid_token (The access token is encrypted)' },
    ],
    [
      'is cut off',
      () => issuer.token().replace(/\.[^.]*$/, ''),
      { token: '401 invalid_token (The access token is malformed)' },
    ],
    [
      'has no subject',
      () => issuer.token({ sub: undefined }),
      { token: '401 invalid_token (The access token has no subject)' },
    ],
  ] as readonly (readonly [string, () => string, Record<string, string | RegExp>])[])
    it(`finds that a token ${what}`, async () => {
      const found = await doctor(token());
      expect(found.exitCode).to.equal(1);
      expect(Object.keys(failures(found))).to.deep.equal(Object.keys(seen));
      for (const [name, text] of Object.entries(seen))
        if (text instanceof RegExp) expect(failures(found)[name]).to.match(text);
        else expect(failures(found)[name]).to.equal(text);
      expect(found.out).not.to.contain('secret-opaque-token').and.not.to.contain('alice');
    });

  it('says what to do with an opaque token and with an encrypted one', async () => {
    const encrypted = `${base64url({ alg: 'dir', enc: 'A256GCM' })}..iv.text.tag`;
    expect((await doctor(encrypted)).out).to.contain('turn off the encryption of access tokens for this API');
    expect((await doctor('opaque')).out).to.contain("the parameter 'audience', 'resource' or a scope of the API");
    const asking = { AXIOMS_INTROSPECTION_CLIENT_ID: 'api', AXIOMS_INTROSPECTION_CLIENT_SECRET: 'x' };
    const { out } = await doctor('opaque', asking);
    expect(out).to.contain('nothing where a route lists IntrospectionAuthentication').and.not.to.contain("'resource'");
  });

  it('doubts a text of roles or permissions with spaces in it, names the claim, and shows no value', async () => {
    const token = issuer.token({ roles: 'secret-role admin', permissions: 'one' });
    const { exitCode, out } = await doctor(token);
    expect(exitCode).to.equal(0);
    expect(out).to.contain(
      [
        '! token: roles',
        "    expected  a list of names, or a text that is one name; where the issuer separates names by spaces, 'rolesClaims' must say split:roles",
        '    seen      a text with spaces, which is one name',
      ].join('\n'),
    );
    expect(out).not.to.contain('secret-role').and.not.to.contain('token: permissions');
    expect((await doctor(token, { AXIOMS_ROLES_CLAIMS: 'split:roles' })).out).not.to.contain('token: roles');
  });

  it('doubts a configured claim that the token has only at the path that its name spells, and names the pointer', async () => {
    const token = issuer.token({ realm_access: { roles: ['secret-role'] }, org: { id: 'o', perms: ['x'] } });
    const { exitCode, out } = await doctor(token, {
      AXIOMS_ROLES_CLAIMS: 'realm_access.roles',
      AXIOMS_PERMISSIONS_CLAIMS: 'keys:org.perms,split:org/perms',
      AXIOMS_SUBJECT_CLAIMS: 'org.id,sub',
    });
    expect(exitCode).to.equal(0);
    expect(out).to.contain(
      [
        '! token: realm_access.roles',
        "    expected  a claim with exactly this name; a path is written as a JSON Pointer: /realm_access/roles in 'rolesClaims'",
        '    seen      no claim of this name',
      ].join('\n'),
    );
    expect(out).to.contain("/org/perms in 'permissionsClaims'").and.to.contain("/org/id in 'subjectClaims'");
    expect(out).not.to.contain('secret-role');
    expect((await doctor(token, { AXIOMS_ROLES_CLAIMS: '/realm_access/roles' })).out).not.to.contain('! token');
  });

  it('doubts a required claim and an audience that are spelled with dots, beside the verdict', async () => {
    const token = issuer.token({ ctx: { kind: 'access', aud: audience }, aud: undefined });
    const spelled = { AXIOMS_REQUIRED_CLAIMS: 'ctx.kind=access', AXIOMS_AUDIENCE_CLAIMS: 'ctx.aud' };
    const { out } = await doctor(token, spelled);
    expect(out).to.contain("/ctx/kind in 'requiredClaims'").and.to.contain("/ctx/aud in 'audienceClaims'");
    expect(out).to.contain('401 invalid_token (The access token is for another audience)');
  });

  it('doubts markers of ID tokens that are ignored, and names the required claims that must replace them', async () => {
    const token = issuer.token({ nonce: 'n', azp: 'web' }, { typ: 'JWT' });
    const ignoring = { AXIOMS_IGNORED_TOKEN_MARKERS: 'nonce', AXIOMS_REQUIRED_CLAIMS: 'azp=web' };
    const { exitCode, out } = await doctor(token, ignoring);
    expect(exitCode).to.equal(0);
    expect(out).to.contain(
      [
        '! ignored token markers',
        '    expected  no ignoredTokenMarkers; or requiredClaims (azp) that no ID token of this issuer has',
        '    seen      nonce',
      ].join('\n'),
    );
    const strict = await doctor(token);
    expect(failures(strict)).to.deep.equal({ token: '401 invalid_token (The token is not an access token)' });
    expect(strict.out).not.to.contain('ignored token markers');
  });

  it('names the one thing to do for each check that failed, and for no other', async () => {
    const fixes = (found: Ran): readonly string[] =>
      [...found.out.matchAll(/^✗ .*\n {4}expected {2}.*\n {4}seen {6}.*\n {4}do {8}(.+)$/gm)].map(
        ([, fix]) => fix ?? '',
      );
    const good = await doctor(issuer.token());
    expect(good.out).not.to.match(/^ {4}do /m);
    expect(fixes(await doctor(issuer.token({ aud: 'https://other.example' })))).to.deep.equal(
      Array(2).fill(tokenReasons.token_audience.fix),
    );
    expect(fixes(await doctor(issuer.token({}, { typ: 'refresh+jwt' })))).to.deep.equal([
      'Send the access token, not the ID token. If the provider marks nothing, see its section in Providers.',
    ]);
    expect(fixes(await ran(['doctor'], { env: {} }))[0]).to.match(/^correct this setting/);
    issuer.server.metadataMode = { is: 'redirect', status: 302 };
    expect(fixes(await doctor())[0]).to.match(/^correct 'issuerUrl'/);
    const token = issuer.token();
    await closeIssuer();
    const away = await doctor(token);
    expect(Object.keys(failures(away))).to.deep.equal(['discovery', 'token']);
    expect(fixes(away)[0]).to.match(/^make this address reachable from here/);
    expect(fixes(away)[1]).to.match(/^Check that this process reaches the issuer/);
  });

  it('finds that the settings are wrong, and looks at nothing else', async () => {
    const missing = await ran(['doctor'], { env: {} });
    expect(missing.exitCode).to.equal(1);
    expect(missing.out).to.contain("seen      Setting 'audience' (AXIOMS_AUDIENCE) is missing");
    const insecure = await doctor(undefined, { AXIOMS_ISS_URL: 'http://auth.example.com' });
    expect(insecure.out).to.contain("seen      Setting 'issuerUrl' is 'http://auth.example.com'");
    expect((await doctor(undefined, { AXIOMS_NONSENSE: '1' })).out).to.contain('AXIOMS_NONSENSE');
  });

  it('asks for the keys where a setting says they are, and doubts where there are no metadata', async () => {
    const given = await doctor(undefined, { AXIOMS_JWKS_URL: issuer.server.jwksUrl });
    expect(given.out).to.contain('· discovery').and.to.contain('All is well.');
    expect(issuer.server.count(oidcPath)).to.equal(0);
    issuer.server.metadataMode = { is: 'status', status: 404 };
    issuer.server.modes.set('/.well-known/jwks.json', { is: 'ok' });
    const none = await doctor();
    expect(none.out).to.contain(`! discovery`).and.to.contain(`none; trying ${issuer.url}/.well-known/jwks.json`);
    expect(none.exitCode).to.equal(0);
  });

  it('doubts a key set of which some keys cannot be used', async () => {
    issuer.server.keys = [issuer.key.jwk, { ...weak(), kid: 'w' }];
    const { exitCode, out } = await doctor();
    expect(exitCode).to.equal(0);
    expect(out).to.contain('! keys').and.to.contain('k1 (ES256); the key with the kid "w" is too weak');
  });

  it('compares this clock with the issuer’s, whichever is ahead, and where there is nothing to compare says so', async () => {
    const settings = defineSettings({ audience, issuerUrl: issuer.url } satisfies SettingsInput);
    const now = Date.parse('2025-01-01T00:00:00Z');
    const clockAt = async (offset: number, date = 'Wed, 01 Jan 2025 00:00:00 GMT'): Promise<string> => {
      issuer.server.keysMode = { is: 'ok', headers: { Date: date } };
      const checks = await diagnose(() => Promise.resolve(settings), undefined, {
        fetch,
        clock: () => now + offset,
        progress: unseen,
      });
      const { state, seen } = checks.find(({ name }) => name === 'clock')!;
      return `${state}: ${seen}`;
    };
    expect(await clockAt(500)).to.equal('ok: no difference');
    expect(await clockAt(-4000)).to.equal('ok: 4.0 s behind');
    expect(await clockAt(-7000)).to.equal('failed: 7.0 s behind');
    expect(await clockAt(6000)).to.equal('ok: 5.0 s ahead');
    expect(await clockAt(61_000)).to.equal('failed: 60.0 s ahead');
    expect(await clockAt(0, 'yesterday')).to.equal('skipped: no Date in the answer');
  });

  it('examines every trusted issuer', async () => {
    const second = await TestIssuer.start();
    second.server.modes.set(keysPath, down);
    const settings = defineSettings({
      issuers: [issuer.url, second.url].map(issuerUrl => ({ issuerUrl, audience })),
    });
    const checks = await diagnose(() => Promise.resolve(settings), { token: issuer.token(), proofs: [] });
    await second.close();
    expect(checks.map(({ name, state }) => `${name} ${state}`)).to.deep.equal([
      'settings ok',
      'discovery ok',
      'keys ok',
      'clock ok',
      'discovery ok',
      'keys failed',
      'token: issuer ok',
      'token: audience ok',
      'token: algorithm ok',
      'token: times ok',
      'token ok',
    ]);
  });
});
