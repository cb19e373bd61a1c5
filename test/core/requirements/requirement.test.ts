import { expect } from 'chai';
import { isAboutObject } from '../../../src/core/requirements/judge';
import type { Requirement } from '../../../src/core/requirements/requirement';
import { scopesAskedFor } from '../../../src/core/requirements/scopes';

const scopes = (...values: string[]): Requirement => ({ kind: 'scopes', match: 'any', values });
const not = (of: Requirement): Requirement => ({ kind: 'not', of });

describe('the scopes that a requirement asks for', () => {
  for (const [what, requirement, expected] of [
    ['those of a list', scopes('a', 'b'), ['a', 'b']],
    ['each once, in order', { kind: 'and', of: [scopes('b', 'a'), scopes('a', 'c')] }, ['b', 'a', 'c']],
    ['not those of a negation', { kind: 'or', of: [not(scopes('a')), scopes('b')] }, ['b']],
    ['those that are negated twice', not({ kind: 'and', of: [scopes('a'), not(scopes('b'))] }), ['b']],
    ['no roles', { kind: 'roles', match: 'all', values: ['admin'] }, []],
    ['none where nobody may', { kind: 'nobody' }, []],
  ] as const)
    it(`are ${what}`, () => {
      expect(scopesAskedFor(requirement)).to.deep.equal(expected);
    });
});

describe('a requirement asks for the owner', () => {
  const owner: Requirement = { kind: 'owner', attribute: 'user' };

  for (const [what, requirement, expected] of [
    ['where it is that', owner, true],
    ['in an and, an or and a not', { kind: 'and', of: [scopes('a'), { kind: 'or', of: [not(owner)] }] }, true],
    ['in no negation of something else', not(scopes('a')), false],
    ['in no list', scopes('owner'), false],
  ] as const)
    it(`${expected ? '' : 'not '}${what}`, () => {
      expect(isAboutObject(requirement)).to.equal(expected);
    });
});
