import { createPublicKey } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { defineSettings } from '../../src/core/settings';
import { VerifiedTokens } from '../../src/core/verified-tokens';
import { makeKey } from '../issuer/scripted-issuer';

const key = { kid: 'k1', keyObject: createPublicKey(makeKey('k1').privateKey) };
const verified = Object.freeze({ header: {}, claims: { sub: 'alice' } });
const settings = defineSettings({ audience: 'api', domain: 'auth.example.com' });
const entry = { token: verified, key, settings };

describe('VerifiedTokens', () => {
  it('gives back what it was given, for this very token', () => {
    const tokens = new VerifiedTokens(10);
    tokens.set('a.b.c', entry);
    expect(tokens.get('a.b.c')).to.deep.equal(entry);
    expect(tokens.get('a.b.c')?.token).to.equal(verified);
    expect(tokens.get('a.b.C')).to.equal(undefined);
    expect(tokens.get('__proto__')).to.equal(undefined);
  });

  it('keeps nothing where its size is 0', () => {
    const tokens = new VerifiedTokens(0);
    tokens.set('a.b.c', entry);
    expect(tokens.get('a.b.c')).to.equal(undefined);
  });

  it('forgets the one that was used least lately', () => {
    const tokens = new VerifiedTokens(2);
    for (const token of ['one', 'two']) tokens.set(token, entry);
    tokens.get('one');
    tokens.set('three', entry);
    expect(['one', 'two', 'three'].map(token => tokens.get(token) !== undefined)).to.deep.equal([true, false, true]);
  });

  it('keeps about 32 MiB, however many tokens fit into its size', () => {
    const tokens = new VerifiedTokens(1_000_000);
    const names = Array.from({ length: 1000 }, (_, index) => String(index).padEnd(12_000, 'x'));
    for (const name of names) tokens.set(name, entry);
    const kept = names.filter(name => tokens.get(name) !== undefined).length;
    expect(kept).to.be.within(500, 800);
  });

  it('keeps no token as it is', () => {
    const tokens = new VerifiedTokens(10);
    tokens.set('secret.token.mark', entry);
    expect(inspect(tokens, { showHidden: true, depth: null })).not.to.contain('secret.token.mark');
  });
});
