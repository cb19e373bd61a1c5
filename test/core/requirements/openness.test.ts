import { expect } from 'chai';
import fc from 'fast-check';
import { isMoreOpen, letsInBeyond, whoIsLetIn } from '../../../src/core/requirements/openness';
import { meets } from '../../../src/core/requirements/judge';
import type { ContextRequirement } from '../../../src/core/requirements/kinds/context';
import type { DetailsRequirement } from '../../../src/core/requirements/kinds/details';
import type { Requirement } from '../../../src/core/requirements/requirement';

const scopes = ['a', 'b'];
const roles = ['editor'];

interface Claims {
  readonly isAuthenticated: boolean;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly owns: readonly string[];
  readonly isProven: boolean;
  readonly said: readonly string[];
  readonly method: string;
  readonly signIn: SignIn;
  /** The actions of its payments, each element with its own. */
  readonly payments: readonly (readonly string[])[];
}

interface SignIn {
  readonly acr?: string;
  readonly age: number;
}

/** Straight from the words. */
function naive(requirement: Requirement, claims: Claims): boolean {
  switch (requirement.kind) {
    case 'anyone':
      return true;
    case 'nobody':
      return false;
    case 'authenticated':
      return claims.isAuthenticated;
    case 'scopes':
    case 'roles':
    case 'permissions':
      return meets(claims, requirement);
    case 'dpop':
      return claims.isProven;
    case 'context':
      return claims.isAuthenticated && isInContext(requirement, claims.signIn);
    case 'details':
      return claims.payments.some(actions => (requirement.actions ?? []).every(action => actions.includes(action)));
    case 'owner':
      return claims.owns.includes(requirement.byOwnerOf ? 'by ownerOf()' : requirement.attribute);
    case 'custom':
      return claims.said.includes(requirement.name);
    case 'methods':
      return requirement.methods.includes(claims.method);
    case 'and':
      return requirement.of.every(one => naive(one, claims));
    case 'or':
      return requirement.of.some(one => naive(one, claims));
    case 'not':
      return !naive(requirement.of, claims);
  }
}

function isInContext({ acrValues, maxAge = Infinity }: ContextRequirement, { acr, age }: SignIn): boolean {
  return (acrValues.length === 0 || (acr !== undefined && acrValues.includes(acr))) && age <= maxAge;
}

const match = fc.constantFrom('any' as const, 'all' as const);
const grant = (kind: 'scopes' | 'roles', names: string[]) =>
  fc.record({ kind: fc.constant(kind), match, values: fc.subarray(names, { minLength: 1 }) });

const leaf: fc.Arbitrary<Requirement> = fc.oneof(
  grant('scopes', scopes),
  grant('roles', roles),
  fc.constantFrom<Requirement>(
    { kind: 'anyone' },
    { kind: 'nobody' },
    { kind: 'authenticated' },
    { kind: 'owner', attribute: 'user' },
    { kind: 'owner', attribute: 'user', byOwnerOf: true },
    { kind: 'dpop' },
    { kind: 'context', acrValues: ['otp'] },
    { kind: 'context', acrValues: ['otp', 'key'] },
    { kind: 'context', acrValues: [], maxAge: 300 },
    { kind: 'context', acrValues: ['key'], maxAge: 3600 },
    { kind: 'details', type: 'payment' },
    { kind: 'details', type: 'payment', actions: ['read'] },
    { kind: 'details', type: 'payment', actions: ['read', 'pay'] },
    { kind: 'custom', name: 'IsOfficeHours' },
    { kind: 'methods', methods: ['GET', 'HEAD'] },
  ),
);

const { tree } = fc.letrec<{ tree: Requirement }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('tree') }),
  ),
}));

function subsets(list: readonly string[]): string[][] {
  return list.reduce<string[][]>((all, one) => [...all, ...all.map(some => [...some, one])], [[]]);
}

const anonymous = {
  isAuthenticated: false,
  scopes: [],
  roles: [],
  permissions: [],
  owns: [],
  isProven: false,
  signIn: { age: 0 },
  payments: [],
};

