/** Random trees of requirements and random claims: what is enforced, and what a challenge asks for. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  DenyAll,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  HasAuthorizationDetails,
  IsAuthenticated,
  IsSafeOnly,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  RequiresAuthenticationContext,
  RequiresDPoP,
  and,
  not,
  or,
  type ApiView,
  type AxiomsRequest,
  type PermissionClass,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { TestClient, type TokenClaims } from 'axioms-routing-controllers/testing';
import type { GrantRequirement, Requirement } from '../../src/core/requirements/requirement';
import request from 'supertest';
import { Api } from '../api';
import { readMembers } from '../read-members';

type Kind = GrantRequirement['kind'];
type Shown = 'recent' | 'strong' | 'proven' | 'detailed';
type Plain = 'anyone' | 'nobody' | 'authenticated' | 'safe' | 'owner' | 'owner-or-safe' | Shown;
type Tree =
  | { readonly operator: 'and' | 'or'; readonly of: readonly Tree[] }
  | { readonly operator: 'not'; readonly of: readonly [Tree] }
  | { readonly kind: Kind; readonly match: 'any' | 'all'; readonly values: readonly string[] }
  | { readonly kind: Plain };

interface Caller {
  readonly sub: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly shown: readonly Shown[];
}

/** What a token shows besides its grants: of the sign-in, of its key, of what the user has consented to. */
const shown: readonly Shown[] = ['recent', 'strong', 'proven', 'detailed'];
const names = ['a', 'b', 'c', 'd'];
const kinds: readonly Kind[] = ['scopes', 'roles', 'permissions'];
const some = fc.subarray(names, { minLength: 1 });

const grant = fc.record({
  kind: fc.constantFrom<Kind[]>('scopes', 'scopes', 'scopes', 'roles', 'permissions'),
  match: fc.constantFrom('any' as const, 'all' as const),
  values: some,
});
const plain = fc.record({
  kind: fc.constantFrom<Plain[]>('anyone', 'nobody', 'authenticated', 'safe', 'owner', 'owner-or-safe', ...shown),
});
const leaf: fc.Arbitrary<Tree> = fc.oneof({ weight: 3, arbitrary: grant }, { weight: 1, arbitrary: plain });

function treesWith(operators: readonly ('and' | 'or' | 'not')[]): fc.Arbitrary<Tree> {
  return fc.letrec<{ tree: Tree }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
      leaf,
      ...operators.map(operator =>
        operator === 'not'
          ? fc.record({ operator: fc.constant(operator), of: fc.tuple(tie('tree')) })
          : fc.record({ operator: fc.constant(operator), of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      ),
    ),
  })).tree;
}

/** A list of permission classes: the lists of a controller have several members. */
const listsWith = (...operators: readonly ('and' | 'or' | 'not')[]): fc.Arbitrary<readonly Tree[]> =>
  fc.array(treesWith(operators), { minLength: 1, maxLength: 3 });

const caller: fc.Arbitrary<Caller> = fc.record({
  sub: fc.constantFrom('alice', 'bob'),
  scopes: fc.subarray(names),
  roles: fc.subarray(names),
  permissions: fc.subarray(names),
  shown: fc.subarray([...shown]),
});

const grantClasses = {
  scopes: HasAccessTokenScopes,
  roles: HasAccessTokenRoles,
  permissions: HasAccessTokenPermissions,
};
class IsRecent extends RequiresAuthenticationContext {
  override requirement(): Requirement {
    return { kind: 'context', acrValues: [], maxAge: 300 };
  }
}
class IsStrong extends RequiresAuthenticationContext {
  override requirement(): Requirement {
    return { kind: 'context', acrValues: ['key', 'otp'] };
  }
}
const plainClasses: Readonly<Record<Plain, PermissionClass>> = {
  anyone: AllowAny,
  nobody: DenyAll,
  authenticated: IsAuthenticated,
  safe: IsSafeOnly,
  owner: IsSubOwner,
  'owner-or-safe': IsSubOwnerOrSafeOnly,
  recent: IsRecent,
  strong: IsStrong,
  proven: RequiresDPoP,
  detailed: HasAuthorizationDetails,
};

/** The shipped classes, each with a list of its own instead of the controller's. */
function ruleOf(tree: Tree): PermissionRule {
  if ('operator' in tree) {
    if (tree.operator === 'not') return not(ruleOf(tree.of[0]));
    return (tree.operator === 'and' ? and : or)(...tree.of.map(ruleOf));
  }
  if (!('values' in tree)) return plainClasses[tree.kind];
  const Base: typeof HasAccessTokenScopes = grantClasses[tree.kind] as typeof HasAccessTokenScopes;
  return class extends Base {
    override requirement(): GrantRequirement {
      return tree;
    }
  };
}

