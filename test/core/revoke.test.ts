import { expect } from 'chai';
import { AccessTokenVerifier, type Revocation } from '../../src/core/tokens/access-token';
import { JwksManager } from '../../src/core/issuers/jwks-manager';
import type { VerificationKey } from '../../src/core/issuers/key-set';
import { defineSettings } from '../../src/core/settings/define-settings';
import type { SettingsInput } from '../../src/core/settings/settings';
import type { Soon } from '../../src/core/time/soon';
import { TestIssuer } from '../issuer/test-issuer';
import { onlyWithCaches } from '../plain';

/** Counts the verifications that were not answered from the cache. */
class CountingKeys extends JwksManager {
  lookups = 0;

  override getKeySoon(...named: Parameters<JwksManager['getKeySoon']>): Soon<VerificationKey> {
    this.lookups++;
    return super.getKeySoon(...named);
  }
}

describe('AccessTokenVerifier.revoke', () => {
  let one: TestIssuer;
  let two: TestIssuer;
  let keys: CountingKeys;
  let verifier: AccessTokenVerifier;

  before(async () => {
    [one, two] = await Promise.all([TestIssuer.start(), TestIssuer.start()]);
  });
  after(() => Promise.all([one.close(), two.close()]));
  afterEach(() => {
    // A pending test has made none.
    (keys as CountingKeys | undefined)?.close();
  });
  onlyWithCaches();

  function start(input: SettingsInput = {}): void {
    const { audience, logger } = one.settings();
    const issuers = [one, two].map(({ url }) => ({ issuerUrl: url, audience }));
    const settings = defineSettings({ issuers, logger, ...input });
    keys = new CountingKeys(settings);
    verifier = new AccessTokenVerifier(settings, keys);
  }

  /** Of these tokens, those that are not in the cache any more. */
  async function forgotten(tokens: Record<string, string>): Promise<string[]> {
    const names: string[] = [];
    for (const [name, token] of Object.entries(tokens)) {
      const before = keys.lookups;
      await verifier.verify(token);
      if (keys.lookups > before) names.push(name);
    }
    return names;
  }

  const claims = { sub: 'alice', sid: 's1', client_id: 'app', jti: 'j1' };

  async function cached(): Promise<Record<string, string>> {
    const tokens = {
      alice: one.token(claims),
      otherSession: one.token({ ...claims, sid: 's2', jti: 'j2' }),
      bob: one.token({ sub: 'bob', client_id: 'app', jti: 'j3' }),
      elsewhere: two.token(claims),
    };
    expect(await forgotten(tokens)).to.deep.equal(Object.keys(tokens));
    expect(await forgotten(tokens)).to.deep.equal([]);
    return tokens;
  }

  it('forgets one token, which is then checked in full', async () => {
    start();
    const tokens = await cached();
    expect(verifier.revoke({ token: tokens.alice! })).to.equal(1);
    expect(verifier.revoke({ token: tokens.alice! })).to.equal(0);
    expect(await forgotten(tokens)).to.deep.equal(['alice']);
  });

  const meant: [claims: object, names: string[]][] = [
    [{ jti: 'j1' }, ['alice']],
    [{ sid: 's2' }, ['otherSession']],
    [{ sub: 'alice' }, ['alice', 'otherSession']],
    [{ client_id: 'app' }, ['alice', 'otherSession', 'bob']],
    [{ sub: 'alice', sid: 's1' }, ['alice']],
    [{ sub: 'alice', jti: 'j3' }, []],
    [{ sub: 'alice', sid: undefined }, ['alice', 'otherSession']],
  ];
  for (const [named, names] of meant) {
    it(`forgets those with ${JSON.stringify(named)}, of this issuer alone`, async () => {
      start();
      const tokens = await cached();
      expect(verifier.revoke({ iss: one.url, ...named })).to.equal(names.length);
      expect(await forgotten(tokens)).to.deep.equal(names);
    });
  }

  it('refuses what does not say which tokens are meant', () => {
    start();
    const wrong = [
      {},
      { sub: 'alice' },
      { iss: one.url },
      { iss: one.url, sub: 7 },
      { iss: one.url, email: 'a' },
      { token: undefined },
    ];
    for (const which of wrong)
      expect(() => verifier.revoke(which as Revocation), JSON.stringify(which)).to.throw(TypeError);
  });

  it('has nothing to forget where the cache is off', async () => {
    start({ tokenCacheSize: 0 });
    const token = one.token(claims);
    await verifier.verify(token);
    expect(verifier.revoke({ token })).to.equal(0);
    expect(verifier.revoke({ iss: one.url, sub: 'alice' })).to.equal(0);
  });
});
