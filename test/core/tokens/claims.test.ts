import { expect } from 'chai';
import type { ClaimForm } from '../../../src/core/settings/claim-forms';
import { claimValue, grantsOf, type Claims } from '../../../src/core/tokens/claims';
import { defineSettings } from '../../../src/core/settings/define-settings';
import type { SettingsInput } from '../../../src/core/settings/settings';
import { silentLogger } from '../../issuer/test-issuer';

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
    const settings = { audience: 'api', domain: 'auth.example.com', logger: silentLogger };
    return grantsOf(claims, defineSettings({ ...settings, ...input }));
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

  const roles: [string, Claims, string | readonly ClaimForm[], string[]][] = [
    ['a text with spaces as one name', { roles: 'Billing admin' }, 'roles', ['Billing admin']],
    ['a text without spaces as one name', { roles: 'admin' }, 'roles', ['admin']],
    ['spaces at the ends as a part of the name', { roles: ' admin ' }, 'roles', [' admin ']],
    ['no name in an empty text', { roles: '' }, 'roles', []],
    ['a list as it is', { roles: ['Billing admin', 'b'] }, 'roles', ['Billing admin', 'b']],
    ['nothing of an object', { roles: { admin: true } }, 'roles', []],
    ['a text at a pointer as one name', { a: { r: 'b c' } }, '/a/r', ['b c']],
    ['split: as a text, split at spaces', { roles: ' b  c ' }, 'split:roles', ['b', 'c']],
    ['split: with a pointer', { a: { r: 'b c' } }, 'split:/a/r', ['b', 'c']],
    ['split: of a list as the list', { roles: ['b c', 'd'] }, 'split:roles', ['b c', 'd']],
    ['split: of an object as nothing', { roles: { b: true } }, 'split:roles', []],
    ['the claim itself where a pointer names it', { 'split:roles': 'b c' }, '/split:roles', ['b c']],
    ['keys: as the names of members', { r: { a: { x: '1' }, b: true, c: 0, d: '' } }, 'keys:r', ['a', 'b', 'c', 'd']],
    ['keys: without false and null', { r: { a: false, b: null, c: true } }, 'keys:r', ['c']],
    ['keys: of a list as nothing', { r: ['a'] }, 'keys:r', []],
    ['keys: of a text as nothing', { r: 'a' }, 'keys:r', []],
    ['keys: after further colons', { 'urn:x:roles': { a: true } }, 'keys:urn:x:roles', ['a']],
    ['keys: with a pointer', { a: { r: { b: true } } }, 'keys:/a/r', ['b']],
    [
      'keys: named like members of every object',
      JSON.parse('{"r":{"__proto__":1}}') as Claims,
      'keys:r',
      ['__proto__'],
    ],
    ['union: of two lists', { r: ['a', 'b'], s: ['b', 'c'] }, 'union:r|s', ['a', 'b', 'c']],
    ['union: of one that is there', { s: 'c' }, 'union:r|s', ['c']],
    ['union: of forms', { r: { a: true }, s: 'b c', t: 'd e' }, 'union:keys:r|split:s|t', ['a', 'b', 'c', 'd e']],
    [
      'union: of names with colons',
      { 'cognito:groups': ['a'], b: { r: 'c' } },
      'union:cognito:groups|/b/r',
      ['a', 'c'],
    ],
    ['a union in code', { 'a|b': ['c'], d: 'e' }, [['union', 'a|b', 'd']], ['c', 'e']],
    ['a union in code as the whole setting', { a: ['c'], d: 'e' }, ['union', 'a', 'd'], ['c', 'e']],
    ['a prefix of its own as a part of the name', { 'Keys:r': ['a'] }, 'Keys:r', ['a']],
    ['the first entry that is present', { s: [], t: ['b'] }, ['union:q|r', 'keys:s', 't'], []],
    ['the next entry where a whole union is missing', { t: ['b'] }, ['union:q|r', 'keys:s', 't'], ['b']],
    ['null as missing', { r: null, t: ['b'] }, ['union:r|keys:r|split:r', 't'], ['b']],
  ];
  for (const [title, claims, rolesClaims, expected] of roles) {
    it(`takes ${title}, alike for roles and permissions`, () => {
      expect(granted(claims, { rolesClaims }).roles).to.deep.equal(expected);
      expect(granted(claims, { permissionsClaims: rolesClaims }).permissions).to.deep.equal(expected);
    });
  }

  it('takes no form for scopes: there a prefix is a part of the name', () => {
    const scopeClaims = ['split:s', 'keys:s'];
    expect(granted({ s: 'a b' }, { scopeClaims }).scopes).to.deep.equal([]);
    expect(granted({ 'keys:s': 'a b' }, { scopeClaims }).scopes).to.deep.equal(['a', 'b']);
  });

  it('reads the same text alike each time, whether it is short or long, and never takes another text for it', () => {
    const names = Array.from({ length: 300 }, (_, index) => `scope:${index}`);
    for (const length of [1, 2, 150, 300, 1, 2, 150, 300]) {
      const wanted = names.slice(0, length);
      expect(granted({ scope: wanted.join(' ') }).scopes).to.deep.equal(wanted);
      expect(granted({ roles: wanted.join(' ') }, { rolesClaims: 'split:roles' }).roles).to.deep.equal(wanted);
    }
  });

  it('gives lists that nobody can add to', () => {
    const those: Claims[] = [
      { scope: 'a' },
      { scope: 'a' },
      { scope: 'a '.repeat(1000) },
      { scp: ['a'] },
      { roles: 'a b' },
      {},
    ];
    for (const claims of those) {
      const grants = granted(claims);
      expect(Object.isFrozen(grants)).to.equal(true);
      for (const list of Object.values(grants)) expect(Object.isFrozen(list)).to.equal(true);
    }
  });
});