/** Does the tree let the caller in, for a GET of alice's object? A leaf that needs a caller needs one when negated, too. */
function isTrue(tree: Tree, who: Caller | null, isNegated = false): boolean {
  if ('operator' in tree) {
    if (tree.operator === 'not') return isTrue(tree.of[0], who, !isNegated);
    const values = tree.of.map(operand => isTrue(operand, who, isNegated));
    return (tree.operator === 'and') === isNegated ? values.includes(true) : !values.includes(false);
  }
  if (needsSomebody(tree) && who === null) return false;
  return leafHolds(tree, who) !== isNegated;
}

function needsSomebody(tree: Exclude<Tree, { operator: unknown }>): boolean {
  return 'values' in tree || tree.kind === 'owner' || tree.kind === 'owner-or-safe' || isShown(tree.kind);
}

function isShown(kind: Kind | Plain): kind is Shown {
  return shown.some(one => one === kind);
}

function leafHolds(tree: Exclude<Tree, { operator: unknown }>, who: Caller | null): boolean {
  if ('values' in tree) {
    const granted = tree.values.filter(value => who?.[tree.kind].includes(value));
    return tree.match === 'all' ? granted.length === tree.values.length : granted.length > 0;
  }
  if (isShown(tree.kind)) return who?.shown.includes(tree.kind) === true;
  return {
    anyone: true,
    nobody: false,
    authenticated: who !== null,
    safe: true,
    owner: who?.sub === 'alice',
    'owner-or-safe': true,
  }[tree.kind];
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const payment = { type: 'payment', actions: ['read', 'pay'] };

const claimsOf = ({ sub, scopes, roles, permissions, shown: all }: Caller): TokenClaims => ({
  sub,
  scope: scopes.join(' '),
  roles,
  permissions,
  auth_time: seconds() - (all.includes('recent') ? 200 : 400),
  acr: all.includes('strong') ? 'otp' : 'password',
  authorization_details: [all.includes('detailed') ? payment : { ...payment, actions: ['read'] }],
});

const externalUrl = 'https://api.example.com';

/** Rules that a request chooses: decided per request. */
let chosen: readonly PermissionRule[] = [];

@JsonController('/chosen')
class ChosenController {
  declare request: ApiView['request'];

  // To look at the request is to be asked again for each.
  get permissionClasses() {
    return this.request.query.tree === undefined ? [] : chosen;
  }
  acrValues = ['never'];
  authorizationDetails = payment;
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') read() {
    return {};
  }
}

/** Rules that stand: read at start, asked before there is an object and with it. */
function standingController(trees: readonly Tree[], index: number): new () => object {
  const permissionClasses = trees.map(ruleOf);
  @JsonController(`/standing/${index}`)
  class StandingController {
    permissionClasses = permissionClasses;
    acrValues = ['never'];
    authorizationDetails = payment;
    getObject() {
      return { user: 'alice' };
    }
    @Get('/:id') read() {
      return {};
    }
  }
  // Every other controller defines ownerOf() itself.
  const ownerOf = ({ user }: AxiomsRequest): string | undefined => user?.sub;
  const members = index % 2 === 1 ? readMembers(permissionClasses, { ownerOf }) : {};
  Object.assign(StandingController.prototype, members);
  return StandingController;
}

const seed = 20_260_204;
const numRuns = 400;
const withNot = fc.sample(listsWith('and', 'or', 'not'), { numRuns: 150, seed });
const withoutNot = fc.sample(listsWith('and', 'or'), { numRuns: 150, seed });
const standing = [...withNot, ...withoutNot];