const signIns: readonly SignIn[] = [undefined, 'otp', 'key'].flatMap(acr =>
  [200, 1000, 5000].map(age => ({ acr, age })),
);
const consents = [[], [[]], [['read']], [['read', 'pay']]];

const everybody: readonly Claims[] = ['GET', 'POST'].flatMap(method =>
  subsets(['IsOfficeHours']).flatMap(said => [
    { ...anonymous, said, method },
    ...subsets(scopes).flatMap(some =>
      subsets(roles).flatMap(held =>
        subsets(['user', 'by ownerOf()']).flatMap(owns =>
          [false, true].flatMap(isProven =>
            signIns.flatMap(signIn =>
              consents.map(payments => {
                const own = { scopes: some, roles: held, permissions: [], owns, isProven, signIn, payments };
                return { isAuthenticated: true, ...own, said, method };
              }),
            ),
          ),
        ),
      ),
    ),
  ]),
);

const known = { isCustomKnown: true };

describe('the order of requirements by who is let in', () => {
  it('finds a caller that one requirement lets in and the other refuses, exactly where there is one', () => {
    fc.assert(
      fc.property(tree, tree, (first, second) => {
        const exists = everybody.some(claims => naive(first, claims) && !naive(second, claims));
        expect(letsInBeyond(first, second, known)).to.equal(exists ? 'yes' : 'no');
      }),
      { numRuns: 500 },
    );
  });

  it('is certain of nothing that a custom rule could turn around, whatever it says', () => {
    const always = (requirement: Requirement, said: boolean): Requirement => {
      if (requirement.kind === 'custom') return { kind: said ? 'anyone' : 'nobody' };
      if (requirement.kind === 'and' || requirement.kind === 'or')
        return { ...requirement, of: requirement.of.map(one => always(one, said)) };
      return requirement.kind === 'not' ? { kind: 'not', of: always(requirement.of, said) } : requirement;
    };
    fc.assert(
      fc.property(tree, tree, fc.boolean(), fc.boolean(), (first, second, one, other) => {
        const found = letsInBeyond(first, second);
        if (found !== 'maybe') expect(letsInBeyond(always(first, one), always(second, other), known)).to.equal(found);
      }),
      { numRuns: 500 },
    );
  });

  it('is a partial order: nothing is more open than itself, nor than what is more open than it', () => {
    fc.assert(
      fc.property(tree, tree, tree, (first, second, third) => {
        expect(isMoreOpen(first, first, known)).to.equal(false);
        if (!isMoreOpen(first, second, known)) return;
        expect(isMoreOpen(second, first, known)).to.equal(false);
        if (isMoreOpen(second, third, known)) expect(isMoreOpen(first, third, known)).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });

  it('tells who is let in as a naive look at everybody does', () => {
    fc.assert(
      fc.property(
        tree.filter(one => !JSON.stringify(one).includes('custom')),
        requirement => {
          const isIn = (claims: Claims): boolean => naive(requirement, claims);
          const isKnown = ({ isAuthenticated }: Claims): boolean => isAuthenticated;
          const who = everybody.some(claims => !isKnown(claims) && isIn(claims))
            ? 'anyone'
            : everybody.filter(isKnown).every(isIn)
              ? 'authenticated'
              : everybody.some(isIn)
                ? 'some'
                : 'nobody';
          expect(whoIsLetIn(requirement)).to.equal(who);
        },
      ),
    );
  });

  const anyOf = (...values: string[]): Requirement => ({ kind: 'scopes', match: 'any', values });
  const allOf = (...values: string[]): Requirement => ({ kind: 'scopes', match: 'all', values });
  const custom: Requirement = { kind: 'custom', name: 'IsOfficeHours' };
  const context = (acrValues: string[], maxAge?: number): Requirement => {
    return { kind: 'context', acrValues, ...(maxAge === undefined ? {} : { maxAge }) };
  };
  const bothClasses: Requirement = { kind: 'and', of: [context(['otp']), context(['key'])] };
  const details = (...actions: string[]): DetailsRequirement => ({ kind: 'details', type: 'payment', actions });
  const byCode: DetailsRequirement = { ...details('read'), byMatches: true };

  for (const [name, first, second, isMore] of [
    ['‘anyone’ than by ‘authenticated’', { kind: 'anyone' }, { kind: 'authenticated' }, true],
    ['‘authenticated’ than by a scope', { kind: 'authenticated' }, anyOf('a'), true],
    ['any of two scopes than by one of them', anyOf('a', 'b'), anyOf('a'), true],
    ['one scope than by both', anyOf('a'), allOf('a', 'b'), true],
    ['a scope than by another scope', anyOf('a'), anyOf('b'), false],
    ['a scope than by itself', anyOf('a'), allOf('a'), false],
    ['both scopes than by any', allOf('a', 'b'), anyOf('a', 'b'), false],
    ['‘anyone’ than by a custom rule that may let anyone in', { kind: 'anyone' }, custom, false],
    [
      '‘anyone’ than by a custom rule for authenticated callers',
      { kind: 'anyone' },
      { kind: 'and', of: [{ kind: 'authenticated' }, custom] },
      true,
    ],
    ['a custom rule than by ‘nobody’', custom, { kind: 'nobody' }, false],
    ['a sign-in an hour ago at most than by one five minutes ago', context([], 3600), context([], 300), true],
    ['a sign-in five minutes ago at most than by one an hour ago', context([], 300), context([], 3600), false],
    ['a sign-in of any age than by one an hour ago', context(['otp']), context(['otp'], 3600), true],
    ['a sign-in of two classes than by one of them', context(['otp', 'key']), context(['otp']), true],
    ['a sign-in of one class than by two', context(['otp']), context(['otp', 'key']), false],
    ['a sign-in of one class than by another', context(['otp']), context(['key']), false],
    [
      'a sign-in of any class at any time than by both classes at once, which nobody has',
      context(['otp']),
      { kind: 'and', of: [context(['otp']), context(['key'])] },
      true,
    ],
    ['both classes at once, which nobody has, than by ‘nobody’', bothClasses, { kind: 'nobody' }, false],
    ['an authorization detail than by one with an action', details(), details('read'), true],
    ['one action than by two', details('read'), details('pay', 'read'), true],
    ['two actions than by one', details('pay', 'read'), details('read'), false],
    ['another action', details('read'), details('pay'), false],
    ['an authorization detail than by code that decides besides', details('read'), byCode, false],
    ['code that decides than by other code', byCode, { ...byCode, actions: ['read', 'pay'] }, false],
  ] as readonly (readonly [string, Requirement, Requirement, boolean])[])
    it(`${isMore ? 'finds' : 'does not find'} more callers let in by ${name}`, () => {
      expect(isMoreOpen(first, second)).to.equal(isMore);
    });

  it('does not know whether the code of two rules about authorization details decides alike', () => {
    expect(letsInBeyond(byCode, byCode)).to.equal('maybe');
    expect(letsInBeyond(byCode, byCode, known)).to.equal('no');
    expect(letsInBeyond(byCode, details('read'))).to.equal('no');
    expect(letsInBeyond(byCode, details())).to.equal('no');
    expect(letsInBeyond(details('read'), byCode)).to.equal('maybe');
    expect(letsInBeyond(details('read'), byCode, known)).to.equal('yes');
  });

  it('answers soon where there is much to ask, and says where it does not know', () => {
    const many = Array.from({ length: 100 }, (_, index) => `s${index}`);
    expect(letsInBeyond(anyOf(...many), anyOf(...many))).to.equal('no');
    expect(letsInBeyond(anyOf(...many), allOf(...many))).to.equal('yes');
    const pairs = Array.from({ length: 30 }, (_, index): Requirement => anyOf(`x${index}`, `y${index}`));
    expect(letsInBeyond({ kind: 'and', of: [...pairs, custom] }, allOf('never'))).to.be.oneOf(['maybe', 'no']);
  });

  it('asks nothing more of what is decided already', () => {
    const many = anyOf(...Array.from({ length: 30 }, (_, index) => `scope-${index}`));
    const whoever: Requirement = { kind: 'or', of: [{ kind: 'authenticated' }, many] };
    const [a, notA] = [anyOf('a'), { kind: 'not', of: anyOf('a') } as const];
    expect(letsInBeyond(whoever, { kind: 'or', of: [a, notA] })).to.equal('no');
  });
});
