import { expect } from 'chai';
import type { Caller } from '../../src/authentication/request-context';
import { AccessTokenUser } from '../../src/authentication/user';
import { ImproperlyConfigured } from '../../src/core/http/exceptions';
import { addressOf } from '../../src/core/http/client-address';
import { callerKeyOf } from '../../src/throttling/identity';

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
    // Regression: behind a translator, all IPv4 clients were one.
    ['64:ff9b::192.0.2.7', '192.0.2.7'],
    ['64:ff9b::c000:208', '192.0.2.8'],
    ['64:ff9b:0:0:0:1:c000:208', '64:ff9b:0:0::/64'],
    ['64:ff9c::192.0.2.7', '64:ff9c:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    // As Azure's Application Gateway writes it; RFC 7239 §6 has the brackets.
    ['192.0.2.7:40001', '192.0.2.7'],
    ['[2001:db8:1:2::1]:40001', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
    ['[::ffff:192.0.2.7]:1', '192.0.2.7'],
  ] as const)
    it(`${ip} is ${identity}`, () => {
      expect(addressOf({ ip, socket: { remoteAddress: '198.51.100.1' } })).to.equal(identity);
    });

  for (const ip of [undefined, '', 'unknown', '_hidden', '192.0.2', '2001:db8::1::2', 'a'.repeat(5000)])
    it(`that is invalid, ${String(ip).slice(0, 20)}, is the peer's`, () => {
      expect(addressOf({ ip, socket: { remoteAddress: '::ffff:198.51.100.1' } })).to.equal('198.51.100.1');
    });

  it('of a connection that is gone is one for all', () => {
    expect(addressOf({ ip: undefined, socket: {} })).to.equal('unknown');
  });
});

describe('the identity of a caller', () => {
  class TicketAuthentication {}
  const auth = { authenticator: new TicketAuthentication() };
  const of = (user: object, authJwt: object | null = null) => callerKeyOf({ user, auth, authJwt } as Caller);
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
      const user = new AccessTokenUser(claims, { scopes: [], roles: [], permissions: [] });
      expect(of(user, claims)).to.equal(identity);
    });

  // Regression: with another subject claim, `sub` may be the client in each user's token, and all users shared one count.
  it('is the subject of the first claim, also where `sub` is the client', () => {
    const claims = { iss: 'https://a', sub: 'web', client_id: 'web', 'https://a/user': 'alice' };
    const subject = { claim: 'https://a/user', value: 'alice', isFirst: true };
    const user = new AccessTokenUser(claims, { scopes: [], roles: [], permissions: [] }, subject);
    expect(of(user, claims)).to.equal('claim:14:https://a/user:9:https://a:alice');
    const own = { claim: 'client_id', value: 'web', isFirst: false };
    const client = new AccessTokenUser(claims, { scopes: [], roles: [], permissions: [] }, own);
    expect(of(client, claims)).to.equal('client:9:https://a:web');
  });

  it('without a token is the name of the user, which no subject of an issuer meets', () => {
    expect(of(somebody)).to.equal('user:sub:alice');
    expect(of({ isAuthenticated: true, id: 7 })).to.equal('user:id:number:7');
    expect(of({ isAuthenticated: true, id: '7' })).to.equal('user:id:string:7');
    expect(of({ isAuthenticated: true, id: 7n })).to.equal('user:id:bigint:7');
  });

  // Regression: all users whose class returns claims without a subject shared one count.
  it('is the user of the app where the claims name no subject', () => {
    expect(of({ isAuthenticated: true, id: 7 }, { iss: 'https://a' })).to.equal('user:id:number:7');
    expect(of(somebody, { iss: 'https://a', sub: 7 })).to.equal('user:sub:alice');
  });

  // Regression: all users behind one service's token shared one count.
  it('has the user of the app, too, where that is another one than the token names', () => {
    const service = { iss: 'https://a', sub: 'gateway', client_id: 'gateway' };
    const token = '26:client:9:https://a:gateway';
    expect(of({ isAuthenticated: true, id: 1 }, service)).to.equal(`both:${token}:user:id:number:1`);
    expect(of({ isAuthenticated: true, id: 2 }, service)).to.equal(`both:${token}:user:id:number:2`);
    expect(of(somebody, service)).to.equal(`both:${token}:user:sub:alice`);
    expect(of({ isAuthenticated: true, sub: 'gateway' }, service)).to.equal(token.slice(3));
    expect(of({ isAuthenticated: true }, service)).to.equal(token.slice(3));
  });

  it('has the issuer of a user of the app that names one', () => {
    expect(of({ ...somebody, iss: 'https://a' })).to.equal('user:iss:9:https://a:alice');
    expect(of({ ...somebody, iss: 7 })).to.equal('user:sub:alice');
  });

  // Regression: a document of Mongoose, whose id is an accessor of its class, was a configuration error.
  it('is an id that the class of the user computes', () => {
    class Account {
      readonly isAuthenticated = true;
      get id() {
        return '665f1';
      }
    }
    expect(of(new Account())).to.equal('user:id:string:665f1');
  });

  it('is never the same for two users', () => {
    const users = [{ sub: '1' }, { id: 1 }, { id: '1' }, { sub: 'number:1' }, { id: 'number:1' }, { sub: '2' }];
    const keys = users.map(user => of({ isAuthenticated: true, ...user }));
    expect(new Set([...keys, of(somebody, { sub: '1' })]).size).to.equal(users.length + 1);
  });

  for (const user of [{ isAuthenticated: false }, { isAuthenticated: false, sub: 'alice' }])
    it(`does not exist for ${JSON.stringify(user)}`, () => {
      expect(of(user)).to.equal(undefined);
    });

  for (const [what, user] of Object.entries<object>({
    'an object as the id': { id: {} },
    'neither sub nor id': {},
    'an empty id': { id: '' },
    'an id that is not safe': { id: 2 ** 53 },
    'an id that is NaN': { id: NaN },
    'an id that is true': { id: true },
    'an empty sub': { sub: '' },
  }))
    it(`is a mistake of the authentication class for a user with ${what}`, () => {
      expect(() => of({ isAuthenticated: true, ...user })).to.throw(
        ImproperlyConfigured,
        /^TicketAuthentication returned a user with neither sub nor id/,
      );
    });
});