describe('random trees of requirements', function () {
  this.timeout(60_000);
  let api: Api;
  let server: ReturnType<Api['app']['listen']>;
  let client: TestClient;
  before(async () => {
    api = await Api.start({
      controllers: [ChosenController, ...standing.map(standingController)],
      axioms: { dpop: 'allowed', externalUrl },
    });
    client = new TestClient(api.issuer, { externalUrl });
    await new Promise<void>(resolve => {
      server = api.app.listen(0, '127.0.0.1', () => {
        resolve();
      });
    });
  });
  after(async () => {
    server.close();
    await api.close();
  });

  const ask = (who: Caller | null, path: string) => {
    const asked = request(server).get(path);
    if (who === null) return asked;
    if (who.shown.includes('proven')) return asked.set(client.fields('GET', path, client.token(claimsOf(who))));
    return asked.set('Authorization', `Bearer ${api.issuer.token(claimsOf(who))}`);
  };
  const askChosen = (trees: readonly Tree[], who: Caller | null) => {
    chosen = trees.map(ruleOf);
    return ask(who, '/chosen/1?tree=1');
  };
  const askStanding = (index: number, who: Caller | null) => ask(who, `/standing/${index}/1`);

  // A refusal that another token could change is a 401: which one of several refuses is tested elsewhere.
  const expectedStatuses = (trees: readonly Tree[], who: Caller | null): readonly number[] => {
    if (trees.every(tree => isTrue(tree, who))) return [200];
    return who === null ? [401] : /recent|strong|proven/.test(JSON.stringify(trees)) ? [401, 403] : [403];
  };

  const seen = new Set<number>();
  const expectStatus = (status: number, trees: readonly Tree[], who: Caller | null): void => {
    seen.add(status);
    expect(status, JSON.stringify(trees)).to.be.oneOf(expectedStatuses(trees, who));
  };

  const anybody = fc.option(caller, { freq: 5 });

  it('are enforced as a naive evaluation decides them, where they are decided per request', async () => {
    seen.clear();
    const property = fc.asyncProperty(listsWith('and', 'or', 'not'), anybody, async (trees, who) => {
      expectStatus((await askChosen(trees, who)).status, trees, who);
    });
    await fc.assert(property, { numRuns, seed });
    expect([...seen].sort()).to.deep.equal([200, 401, 403]);
  });

  it('are enforced as a naive evaluation decides them, where they are known at start', async () => {
    seen.clear();
    const property = fc.asyncProperty(fc.nat(standing.length - 1), anybody, async (index, who) => {
      expectStatus((await askStanding(index, who)).status, standing[index]!, who);
    });
    await fc.assert(property, { numRuns, seed });
    expect([...seen].sort()).to.deep.equal([200, 401, 403]);
  });

  /** The scopes that a 403's challenge asks for; `undefined`: it is not about scopes. */
  const scopesAskedFor = (header: unknown): readonly string[] | undefined =>
    typeof header === 'string' && header.includes('error="insufficient_scope"')
      ? (/ scope="([^"]+)"/.exec(header)?.[1] ?? '').split(' ')
      : undefined;

  /** Asks again with the scopes of the challenge added; returns whether there was one. */
  async function comesBack(who: Caller, askAs: (who: Caller) => ReturnType<typeof ask>): Promise<boolean> {
    const first = await askAs(who);
    const added = scopesAskedFor(first.headers['www-authenticate']);
    if (added === undefined) return false;
    expect([first.status, new Set(added).size], 'no scope twice').to.deep.equal([403, added.length]);
    const { status, headers } = await askAs({ ...who, scopes: [...new Set([...who.scopes, ...added])] });
    expect(scopesAskedFor(headers['www-authenticate']), added.join(' ')).to.equal(undefined);
    // More scopes do not prove a key, and do not renew a sign-in.
    expect(status).to.be.oneOf(who.shown.length === shown.length ? [200, 403] : [200, 401, 403]);
    return true;
  }

  it('without not: the scopes of a challenge suffice, where the rules are decided per request', async () => {
    let challenges = 0;
    const property = fc.asyncProperty(listsWith('and', 'or'), caller, async (trees, who) => {
      if (await comesBack(who, again => askChosen(trees, again))) challenges += 1;
    });
    await fc.assert(property, { numRuns, seed });
    expect(challenges).to.be.greaterThan(50);
  });

  it('without not: the scopes of a challenge suffice, where the rules are known at start', async () => {
    let challenges = 0;
    const index = fc.integer({ min: withNot.length, max: standing.length - 1 });
    const property = fc.asyncProperty(index, caller, async (one, who) => {
      if (await comesBack(who, again => askStanding(one, again))) challenges += 1;
    });
    await fc.assert(property, { numRuns, seed });
    expect(challenges).to.be.greaterThan(50);
  });

  it('are of every kind', () => {
    const text = JSON.stringify(standing);
    for (const word of [...kinds, ...Object.keys(plainClasses), 'and', 'or', 'not', 'any', 'all'])
      expect(text, word).to.include(`"${word}"`);
  });
});
