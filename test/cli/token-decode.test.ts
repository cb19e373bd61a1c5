import { expect } from 'chai';
import { signed, signingKey } from '../issuer/test-issuer';
import { ran } from './terminal';

const key = signingKey('k1');
const claims = {
  iss: 'https://id.example',
  sub: 'alice',
  email: 'alice@example.com',
  exp: 1_700_000_000,
  roles: ['admin', 'editor'],
  active: true,
};
const token = signed({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' }, claims, key);
const signature = token.split('.')[2]!;

describe('axioms token decode', () => {
  it('prints header and claims, of somebody only their names, and never the signature', async () => {
    const { exitCode, out, err } = await ran(['token', 'decode'], { input: `Bearer ${token}\n` });
    expect([exitCode, err]).to.deep.equal([0, '']);
    expect(out).to.equal(
      [
        'Header',
        '  alg: ES256',
        '  kid: k1',
        '  typ: at+jwt',
        'Claims (not verified)',
        '  iss: https://id.example',
        '  sub: (string)',
        '  email: (string)',
        '  exp: 1700000000 (2023-11-14T22:13:20.000Z)',
        '  roles: (list of 2)',
        '  active: (boolean)',
        '',
      ].join('\n'),
    );
  });

  it('prints values where they are asked for', async () => {
    const { out } = await ran(['token', 'decode', token, '--values', '--json']);
    expect(JSON.parse(out)).to.deep.equal({ header: { alg: 'ES256', kid: 'k1', typ: 'at+jwt' }, claims });
    expect(out).not.to.contain(signature);
  });

  it('says of anything else that it is no token, and does not repeat it', async () => {
    for (const text of ['secret-opaque-token', 'a.b.c', token.slice(0, -1) + '!', `${token}.x`]) {
      const { exitCode, out, err } = await ran(['token', 'decode', text]);
      expect([exitCode, out]).to.deep.equal([2, '']);
      expect(err)
        .to.match(/That is (?:no JWT|an (?:opaque|encrypted) token)/)
        .and.not.to.contain(text);
    }
    expect((await ran(['token', 'decode'], { input: ' \n' })).err).to.contain('The token is empty');
  });

  it('lets a token neither color nor move the cursor', async () => {
    const { out } = await ran([
      'token',
      'decode',
      signed({ alg: 'ES256', kid: '\u001b[2J' }, { 'a\u001b]0;x\u0007': 1, iss: 'x\ny' }, key),
    ]);
    expect(out).to.equal('Header\n  alg: ES256\n  kid: ?[2J\nClaims (not verified)\n  a?]0;x?: (number)\n  iss: x?y\n');
  });

  it('says which tokens only others can read', async () => {
    const jwe = `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..iv.text.tag`;
    const errOf = async (token: string): Promise<string> => (await ran(['token', 'decode', token])).err;
    expect(await errOf('2YotnFZFEjr1zCsicMWpAA')).to.contain('That is an opaque token, not a JWT: only its issuer');
    expect(await errOf(jwe)).to.contain('That is an encrypted token (JWE): only the holder of the key');
    expect(await errOf(jwe.replace('.iv', ''))).to.contain('That is no JWT: three parts');
  });
});
