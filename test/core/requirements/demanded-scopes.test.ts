import { expect } from 'chai';
import { demandedScopes } from '../../../src/core/requirements/scopes';
import type { Requirement } from '../../../src/core/requirements/requirement';

const scopes = (match: 'any' | 'all', ...values: string[]): Requirement => ({ kind: 'scopes', match, values });
const [a, b, ab] = [scopes('any', 'a'), scopes('any', 'b'), scopes('all', 'a', 'b')];
const role: Requirement = { kind: 'roles', match: 'any', values: ['r'] };
const and = (...of: Requirement[]): Requirement => ({ kind: 'and', of });
const or = (...of: Requirement[]): Requirement => ({ kind: 'or', of });

describe('the scopes that a 401 names', () => {
  const cases: readonly [title: string, requirement: Requirement, scopes: readonly string[]][] = [
    ['one scope', a, ['a']],
    ['all of a list', ab, ['a', 'b']],
    ['the first of an any-of list', scopes('any', 'a', 'b'), ['a']],
    ['those of every member of an and, each once', and(a, role, ab, scopes('any', 'c', 'd')), ['a', 'b', 'c']],
    ['those of the first alternative that scopes alone meet', or(and(a, role), b, ab), ['b']],
    ['those of the first alternative with scopes, where scopes alone meet none', or(role, and(a, role), role), ['a']],
    ['none where an alternative needs none', or(a, { kind: 'authenticated' }), []],
    ['none where anyone may', or(a, { kind: 'anyone' }), []],
    ['none of a negated list', and({ kind: 'not', of: a }, b), ['b']],
    ['none of rules of code', or({ kind: 'custom', name: 'X' }, role), []],
    ['of an and with the first alternative', and(or(ab, b), { kind: 'authenticated' }), ['a', 'b']],
    ['of nobody', { kind: 'nobody' }, []],
  ];
  for (const [title, requirement, expected] of cases)
    it(`are ${title}`, () => {
      expect(demandedScopes(requirement)).to.deep.equal(expected);
    });
});
