import { expect } from 'chai';
import fc from 'fast-check';
import { fold, foldLeafwise, leavesOf } from '../../../src/core/requirements/fold';
import { anonymousCaller, callerOf, isAboutObject, judge, withAllScopes } from '../../../src/core/requirements/judge';
import type { Truth } from '../../../src/core/requirements/kind';
import { isRequirement, kindOf, type Leaf, type Requirement } from '../../../src/core/requirements/requirement';
import { rewritten } from '../../../src/core/requirements/simplified';
import { every, negated, some } from '../../../src/core/requirements/truth';

const leaves: readonly Leaf[] = [
  { kind: 'anyone' },
  { kind: 'nobody' },
  { kind: 'authenticated' },
  { kind: 'scopes', match: 'any', values: ['a', 'b'] },
  { kind: 'scopes', match: 'all', values: ['a', 'b'] },
  { kind: 'roles', match: 'any', values: ['editor'] },
  { kind: 'permissions', match: 'all', values: ['x', 'y'] },
  { kind: 'methods', methods: ['GET'] },
  { kind: 'owner', attribute: 'user' },
  { kind: 'owner', attribute: 'user', byOwnerOf: true },
  { kind: 'custom', name: 'IsOfficeHours' },
  { kind: 'dpop' },
  { kind: 'context', acrValues: ['otp', 'key'], maxAge: 300 },
  { kind: 'details', type: 'payment', actions: ['read'] },
];

const { tree } = fc.letrec<{ tree: Requirement }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Requirement>(...leaves),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('tree') }),
  ),
}));

const names = fc.record({
  scopes: fc.subarray(['a', 'b']),
  roles: fc.subarray(['editor']),
  permissions: fc.subarray(['x', 'y']),
});

const callers = fc
  .tuple(fc.boolean(), names, fc.constantFrom('GET', 'POST'), fc.boolean())
  .map(([isAuthenticated, grants, method, isProven]) =>
    callerOf(
      { isAuthenticated, isProven, grants: isAuthenticated ? grants : { scopes: [], roles: [], permissions: [] } },
      method,
    ),
  );

describe('a requirement is judged', () => {
  it('the same with its negations at the leaves', () => {
    fc.assert(
      fc.property(tree, callers, (requirement, caller) => {
        const leafwise = foldLeafwise<Truth>(requirement, {
          all: every,
          any: some,
          leaf: (leaf, isNegated) => {
            const truth = judge(leaf, caller);
            return isNegated ? negated(truth) : truth;
          },
        });
        expect(judge(requirement, caller)).to.equal(leafwise);
      }),
    );
  });

  it('the same once it is simplified', () => {
    fc.assert(
      fc.property(tree, callers, (requirement, caller) => {
        const truth = judge(requirement, caller);
        const simple = judge(
          rewritten(requirement, leaf => leaf),
          caller,
        );
        if (truth !== undefined) expect(simple).to.equal(truth);
      }),
    );
  });

  it('as each kind says', () => {
    const caller = callerOf(
      { isAuthenticated: true, isProven: true, grants: { scopes: ['a'], roles: ['editor'], permissions: ['x'] } },
      'GET',
    );
    expect(leaves.map(leaf => judge(leaf, caller))).to.deep.equal([
      true,
      false,
      true,
      true,
      false,
      true,
      false,
      true,
      undefined,
      undefined,
      undefined,
      true,
      undefined,
      undefined,
    ]);
    expect(leaves.map(leaf => judge(leaf, anonymousCaller))).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
      false,
      false,
      undefined,
      false,
      false,
      undefined,
      false,
      false,
      false,
    ]);
  });

  it('with all scopes and nothing more', () => {
    const caller = withAllScopes(
      callerOf({ isAuthenticated: true, grants: { scopes: [], roles: [], permissions: [] } }, 'POST'),
    );
    const [both, role] = [leaves[4] as Requirement, leaves[5] as Requirement];
    expect([judge(both, caller), judge(role, caller), judge({ kind: 'not', of: both }, caller)]).to.deep.equal([
      true,
      false,
      false,
    ]);
  });
});

describe('a requirement tree', () => {
  const nested: Requirement = {
    kind: 'and',
    of: [{ kind: 'not', of: { kind: 'or', of: [...leaves] } }, { kind: 'anyone' }],
  };

  it('is folded from its leaves up', () => {
    const count = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part, 0);
    expect(fold<number>(nested, { all: count, any: count, not: part => part, leaf: () => 1 })).to.equal(
      leaves.length + 1,
    );
  });

  it('tells of each leaf whether it is negated', () => {
    expect(leavesOf(nested).map(({ isNegated }) => isNegated)).to.deep.equal([...leaves.map(() => true), false]);
  });

  it('is about an object where a rule about the owner stands in it', () => {
    expect(isAboutObject(nested)).to.equal(true);
    expect(leaves.filter(isAboutObject)).to.deep.equal(leaves.filter(({ kind }) => kind === 'owner'));
  });

  it('is recognized in a snapshot, and nothing else is', () => {
    expect(isRequirement(JSON.parse(JSON.stringify(nested)))).to.equal(true);
    for (const wrong of [
      null,
      {},
      { kind: 'toString' },
      { kind: 'scopes' },
      { kind: 'methods', methods: 'GET' },
      { kind: 'owner' },
      { kind: 'custom', name: 7 },
      { kind: 'and', of: [{ kind: 'maybe' }] },
      { kind: 'or' },
      { kind: 'not' },
    ])
      expect(isRequirement(wrong), JSON.stringify(wrong)).to.equal(false);
  });

  it('has words for each of its kinds', () => {
    for (const leaf of leaves) {
      expect(kindOf(leaf).words(leaf)).to.be.a('string').and.not.equal('');
      expect(kindOf(leaf).documented(leaf)).to.be.a('string').and.not.equal('');
    }
  });
});
