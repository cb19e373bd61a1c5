import { expect } from 'chai';
import { TestClient, forgeProof, forgedProofs, type ForgedProofName } from 'axioms-routing-controllers/testing';
import { audience, TestIssuer } from '../issuer/test-issuer';
import { Nonces } from '../../src/core/proofs/nonces';
import { ran, type Ran } from './terminal';

const externalUrl = 'https://api.example.com';
const url = `${externalUrl}/books`;

/** What fails of each forged proof, besides the verdict. */
const broken: Readonly<Record<ForgedProofName, readonly string[]>> = {
  empty: ['form'],
  garbage: ['form'],
  'no-signature': ['form'],
  padded: ['form'],
  'duplicate-member': ['form'],
  'too-long': ['field'],
  'no-type': ['type'],
  'wrong-type': ['type'],
  'plain-type': ['type'],
  'listed-type': ['type'],
  'alg-none': ['algorithm', 'signature'],
  'no-algorithm': ['algorithm', 'signature'],
  hmac: ['algorithm', 'signature'],
  crit: ['extensions'],
  'unencoded-payload': ['extensions'],
  'no-key': ['key', 'bound key'],
  'listed-key': ['key', 'bound key'],
  'empty-key': ['key', 'bound key'],
  'symmetric-key': ['key', 'bound key'],
  'private-key': ['key'],
  'another-key': ['bound key'],
  'borrowed-key': ['signature'],
  tampered: ['signature'],
  'another-method': ['method'],
  'lower-case-method': ['method'],
  'no-method': ['method'],
  'no-url': ['URL'],
  'listed-url': ['URL'],
  'another-host': ['URL'],
  'another-scheme': ['URL'],
  'another-port': ['URL'],
  'another-path': ['URL'],
  'user-information': ['URL'],
  'path-only': ['URL'],
  old: ['times'],
  future: ['times'],
  'far-future': ['times'],
  'no-time': ['times'],
  'text-time': ['times'],
  'over-by-exp': ['times'],
  'early-by-nbf': ['times'],
  'no-identifier': ['identifier'],
  'empty-identifier': ['identifier'],
  'numeric-identifier': ['identifier'],
  'long-identifier': ['identifier'],
  'no-token-hash': ['token'],
  'another-token': ['token'],
};

