import { expect } from 'chai';
import type { Request } from 'express';
import type { Caller } from '../../src/authentication/caller';
import { addressOf, callerKeyOf } from '../../src/throttling/identity';

describe('the identity of an address', () => {
  for (const [ip, identity] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:0::9', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const)
    it(`${ip} is ${identity}`, () => {
      expect(addressOf({ ip, socket: { remoteAddress: '198.51.100.1' } } as Request)).to.equal(identity);
    });

  for (const ip of [
    undefined,
    '',
    'unknown',
    '_hidden',
    '192.0.2.7:1234',
    '192.0.2',
    '2001:db8::1::2',
    'a'.repeat(5000),
  ])
    it(`that is none, ${String(ip).slice(0, 20)}, is the peer's`, () => {
      expect(addressOf({ ip, socket: { remoteAddress: '::ffff:198.51.100.1' } } as Request)).to.equal('198.51.100.1');
    });

  it('of a connection that is gone is one for all', () => {
    expect(addressOf({ ip: undefined, socket: {} } as Request)).to.equal('unknown');
  });
});

describe('the identity of a caller', () => {
  const of = (user: object, authJwt: object | null = null) => callerKeyOf({ user, authJwt } as Caller);
  const somebody = { isAuthenticated: true, sub: 'alice' };

  for (const [claims, identity] of [
    [{ iss: 'https://a', sub: 'alice' }, 'sub:9:https://a:alice'],
    [{ iss: 'https://b', sub: 'alice' }, 'sub:9:https://b:alice'],
    [{ iss: 'https://a', sub: 'alice', client_id: 'web' }, 'sub:9:https://a:alice'],
    [{ iss: 'https://a', sub: 'web', client_id: 'web' }, 'client:9:https://a:web'],
    [{ iss: 'https://a', sub: 'web', azp: 'web' }, 'client:9:https://a:web'],
    [{ iss: 'https://a', sub: 'web@clients', azp: 'web', gty: 'client-credentials' }, 'client:9:https://a:web'],
    [{ iss: 'https://a', sub: 'service-1', client_id: 'web', gty: 'client-credentials' }, 'client:9:https://a:web'],
    [{ iss: 'https://a', sub: 'web', client_id: ['web'] }, 'sub:9:https://a:web'],
    [{ sub: 'alice' }, 'sub:0::alice'],
  ] as const)
    it(`of ${JSON.stringify(claims)} is ${identity}`, () => {
      expect(of(somebody, claims)).to.equal(identity);
    });

  it('without a token is the name of the user, which no subject of an issuer meets', () => {
    expect(of(somebody)).to.equal('user:string:alice');
    expect(of({ isAuthenticated: true, id: 7 })).to.equal('user:number:7');
    expect(of({ isAuthenticated: true, id: '7' })).to.equal('user:string:7');
  });

  for (const user of [
    { isAuthenticated: false },
    { isAuthenticated: false, sub: 'alice' },
    { isAuthenticated: true, id: {} },
  ])
    it(`is not known of ${JSON.stringify(user)}`, () => {
      expect(of(user)).to.equal(undefined);
    });
});
