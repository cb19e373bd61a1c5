/** The alternatives of a document against a naive disjunctive form, for random trees. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Get, JsonController } from 'routing-controllers';
import { BasePermission, createExpressServer, type AxiomsServer, type Requirement } from 'axioms-routing-controllers';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { alternativesOf, mostAlternatives } from '../../src/openapi/alternatives';
import { rewritten } from '../../src/core/requirements/simplified';
import { audience, silentLogger } from '../issuer/test-issuer';

/** The tree for GET, as the rules of a route give it to the document. */
const asked = (tree: Requirement): Requirement =>
  rewritten(tree, leaf =>
    leaf.kind === 'methods' ? { kind: leaf.methods.includes('GET') ? 'anyone' : 'nobody' } : leaf,
  );

const scopes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

const scopeList = fc.record({
  kind: fc.constant('scopes' as const),
  match: fc.constantFrom('any' as const, 'all' as const),
  values: fc.array(fc.constantFrom(...scopes), { minLength: 1, maxLength: 5 }),
});

const otherLeaf: fc.Arbitrary<Requirement> = fc.constantFrom<Requirement>(
  { kind: 'roles', match: 'any', values: ['editor'] },
  { kind: 'permissions', match: 'all', values: ['x', 'y'] },
  { kind: 'owner', attribute: 'user' },
  { kind: 'custom', name: 'IsOfficeHours' },
  { kind: 'authenticated' },
  { kind: 'anyone' },
  { kind: 'nobody' },
  { kind: 'methods', methods: ['GET'] },
  { kind: 'methods', methods: ['POST'] },
);

const trees: fc.Arbitrary<Requirement> = fc.letrec<{ tree: Requirement }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: scopeList },
    { weight: 1, arbitrary: otherLeaf },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('not' as const), of: tie('tree') }) },
  ),
})).tree;

/** Sets of scopes, each as text. */
type Form = ReadonlySet<string>;

const neutral: Form = new Set(['']);

/** By the book: a false leaf is no alternative, a leaf that is no scope an alternative without scopes. */
function disjunctive(tree: Requirement, isNegated = false): Form {
  switch (tree.kind) {
    case 'not':
      return disjunctive(tree.of, !isNegated);
    case 'and':
    case 'or': {
      const forms = tree.of.map(one => disjunctive(one, isNegated));
      const isAnd = (tree.kind === 'and') !== isNegated;
      return isAnd ? forms.reduce(everyWithEvery, neutral) : new Set(forms.flatMap(form => [...form]));
    }
    case 'anyone':
    case 'nobody':
      return (tree.kind === 'anyone') !== isNegated ? neutral : new Set();
    case 'methods':
      return tree.methods.includes('GET') !== isNegated ? neutral : new Set();
    case 'scopes':
      if (isNegated) return neutral;
      return new Set(tree.match === 'all' ? [text(tree.values)] : tree.values);
    default:
      return neutral;
  }
}

function everyWithEvery(left: Form, right: Form): Form {
  return new Set([...left].flatMap(one => [...right].map(other => text([...words(one), ...words(other)]))));
}

/** An `and` of twice the same list may leave out what combines one of it with another: a shorter alternative says it. */
function expectSameForm(found: Form, expected: Form): void {
  expect([...expected]).to.include.members([...found]);
  expect(shortest(found)).to.deep.equal(shortest(expected));
}

function shortest(form: Form): Form {
  const holds = (one: string, other: string): boolean => words(other).every(word => words(one).includes(word));
  return new Set([...form].filter(one => ![...form].some(other => other !== one && holds(one, other))).sort());
}

const words = (one: string): string[] => one.split(' ').filter(Boolean);
const text = (list: readonly string[]): string => [...new Set(list)].sort().join(' ');