describe('axioms doctor --proof', () => {
  let issuer: TestIssuer;
  let client: TestClient;
  let token: string;
  beforeEach(async () => {
    issuer = await TestIssuer.start();
    client = new TestClient(issuer, { externalUrl });
    token = client.token();
  });
  afterEach(() => issuer.close());

  const target = () => ({ method: 'GET', url, token });

  function doctor(input: string, parameters: readonly string[] = [], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const settings = { AXIOMS_AUDIENCE: audience, AXIOMS_ISS_URL: issuer.url };
    const env = { ...settings, AXIOMS_DPOP: 'allowed', AXIOMS_EXTERNAL_URL: externalUrl, ...more };
    return ran(['doctor', '--token', '-', ...parameters], { env, input });
  }

  const asked = ['--method', 'get', '--url', '/books'];

  function doctorOf(proof: string, parameters = asked, more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return doctor(`${token}\n${proof}\n`, ['--proof', '-', ...parameters], more);
  }

  function failuresOf({ out }: Ran): readonly string[] {
    return [...out.matchAll(/^✗ (.*)$/gm)].map(([, name = '']) => name);
  }

  function stateOf({ out }: Ran, name: string): Record<string, string> {
    const [, mark = '', rest = ''] = new RegExp(`^(.) ${name}\\n((?: {4}.*\\n)*)`, 'm').exec(out) ?? [];
    const lines = rest.split('\n').map(line => /^ {4}(\S+) +(.*)$/.exec(line) ?? ['', 'mark', mark]);
    return Object.fromEntries(lines.map(([, what = '', text = '']) => [what, text]));
  }

  it('finds all well of a good proof, with a line for each rule of RFC 9449 §4.3', async () => {
    const { exitCode, out, err } = await doctorOf(client.proof(target()));
    expect([exitCode, err]).to.deep.equal([0, '']);
    const lines = out.slice(out.indexOf('✓ token: binding'));
    expect(
      lines.replace(/(?:iat|exp) (?:in )?\d+ s(?: ago)?/g, 'TIME').replace(/first of \d+ bytes/, 'first of SIZE'),
    ).to.equal(
      [
        '✓ token: binding',
        '    expected  cnf.jkt, and a proof of that key',
        '    seen      both',
        '✓ proof: field',
        '    expected  one field of at most 8192 bytes',
        '    seen      1 field, the first of SIZE',
        '✓ proof: form',
        '    expected  a signed JWT, three parts',
        '    seen      a signed JWT',
        '✓ proof: type',
        '    expected  typ dpop+jwt',
        '    seen      dpop+jwt',
        '✓ proof: algorithm',
        '    expected  ES256, ES384, EdDSA, Ed25519, RS256, PS256',
        '    seen      ES256',
        '✓ proof: extensions',
        '    expected  none',
        '    seen      none',
        '✓ proof: key',
        '    expected  jwk: a public key',
        '    seen      a public key',
        '✓ proof: signature',
        '    expected  by the key in jwk',
        '    seen      by it',
        '✓ proof: method',
        '    expected  htm GET',
        '    seen      GET',
        '✓ proof: URL',
        `    expected  htu ${url}`,
        `    seen      ${url}`,
        '✓ proof: identifier',
        '    expected  jti: a text of 1 to 256 characters',
        '    seen      36 characters',
        '✓ proof: times',
        '    expected  iat within 60 s of now; exp and nbf, if there, hold',
        '    seen      TIME',
        '✓ proof: token',
        '    expected  ath: the hash of the access token',
        '    seen      of this token',
        '✓ proof: bound key',
        "    expected  the key in the token's cnf.jkt",
        '    seen      that key',
        '✓ proof: nonce',
        '    expected  none, or a text',
        '    seen      none',
        '· proof: first use',
        '    expected  never sent before',
        "    seen      not asked: the server's store knows, and this command uses no proof up",
        '✓ token and proof',
        '    expected  accepted',
        '    seen      accepted',
        'All is well.',
        '',
      ].join('\n'),
    );
  });

  for (const [name, { title, error, description }] of Object.entries(forgedProofs))
    it(`says what is wrong with a proof ${title}, and what to do`, async () => {
      const proof = forgeProof(name as ForgedProofName, client, target());
      const found = await doctorOf(proof);
      expect(found.exitCode).to.equal(1);
      const lines = broken[name as ForgedProofName].map(one => `proof: ${one}`);
      expect(failuresOf(found)).to.deep.equal([...lines, 'token and proof']);
      for (const line of lines) expect(stateOf(found, line)['do'], line).to.match(/\w/);
      expect(stateOf(found, 'token and proof')['seen']).to.equal(`401 ${error} (${description})`);
    });

  it('shows nothing of the token or of a proof: neither a part, nor the key, nor an identifier', async () => {
    for (const name of Object.keys(forgedProofs) as ForgedProofName[]) {
      const proof = forgeProof(name, client, target());
      const { out } = await doctorOf(proof);
      const parts = [...token.split('.'), ...proof.split('.')].filter(part => part.length > 20);
      const { x, y, d } = client.key.privateKey.export({ format: 'jwk' });
      for (const secret of [...parts, x, y, d, client.thumbprint]) expect(out, name).not.to.contain(secret);
    }
  });

  it('shows no query and no password of a URL, which may hold a token', async () => {
    const htu = 'https://user:secret@api.example.com/books?access_token=secret#secret';
    const { out } = await doctorOf(client.proof(target(), { htu }), ['--url', `${url}?access_token=secret`]);
    expect(out).not.to.contain('secret');
  });

  it('uses no proof up: asked again, it says the same', async () => {
    const proof = client.proof(target());
    for (let time = 0; time < 2; time++) expect((await doctorOf(proof)).exitCode).to.equal(0);
  });

  it('goes by the method and URL that the proof names where none are given', async () => {
    expect((await doctorOf(client.proof(target()), [])).exitCode).to.equal(0);
    const elsewhere = await doctorOf(client.proof({ ...target(), url: 'https://evil.example/books' }), []);
    expect(failuresOf(elsewhere)).to.deep.equal(['proof: URL', 'token and proof']);
    expect(stateOf(elsewhere, 'proof: URL')['expected']).to.equal(`htu a URL behind externalUrl ${externalUrl}`);
    const lower = await doctorOf(client.proof(target(), { htm: 'get' }), []);
    expect(failuresOf(lower)).to.deep.equal(['proof: method']);
  });

  it('finds that externalUrl is not what the client calls, such as behind a proxy that takes a prefix away', async () => {
    const outside = `${externalUrl}/v1/books`;
    const proof = client.proof({ ...target(), url: outside });
    const wrong = { AXIOMS_EXTERNAL_URL: 'http://127.0.0.1:3000' };
    const found = await doctorOf(proof, ['--url', outside], wrong);
    expect(failuresOf(found)).to.deep.equal(['setting: externalUrl', 'token and proof']);
    expect(stateOf(found, 'setting: externalUrl')).to.deep.include({
      expected: `what clients see in place of this app's /: ${outside} begins with it`,
      seen: 'http://127.0.0.1:3000',
      do: "set 'externalUrl' (AXIOMS_EXTERNAL_URL) to it, with the prefix that a proxy takes away",
    });
    const right = { AXIOMS_EXTERNAL_URL: `${externalUrl}/v1/` };
    expect((await doctorOf(proof, ['--url', outside], right)).exitCode).to.equal(0);
    expect((await doctorOf(proof, ['--url', '/books'], right)).exitCode).to.equal(0);
    const other = await doctorOf(client.proof({ ...target(), url: `${externalUrl}/v11/books` }), [], right);
    expect(failuresOf(other)).to.deep.equal(['proof: URL', 'token and proof']);
  });

  it('finds that the path has dot segments, whatever the proof is for', async () => {
    for (const called of ['/files/../books', `${url}/.`, `${externalUrl}/files/%2e%2E/books?a=b`]) {
      const found = await doctorOf(client.proof(target()), ['--url', called]);
      expect([found.exitCode, failuresOf(found)]).to.deep.equal([1, ['proof: URL', 'token and proof']]);
    }
  });

  it('does not check the certificate of a token that is bound to one, and says so', async () => {
    token = issuer.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } });
    const found = await doctor(token, [], { AXIOMS_MTLS: 'allowed' });
    expect([found.exitCode, failuresOf(found)]).to.deep.equal([0, []]);
    expect(stateOf(found, 'token: certificate')).to.deep.include({ mark: '·', seen: 'no certificate to check' });
  });

  it('finds that the setting mtls is off, or requires a certificate of a token without one', async () => {
    token = issuer.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } });
    const off = await doctor(token);
    expect(failuresOf(off)).to.deep.equal(['token: certificate', 'token']);
    expect(stateOf(off, 'token: certificate')['do']).to.match(/^set 'mtls' \(AXIOMS_MTLS\) to allowed/);
    const unbound = await doctor(issuer.token(), [], { AXIOMS_MTLS: 'required' });
    expect(failuresOf(unbound)).to.deep.equal(['token: certificate', 'token']);
  });

  it('finds that a bound token is sent without a proof', async () => {
    const found = await doctor(token);
    expect(failuresOf(found)).to.deep.equal(['token: binding', 'token']);
    expect(stateOf(found, 'token: binding')).to.deep.include({
      expected: 'cnf.jkt, and a proof of that key',
      seen: 'no proof',
      do: "send 'Authorization: DPoP' with a proof in the header field DPoP; check that proof with --proof",
    });
  });

  it('finds that the setting dpop is off', async () => {
    const found = await doctorOf(client.proof(target()), asked, { AXIOMS_DPOP: 'off' });
    expect(failuresOf(found)).to.deep.equal(['token: binding', 'token and proof']);
    expect(stateOf(found, 'token: binding')).to.deep.include({
      seen: 'off',
      do: "set 'dpop' (AXIOMS_DPOP) to allowed, and 'externalUrl' (AXIOMS_EXTERNAL_URL)",
    });
  });

  it('finds that a token is not bound, where a proof is sent or the setting requires one', async () => {
    token = issuer.token();
    const withProof = await doctorOf(client.proof(target()));
    expect(failuresOf(withProof)).to.deep.equal(['token: binding', 'token and proof']);
    expect(stateOf(withProof, 'proof: bound key')).to.deep.include({ mark: '·', seen: 'no such key in the token' });
    expect(failuresOf(await doctor(token, [], { AXIOMS_DPOP: 'required' }))).to.deep.equal(['token: binding', 'token']);
    expect(failuresOf(await doctor(token))).to.deep.equal([]);
  });

  it('finds that a token is bound to something that cannot be checked', async () => {
    token = issuer.token({ cnf: { kid: 'secret-kid' } });
    const found = await doctorOf(client.proof(target()));
    expect(failuresOf(found)).to.deep.equal(['token: binding', 'token and proof']);
    expect(stateOf(found, 'token: binding')['seen']).to.equal('a cnf with something else');
    expect(found.out).not.to.contain('secret-kid');
  });

  it('checks a proof for an opaque token, without the key that only the issuer knows', async () => {
    token = 'opaque-token';
    const found = await doctorOf(client.proof(target()));
    expect(failuresOf(found)).to.deep.equal(['token: form', 'token and proof']);
    expect(stateOf(found, 'proof: token')['mark']).to.equal('✓');
    expect(stateOf(found, 'proof: bound key')['mark']).to.equal('·');
  });

  it('finds that two proofs are sent', async () => {
    const [one, two] = [client.proof(target()), client.proof(target())];
    const found = await doctor(`${token}\n${one}\n${two}`, ['--proof', '-', '--proof', '-', ...asked]);
    expect(failuresOf(found)).to.deep.equal(['proof: field', 'token and proof']);
    expect(stateOf(found, 'proof: field')['seen']).to.match(/^2 fields, the first of \d+ bytes$/);
  });

  it('finds that a nonce is no text', async () => {
    const found = await doctorOf(client.proof(target(), { nonce: 7 }));
    expect(failuresOf(found)).to.deep.equal(['proof: nonce', 'token and proof']);
  });

  it('finds that a nonce is missing, or not of this server, where dpopNonceSecret is set', async () => {
    const secret = 's'.repeat(40);
    const more = { AXIOMS_DPOP_NONCE_SECRET: secret };
    for (const [nonce, seen] of [
      [undefined, 'none'],
      ['wrong', 'one that is too old, or not for this key'],
      [new Nonces([secret]).nonceOf('another key', Date.now()), 'one that is too old, or not for this key'],
    ] as const) {
      const found = await doctorOf(client.proof(target(), nonce === undefined ? {} : { nonce }), asked, more);
      expect(found.exitCode).to.equal(1);
      expect(failuresOf(found)).to.deep.equal(['proof: nonce', 'token and proof']);
      expect(stateOf(found, 'proof: nonce')['seen']).to.equal(seen);
      expect(stateOf(found, 'token and proof')['seen']).to.match(/^401 use_dpop_nonce/);
      expect(found.out).not.to.contain(secret);
    }
    const nonce = new Nonces([secret]).nonceOf(client.thumbprint, Date.now());
    const good = await doctorOf(client.proof(target(), { nonce }), asked, more);
    expect([good.exitCode, failuresOf(good)]).to.deep.equal([0, []]);
  });

  it('reads header lines as they are copied, one from the standard input and one from the options', async () => {
    const proof = client.proof(target());
    const lines = await doctor(`Authorization: DPoP ${token}\r\nDPoP: ${proof}\r\n`, ['--proof', '-', ...asked]);
    expect(lines.exitCode).to.equal(0);
    expect((await doctor(token, ['--proof', proof, ...asked])).exitCode).to.equal(0);
  });

  it('says that a proof needs its token', async () => {
    const { exitCode, err } = await ran(['doctor', '--proof', 'x'], { env: {} });
    expect(exitCode).to.equal(2);
    expect(err).to.contain('A proof belongs to an access token: add --token.');
  });

  it('has the remedies in its JSON', async () => {
    const { out } = await doctorOf(client.proof(target(), { htm: 'POST' }), [...asked, '--json']);
    const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: { name: string; remedy?: string }[] };
    expect(ok).to.equal(false);
    expect(checks.find(({ name }) => name === 'proof: method')?.remedy).to.equal(
      'put the method of the request into htm, in capitals',
    );
  });
});
