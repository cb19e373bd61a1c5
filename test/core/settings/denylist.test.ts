import { expect } from 'chai';
import type { RevokedTokens } from 'axioms-routing-controllers';
import { MemoryDenylist } from 'axioms-routing-controllers';

const iss = 'https://auth.example.com';
const now = 1_700_000_000;
/** The longest `clockTolerance`: a server may accept a token for so long after its end. */
const tolerance = 300;
const token = { iss, jti: 'j', sub: 'alice', sid: 's', client_id: 'web', iat: now - 100 };

function denylist(options: ConstructorParameters<typeof MemoryDenylist>[0] = {}) {
  const time = { now };
  const list = new MemoryDenylist(options);
  list.clock = () => time.now * 1000;
  return { list, time };
}

describe('a denylist in memory', () => {
  type Row = [which: object, claims: object, isRevoked: boolean];
  const rows: Row[] = [
    [{ iss, jti: 'j' }, token, true],
    [{ iss, sub: 'alice' }, token, true],
    [{ iss, sid: 's' }, token, true],
    [{ iss, client_id: 'web' }, token, true],
    [{ iss, client_id: 'web' }, { ...token, client_id: undefined, azp: 'web' }, true],
    [{ iss, client_id: 'web' }, { ...token, client_id: 'other', azp: 'web' }, false],
    [{ iss, jti: 'J' }, token, false],
    [{ iss, jti: 'alice' }, token, false],
    [{ iss, sub: 'j' }, token, false],
    [{ iss, sid: 'alice' }, token, false],
    [{ iss: `${iss}/`, jti: 'j' }, token, false],
    [{ iss: 'https://other.example.com', sub: 'alice' }, token, false],
    [{ iss, jti: 'undefined' }, { iss, sub: 'alice' }, false],
    [{ iss, jti: '7' }, { iss, sub: 'alice', jti: 7 }, false],
    [{ iss, sub: 'alice', sid: 's' }, token, true],
    [{ iss, sub: 'alice', sid: 's' }, { ...token, sub: 'bob' }, true],
    [{ iss, sub: 'alice', sid: 's' }, { ...token, sid: 'another' }, false],
    [{ iss, sub: 'alice', sid: 's' }, { ...token, sid: undefined }, true],
    [{ iss, sub: 'alice', sid: 's' }, { ...token, sub: 'bob', sid: undefined }, false],
    [{ iss, sub: 'alice', before: now }, token, true],
    [{ iss, sub: 'alice', before: now - 100 }, token, true],
    [{ iss, sub: 'alice', before: now - 105 }, token, true],
    [{ iss, sub: 'alice', before: now - 105.5 }, token, false],
    [{ iss, sub: 'alice', before: now }, { ...token, iat: now + 5 }, true],
    [{ iss, sub: 'alice', before: now }, { ...token, iat: now + 6 }, false],
    [{ iss, sub: 'alice', before: now }, { ...token, iat: undefined }, true],
    [{ iss, sub: 'alice', before: 0 }, { ...token, iat: undefined }, true],
    [{ iss, sub: 'alice', before: now }, { ...token, iat: NaN }, true],
    [{ iss, sub: 'alice', before: now }, { ...token, iat: '9999999999' }, true],
    [{ iss, sub: 'alice', before: undefined, expiresAt: undefined }, token, true],
  ];
  for (const [which, claims, isRevoked] of rows)
    it(`to which ${JSON.stringify(which)} was given ${isRevoked ? 'refuses' : 'knows nothing of'} ${JSON.stringify(claims)}`, () => {
      const { list } = denylist();
      list.revoke(which as RevokedTokens);
      expect(list.isRevoked(claims as never)).to.equal(isRevoked);
    });

  it('is empty at first', () => {
    expect(denylist().list.isRevoked(token)).to.equal(false);
  });

  const wrong: unknown[] = [
    { jti: 'j' },
    { iss },
    { iss: '', jti: 'j' },
    { iss, jti: '' },
    { iss, jti: 7 },
    { iss, jti: undefined },
    { iss, jti: 'j', sub: 'alice' },
    { iss, sub: 'alice', client_id: 'web' },
    { iss, sub: 'alice', sid: 's', jti: 'j' },
    { iss, subject: 'alice' },
    { iss, sub: 'alice', token: 'x' },
    { iss, sub: 'alice', before: 'yesterday' },
    { iss, sub: 'alice', before: new Date(0) },
    { iss, sub: 'alice', before: NaN },
    { iss, sub: 'alice', before: -1 },
    { iss, sub: 'alice', before: now * 1000 },
    { iss, sub: 'alice', before: null },
    { iss, sub: 'alice', expiresAt: now * 1000 },
    {},
  ];
  for (const which of wrong)
    it(`refuses what does not say clearly which tokens are meant: ${JSON.stringify(which)}`, () => {
      const { list } = denylist();
      expect(() => {
        list.revoke(which as RevokedTokens);
      }).to.throw(TypeError, 'revoke() takes');
      expect(list.isRevoked(token)).to.equal(false);
    });

  it('of two revocations keeps the one that refuses more, and the one that lasts longer', () => {
    const { list, time } = denylist();
    const young = { ...token, iat: now - 10 };
    list.revoke({ iss, sub: 'alice', before: now - 50, expiresAt: now + 100 });
    expect(list.isRevoked(young)).to.equal(false);
    list.revoke({ iss, sub: 'alice', before: now, expiresAt: now + 50 });
    list.revoke({ iss, sub: 'alice', before: now - 60, expiresAt: now + 60 });
    time.now = now + 100 + tolerance - 1;
    expect(list.isRevoked(young)).to.equal(true);
    time.now = now + 100 + tolerance;
    expect(list.isRevoked(token)).to.equal(false);
  });

  it('forgets after its ttl and the longest clockTolerance, and not before', () => {
    const { list, time } = denylist({ ttl: 60 });
    list.revoke({ iss, jti: 'j' });
    time.now = now + 60 + tolerance - 0.001;
    expect(list.isRevoked(token)).to.equal(true);
    time.now = now + 60 + tolerance;
    expect(list.isRevoked(token)).to.equal(false);
  });

  it('remembers for seven days by default', () => {
    const { list, time } = denylist();
    list.revoke({ iss, jti: 'j' });
    time.now = now + 7 * 86_400 - 1;
    expect(list.isRevoked(token)).to.equal(true);
  });

  it('is bounded, and forgets nothing that counts: it says that it is full', () => {
    const { list, time } = denylist({ maxEntries: 3 });
    const full = 'The denylist is full';
    for (const jti of ['a', 'b']) list.revoke({ iss, jti, expiresAt: now + 10 });
    expect(() => {
      list.revoke({ iss, sub: 'alice', sid: 's' });
    }).to.throw(full);
    expect(list.isRevoked(token)).to.equal(false);
    list.revoke({ iss, jti: 'c' });
    list.revoke({ iss, jti: 'a', expiresAt: now + 20 });
    expect(() => list.useOnce(iss, 'x', now + 10)).to.throw(full);
    for (const jti of ['a', 'b', 'c']) expect(list.isRevoked({ ...token, jti })).to.equal(true);
    time.now = now + 10 + tolerance;
    list.revoke({ iss, jti: 'd' });
    expect(['a', 'b', 'c', 'd'].map(jti => list.isRevoked({ ...token, jti }))).to.deep.equal([true, false, true, true]);
  });

  it('lets be used once, until it is over, and by each issuer for itself', () => {
    const { list, time } = denylist();
    const use = (issuer = iss, jti = 'once') => list.useOnce(issuer, jti, now + 10);
    expect([use(), use(), use(`${iss}/`), use(iss, 'other'), use()]).to.deep.equal([true, false, true, true, false]);
    expect(list.isRevoked({ ...token, jti: 'once' })).to.equal(false);
    time.now = now + 10;
    expect(list.useOnce(iss, 'once', now + 20)).to.equal(true);
  });
});
