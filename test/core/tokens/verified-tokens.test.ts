import { createPublicKey } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { JwksManager } from '../../../src/core/issuers/jwks-manager';
import { defineSettings } from '../../../src/core/settings/define-settings';
import { KnownToken, tokenHashOf, VerifiedTokens } from '../../../src/core/tokens/verified-tokens';
import { makeKey } from '../../issuer/scripted-issuer';
import { onlyWithCaches } from '../../plain';

const key = { kid: 'k1', keyObject: createPublicKey(makeKey('k1').privateKey) };
const settings = defineSettings({ audience: 'api', domain: 'auth.example.com' });
const issuerKeys = new JwksManager(settings).keysOf();

function known(claimsText = '{"sub":"alice","scope":"a b","deep":{"er":[{}]}}'): KnownToken {
  return new KnownToken({ header: { alg: 'RS256' }, claims: {}, claimsText }, key, issuerKeys, settings);
}

function keptIn(tokens: VerifiedTokens, token: string): KnownToken | undefined {
  return tokens.get(tokenHashOf(token));
}

function keep(tokens: VerifiedTokens, token: string, kept = known()): void {
  tokens.set(tokenHashOf(token), kept);
}

describe('VerifiedTokens', () => {
  onlyWithCaches();
  it('gives back what it was given, for this very token', () => {
    const tokens = new VerifiedTokens(10);
    const kept = known();
    keep(tokens, 'a.b.c', kept);
    expect(keptIn(tokens, 'a.b.c')).to.equal(kept);
    expect(keptIn(tokens, 'a.b.C')).to.equal(undefined);
    expect(keptIn(tokens, '__proto__')).to.equal(undefined);
  });

  it('keeps nothing where its size is 0', () => {
    const tokens = new VerifiedTokens(0);
    keep(tokens, 'a.b.c');
    expect(keptIn(tokens, 'a.b.c')).to.equal(undefined);
    expect(tokens.delete('a.b.c')).to.equal(false);
    expect(tokens.deleteWhere(() => true)).to.equal(0);
  });

  it('forgets the one that was used least lately', () => {
    const tokens = new VerifiedTokens(2);
    for (const token of ['one', 'two']) keep(tokens, token);
    keptIn(tokens, 'one');
    keep(tokens, 'three');
    expect(['one', 'two', 'three'].map(token => keptIn(tokens, token) !== undefined)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('keeps about 32 MiB, however many tokens fit into its size', () => {
    const tokens = new VerifiedTokens(1_000_000);
    const claimsText = `{"sub":"${'x'.repeat(9000)}"}`;
    const names = Array.from({ length: 1000 }, (_, index) => String(index));
    for (const name of names) keep(tokens, name, known(claimsText));
    const kept = names.filter(name => keptIn(tokens, name) !== undefined).length;
    expect(kept).to.be.within(500, 800);
  });

  it('keeps no token as it is', () => {
    const tokens = new VerifiedTokens(10);
    keep(tokens, 'secret.token.mark');
    expect(inspect(tokens, { showHidden: true, depth: null })).not.to.contain('secret.token.mark');
  });
});

describe('KnownToken', () => {
  it('gives claims and grants when they are asked for, frozen, and the same ones each time', () => {
    const token = known();
    const { accepted } = token;
    expect(accepted.token.claims).to.deep.equal({ sub: 'alice', scope: 'a b', deep: { er: [{}] } });
    expect(accepted.grants).to.deep.equal({ scopes: ['a', 'b'], roles: [], permissions: [] });
    const { claims } = accepted.token;
    for (const part of [accepted.token, claims, claims.deep, accepted.grants, accepted.grants.scopes])
      expect(Object.isFrozen(part)).to.equal(true);
    expect(token.accepted).to.equal(token.accepted);
  });
});
