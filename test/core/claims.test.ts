import { expect } from 'chai';
import { claimValue, grantsOf, type Claims } from '../../src/core/claims';
import { defineSettings, type SettingsInput } from '../../src/core/settings';

const claims = JSON.parse(`{
  "scope": "read write",
  "https://example.com/roles": ["admin"],
  "a.b": "dotted",
  "a": { "b": "nested", "": "empty", "x/y": "slash", "m~n": "tilde", "~1": "order" },
  "list": ["zero", { "deep": true }],
  "text": "abc",
  "nothing": null,
  "no": false,
  "zero": 0,
  "": "unnamed",
  "__proto__": { "role": "admin" },
  "constructor": "builder"
}`) as Claims;

describe('claimValue', () => {
  const found: [string, unknown][] = [
    ['scope', 'read write'],
    ['https://example.com/roles', ['admin']],
    ['a.b', 'dotted'],
    ['no', false],
    ['zero', 0],
    ['constructor', 'builder'],
    ['/scope', 'read write'],
    ['/a/b', 'nested'],
    ['/a/', 'empty'],
    ['/a/x~1y', 'slash'],
    ['/a/m~0n', 'tilde'],
    ['/a/~01', 'order'],
    ['/list/0', 'zero'],
    ['/list/1/deep', true],
    ['/', 'unnamed'],
    ['/__proto__/role', 'admin'],
  ];
  for (const [name, value] of found) {
    it(`finds ${name}`, () => {
      expect(claimValue(claims, name)).to.deep.equal(value);
    });
  }

  const absent = [
    'nothing',
    '/nothing',
    'Scope',
    'scop',
    'a_b',
    'https___example.com_roles',
    'toString',
    'hasOwnProperty',
    '/a/toString',
    '/a/b/length',
    '/a/b/0',
    '/text/length',
    '/text/0',
    '/list/length',
    '/list/-',
    '/list/00',
    '/list/-1',
    '/list/2',
    '/nothing/x',
    '/constructor/name',
    '/a.b/',
  ];
  for (const name of absent) {
    it(`finds nothing at ${name}`, () => {
      expect(claimValue(claims, name)).to.equal(undefined);
    });
  }

  it('takes __proto__ for a name like any other', () => {
    expect(claimValue(claims, '__proto__')).to.deep.equal({ role: 'admin' });
    expect(claimValue({}, '__proto__')).to.equal(undefined);
    expect(claimValue(claims, 'role')).to.equal(undefined);
  });
});

describe('grantsOf', () => {
  function granted(claims: Claims, input: SettingsInput = {}) {
    return grantsOf(claims, defineSettings({ audience: 'api', domain: 'auth.example.com', ...input }));
  }

  const scopes: [string, Claims, string[]][] = [
    ['text, split at spaces', { scope: 'a  b ' }, ['a', 'b']],
    ['text without a space', { scope: 'a,b' }, ['a,b']],
    ['empty text', { scope: '' }, []],
    ['a list as it is', { scp: ['a b', 'c'] }, ['a b', 'c']],
    ['only the text of a list', { scp: ['a', 1, null, ['b'], { c: 'c' }] }, ['a']],
    ['nothing of an object, not even its names', { scope: { admin: false } }, []],
    ['nothing of a number', { scope: 1 }, []],
    ['nothing of true', { scope: true }, []],
    ['the first claim that is present', { scope: 'a', scp: ['b'] }, ['a']],
    ['the first claim that is present, though it is empty', { scope: '', scp: ['b'] }, []],
    ['the first claim that is present, though it grants nothing', { scope: 7, scp: ['b'] }, []],
    ['the second claim where the first is null', { scope: null, scp: ['b'] }, ['b']],
    ['nothing without a claim', {}, []],
  ];
  for (const [title, claims, expected] of scopes) {
    it(`takes ${title}`, () => {
      expect(granted(claims).scopes).to.deep.equal(expected);
    });
  }

  it('takes each kind from its own claims, and only from these', () => {
    const { scopes, roles, permissions } = granted(
      { scope: 's', roles: 'ignored', realm_access: { roles: ['r'] }, 'cognito:groups': ['p'], cognito_groups: ['x'] },
      { rolesClaims: '/realm_access/roles', permissionsClaims: ['missing', 'cognito:groups'] },
    );
    expect({ scopes, roles, permissions }).to.deep.equal({ scopes: ['s'], roles: ['r'], permissions: ['p'] });
  });

  it('reads the same text alike each time, be it short or long, and no other one for it', () => {
    const names = Array.from({ length: 300 }, (_, index) => `scope:${index}`);
    for (const length of [1, 2, 150, 300, 1, 2, 150, 300]) {
      const wanted = names.slice(0, length);
      expect(granted({ scope: wanted.join(' ') }).scopes).to.deep.equal(wanted);
      expect(granted({ roles: wanted.join(' ') }).roles).to.deep.equal(wanted);
    }
  });

  it('gives lists that nobody can add to', () => {
    const those: Claims[] = [{ scope: 'a' }, { scope: 'a' }, { scope: 'a '.repeat(1000) }, { scp: ['a'] }, {}];
    for (const claims of those) {
      const grants = granted(claims);
      expect(Object.isFrozen(grants)).to.equal(true);
      for (const list of Object.values(grants)) expect(Object.isFrozen(list)).to.equal(true);
    }
  });
});