describe('the alternatives of a document', () => {
  it('regression: an and of twice the same list has the alternatives of the list', () => {
    const list: Requirement = { kind: 'scopes', match: 'any', values: ['g', 'a'] };
    const found = alternativesOf(asked({ kind: 'and', of: [list, list] }));
    expect(found?.map(one => text(one.scopes))).to.have.members(['g', 'a']);
  });

  it('are the disjunctive form of the scopes that are asked for, or are too many', () => {
    let most = 0;
    fc.assert(
      fc.property(trees, tree => {
        const expected = disjunctive(tree);
        const found = alternativesOf(asked(tree));
        most = Math.max(most, expected.size);
        if (found === undefined) expect(expected.size).to.be.greaterThan(mostAlternatives);
        else expectSameForm(new Set(found.map(one => text(one.scopes))), expected);
      }),
      { numRuns: 2000, seed: 9728 },
    );
    expect(most).to.be.greaterThan(mostAlternatives);
  });

  it('let in exactly the scopes that the tree lets in, as far as it is up to scopes', () => {
    const isMet = (tree: Requirement, held: readonly string[], isNegated = false): boolean => {
      if (tree.kind === 'not') return isMet(tree.of, held, !isNegated);
      if (tree.kind === 'and' || tree.kind === 'or') {
        const isAnd = (tree.kind === 'and') !== isNegated;
        return isAnd
          ? tree.of.every(one => isMet(one, held, isNegated))
          : tree.of.some(one => isMet(one, held, isNegated));
      }
      if (tree.kind === 'scopes' && !isNegated)
        return tree.match === 'all'
          ? tree.values.every(one => held.includes(one))
          : tree.values.some(one => held.includes(one));
      return disjunctive(tree, isNegated).size > 0;
    };
    fc.assert(
      fc.property(trees, fc.subarray(scopes), (tree, held) => {
        const found = alternativesOf(asked(tree));
        if (found === undefined) return;
        const isIn = found.some(one => one.scopes.every(scope => held.includes(scope)));
        expect(isIn).to.equal(isMet(tree, held));
      }),
      { numRuns: 1000, seed: 6750 },
    );
  });

  it('stay bounded where an and would have millions', () => {
    const list = (start: number): Requirement => ({
      kind: 'scopes',
      match: 'any',
      values: Array.from({ length: 30 }, (_, index) => `s${start}-${index}`),
    });
    const tree: Requirement = { kind: 'and', of: Array.from({ length: 12 }, (_, index) => list(index)) };
    expect(alternativesOf(asked(tree))).to.equal(undefined);
  });

  it('have their limit at 32', () => {
    const any = (count: number): Requirement => ({
      kind: 'scopes',
      match: 'any',
      values: Array.from({ length: count }, (_, index) => `s${index}`),
    });
    expect(alternativesOf(asked(any(32)))).to.have.lengthOf(32);
    expect(alternativesOf(asked(any(33)))).to.equal(undefined);
  });

  it('stand in the document as they are', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async tree => {
        const security = await securityFor(tree);
        const expected = disjunctive(tree);
        const isListed = expected.size > 0 && expected.size <= mostAlternatives;
        const found = security.map(entry => text(Object.values(entry).flat()));
        if (isListed) expectSameForm(new Set(found), expected);
        else expect(found).to.deep.equal(['']);
      }),
      { numRuns: 40, seed: 31 },
    );
  });
});

/** What the document says of a handler that wants somebody, and this of them. */
async function securityFor(tree: Requirement): Promise<readonly Readonly<Record<string, readonly string[]>>[]> {
  class Fixed extends BasePermission {
    override readonly needsAuthentication = true;

    override hasPermission() {
      return true;
    }

    override requirement() {
      return tree;
    }
  }

  @JsonController('/things')
  class ThingController {
    permissionClasses = [Fixed];

    @Get('/:id')
    retrieve() {
      return {};
    }
  }

  const axioms = { audience, jwksUrl: 'http://127.0.0.1:9/keys', jwksPrefetch: false, logger: silentLogger };
  const app = createExpressServer({ controllers: [ThingController], axioms });
  const { paths } = await openApiDocument(app);
  (app.locals.axioms as AxiomsServer).close();
  return paths['/things/{id}']!['get']!.security;
}
