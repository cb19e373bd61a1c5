import { join } from 'node:path';
import { expect } from 'chai';
import { down } from '../issuer/scripted-issuer';
import { signingKey, TestIssuer } from '../issuer/test-issuer';
import { choice } from './apps/books';
import { ran, type Given, type Ran } from './terminal';

const books = join(__dirname, 'apps/books.js');
const list = ['GET', '/books'];

describe('axioms explain', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  beforeEach(() => {
    Object.assign(choice, { issuerUrl: issuer.url, scope: 'book:read', handled: 0 });
  });
  afterEach(() => {
    expect(choice.handled, 'handlers that ran').to.equal(0);
  });
  after(() => issuer.close());

  function explain(token: string | undefined, request: readonly string[], given: Given = {}): Promise<Ran> {
    const bearer = token === undefined ? [] : ['--token', '-'];
    return ran(['explain', books, ...bearer, ...request], { input: token ?? '', ...given });
  }

  it('shows what lets a request in', async () => {
    expect(await explain(issuer.token({ scope: 'book:read other' }), list)).to.deep.equal({
      exitCode: 0,
      err: '',
      out: [
        'GET /books  →  BookController.list (GET /books)',
        'caller: authenticated',
        '  ✓ HasAccessTokenScopes  allows  (needs the scope book:read; there: book:read)',
        '✓ allowed',
        '',
      ].join('\n'),
    });
  });

  it('shows each branch, with the object loaded and no handler run', async () => {
    const token = issuer.token({ scope: 'note:write', roles: ['viewer'] });
    const { exitCode, out } = await explain(token, ['DELETE', '/notes/bob']);
    expect(exitCode).to.equal(1);
    expect(out).to.equal(
      [
        'DELETE /notes/bob  →  NoteController.destroy (DELETE /notes/:owner)',
        'caller: authenticated',
        '  ✗ or  refuses',
        '    ✗ HasAccessTokenRoles  refuses  (needs the role admin; unmet: the role admin)',
        '    ✗ and  refuses',
        '      ✓ HasAccessTokenScopes  allows  (needs the scope note:write; there: note:write)',
        '      ✗ IsSubOwner  refuses  (needs the owner (user))',
        '✗ refused: 403 permission_denied (You do not have permission to perform this action)',
        '',
      ].join('\n'),
    );
    expect((await explain(token, ['DELETE', '/notes/alice'])).exitCode).to.equal(0);
  });

  const seconds = () => Math.floor(Date.now() / 1000);

  for (const [what, token, request, refused] of [
    ['nobody', () => undefined, list, '401 not_authenticated'],
    ['a scope that is missing', () => issuer.token({ scope: 'other' }), list, '403 insufficient_scope'],
    [
      'an expired token',
      () => issuer.token({ exp: seconds() - 60 }),
      list,
      '401 invalid_token (The access token expired)',
    ],
    [
      'another audience',
      () => issuer.token({ aud: 'other' }),
      list,
      '401 invalid_token (The access token is for another audience)',
    ],
    [
      'another issuer',
      () => issuer.token({ iss: 'https://evil.example' }),
      list,
      '401 invalid_token (The access token is from another issuer)',
    ],
    [
      'an unknown key',
      () => issuer.token({}, { kid: 'k9' }),
      list,
      '401 invalid_token (The access token is signed with an unknown key)',
    ],
    [
      'somebody else’s signature',
      () => issuer.token({}, {}, signingKey('k1')),
      list,
      '401 invalid_token (The signature of the access token is wrong)',
    ],
    [
      'a token that is not a JWT',
      () => 'secret-opaque',
      list,
      '401 invalid_token (The access token is opaque, not a JWT)',
    ],
    ['two tokens in one', () => 'a b', list, '400 invalid_request'],
    [
      'an ID token',
      () => issuer.token({ nonce: 'x' }, { typ: 'JWT' }),
      list,
      '401 invalid_token (The token is not an access token)',
    ],
    [
      'a body that is no JSON',
      () => issuer.token({ scope: 'book:write' }),
      ['--data', '{', 'POST', '/books'],
      '400 invalid_request',
    ],
  ] as readonly (readonly [string, () => string | undefined, string[], string])[])
    it(`says what is wrong: ${what}`, async () => {
      const { exitCode, out, err } = await explain(token(), request);
      expect([exitCode, err]).to.deep.equal([1, '']);
      expect(out).to.contain(`✗ refused: ${refused}`);
      expect(out).not.to.contain('secret-opaque');
    });

  it('says what is wrong: the issuer is down', async () => {
    const other = await TestIssuer.start();
    other.server.metadataMode = down;
    choice.issuerUrl = other.url;
    const { exitCode, out } = await explain(other.token(), list);
    await other.close();
    expect(exitCode).to.equal(1);
    expect(out).to.contain('✗ refused: 503 temporarily_unavailable').and.to.contain('answers with status 500');
  });

  it('shows the challenge', async () => {
    const { out } = await explain(issuer.token({ scope: 'x' }), list);
    expect(out).to.match(
      /\nWWW-Authenticate: Bearer realm="api", error="insufficient_scope", error_description="[^"]+", scope="book:read"\n$/,
    );
  });

  it('shows an open door, a route that there is not, and one that another method has', async () => {
    expect((await explain(undefined, ['GET', '/open'])).out).to.contain('✓ allowed');
    const none = await explain(undefined, ['GET', '/nowhere']);
    expect(none).to.deep.include({ exitCode: 1, out: 'GET /nowhere\nNo route takes it.\n' });
    expect((await explain(undefined, ['PUT', '/books'])).out).to.contain('No route takes it.');
  });

  it('takes HEAD as GET, a path with a query, headers, and a body', async () => {
    const token = issuer.token({ scope: 'book:read book:write' });
    expect((await explain(token, ['head', '/books?page=2'])).exitCode).to.equal(0);
    expect((await explain(token, ['--data', '{"title":"Emma"}', 'POST', '/books'])).exitCode).to.equal(0);
    expect((await explain(undefined, ['--header', `Authorization: Bearer ${token}`, ...list])).exitCode).to.equal(0);
  });

  it('is JSON where that is asked for, without the token', async () => {
    const token = issuer.token({ scope: 'other', email: 'alice@example.com' });
    const { out } = await explain(token, ['--json', ...list]);
    expect(JSON.parse(out)).to.deep.include({
      route: { method: 'GET', path: '/books', handler: 'BookController.list' },
      isAllowed: false,
      status: 403,
      error: 'insufficient_scope',
      claims: ['iss', 'aud', 'sub', 'iat', 'exp', 'scope', 'email'],
    });
    expect(out).not.to.contain(token).and.not.to.contain('alice');
  });

  it('is colored where somebody looks, or it is forced, and never where NO_COLOR is set', async () => {
    const isColored = async (given: Given): Promise<boolean> =>
      (await explain(undefined, list, given)).out.includes('\u001b[31m');
    expect(await isColored({})).to.equal(false);
    expect(await isColored({ isTTY: true })).to.equal(true);
    expect(await isColored({ env: { FORCE_COLOR: '1' } })).to.equal(true);
    expect(await isColored({ isTTY: true, env: { NO_COLOR: '1' } })).to.equal(false);
    expect(await isColored({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).to.equal(false);
    expect(await isColored({ isTTY: true, env: { NO_COLOR: '' } })).to.equal(true);
    expect(await isColored({ isTTY: true, env: { TERM: 'dumb' } })).to.equal(false);
  });

  for (const [what, parameters, said] of [
    ['no path', ['GET'], 'Name the file'],
    ['a path without a slash', ['GET', 'books'], 'Name the file'],
    ['a header without a colon', ['--header', 'secret', ...list], "must read 'Name: value'"],
    ['an empty token', ['--token', '', ...list], 'The token is empty'],
  ] as readonly (readonly [string, string[], string])[])
    it(`is not understood: ${what}`, async () => {
      const { exitCode, out, err } = await ran(['explain', books, ...parameters]);
      expect([exitCode, out]).to.deep.equal([2, '']);
      expect(err).to.contain(said);
    });
});
