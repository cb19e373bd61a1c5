/** Random trees of rules: the list that `authorizedFilter()` selects has exactly the objects that the caller may see. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { Get, JsonController } from 'routing-controllers';
import {
  and,
  ApiController,
  BasePermission,
  IsSubOwner,
  IsSubOwnerOrSafeOnly,
  not,
  or,
  type PermissionRule,
} from 'axioms-routing-controllers';
import { filterNot, matches, whereEquals } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

interface Thing {
  readonly id: number;
  readonly user: string | null;
  readonly isPublic: boolean;
  readonly team: { readonly lead: string } | null;
}

const things: readonly Thing[] = [
  { user: 'alice', isPublic: false, team: null },
  { user: 'alice', isPublic: true, team: { lead: 'bob' } },
  { user: 'bob', isPublic: false, team: { lead: 'alice' } },
  { user: 'bob', isPublic: true, team: null },
  { user: null, isPublic: false, team: { lead: 'bob' } },
  { user: 'Alice', isPublic: true, team: null },
].map((thing, id) => ({ id, ...thing }));

class IsPublic extends BasePermission {
  override objectFilter() {
    return whereEquals('isPublic', true);
  }
}

class IsOfLead extends BasePermission {
  override readonly needsAuthentication = true;
  override objectFilter({ user }: ApiController['request']) {
    return Promise.resolve(whereEquals('team.lead', user?.sub ?? ''));
  }
}

function isAdmin(claims: Readonly<Record<string, unknown>> | undefined): boolean {
  return Array.isArray(claims?.roles) && claims.roles.includes('admin');
}

/** For admins, and only what is not public: a rule of each kind in one class. */
class IsHiddenForAdmins extends BasePermission {
  override hasPermission({ user }: ApiController['request']) {
    return isAdmin(user?.claims);
  }
  override hasObjectPermission(_request: unknown, _controller: unknown, { isPublic }: Thing) {
    return !isPublic;
  }
  override objectFilter() {
    return filterNot(whereEquals('isPublic', true));
  }
}

class IsAdmin extends BasePermission {
  override hasPermission({ user }: ApiController['request']) {
    return isAdmin(user?.claims);
  }
}

/** Only code can say which objects it allows. */
class IsEven extends BasePermission {
  override hasObjectPermission(_request: unknown, _controller: unknown, { id }: Thing) {
    return id % 2 === 0;
  }
}

interface Caller {
  readonly sub: string;
  readonly isAdmin: boolean;
}

interface Kind {
  readonly rule: PermissionRule;
  readonly needsSomebody?: boolean;
  readonly holds: (caller: Caller | null, thing: Thing) => boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  owner: { rule: IsSubOwner, needsSomebody: true, holds: (caller, { user }) => user === caller?.sub },
  safe: { rule: IsSubOwnerOrSafeOnly, needsSomebody: true, holds: () => true },
  public: { rule: IsPublic, holds: (_caller, { isPublic }) => isPublic },
  lead: { rule: IsOfLead, needsSomebody: true, holds: (caller, { team }) => team?.lead === caller?.sub },
  hidden: { rule: IsHiddenForAdmins, holds: (caller, { isPublic }) => caller?.isAdmin === true && !isPublic },
  admin: { rule: IsAdmin, holds: caller => caller?.isAdmin === true },
  even: { rule: IsEven, holds: (_caller, { id }) => id % 2 === 0 },
};

type Tree = string | { readonly operator: 'and' | 'or' | 'not'; readonly of: readonly Tree[] };

function trees(names: readonly string[]): fc.Arbitrary<Tree> {
  return fc.letrec<{ tree: Tree }>(tie => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...names),
      fc.record({
        operator: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ operator: fc.constant('not' as const), of: fc.tuple(tie('tree')) }),
    ),
  })).tree;
}

function ruleOf(tree: Tree): PermissionRule {
  if (typeof tree === 'string') return kinds[tree]!.rule;
  const of = tree.of.map(ruleOf);
  return tree.operator === 'not' ? not(of[0]!) : { and, or }[tree.operator](...of);
}

/** By the words of the contract: a leaf that needs a caller is false of nobody, negated or not. */
function isTrue(tree: Tree, caller: Caller | null, thing: Thing, even: boolean, isNegated = false): boolean {
  if (typeof tree !== 'string') {
    if (tree.operator === 'not') return isTrue(tree.of[0]!, caller, thing, even, !isNegated);
    const values = tree.of.map(one => isTrue(one, caller, thing, even, isNegated));
    return (tree.operator === 'and') === isNegated ? values.includes(true) : !values.includes(false);
  }
  const { needsSomebody, holds } = kinds[tree]!;
  if (needsSomebody === true && caller === null) return false;
  return (tree === 'even' ? even : holds(caller, thing)) !== isNegated;
}

const callers: readonly (Caller | null)[] = [
  null,
  { sub: 'alice', isAdmin: false },
  { sub: 'bob', isAdmin: true },
  { sub: 'zoe', isAdmin: false },
];

const count = 1000;
const seed = 20_261_129;
const described = fc.sample(trees(Object.keys(kinds).filter(name => name !== 'even')), { numRuns: count, seed });
const partly = fc.sample(trees(Object.keys(kinds)), { numRuns: 300, seed });

let chosen: readonly PermissionRule[] = [];

@JsonController('/things')
class ThingController extends ApiController {
  // Reads the request, so that it is decided per request.
  override get permissionClasses() {
    return this.request.query.any === undefined ? [] : chosen;
  }
  override getObject() {
    return things[Number(this.request.params.id)];
  }
  @Get('/') async list() {
    const filter = await this.authorizedFilter();
    return things.filter(thing => matches(filter, thing)).map(({ id }) => id);
  }
  @Get('/:id') read() {
    return {};
  }
}

describe('random trees of rules', function () {
  this.timeout(120_000);
  let api: Api;
  let server: Server;
  let tokens: readonly (string | undefined)[];
  before(async () => {
    api = await Api.start({ controllers: [ThingController] });
    server = api.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tokens = callers
      .map(caller => caller && api.issuer.token({ sub: caller.sub, roles: caller.isAdmin ? ['admin'] : [] }))
      .map(token => token ?? undefined);
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await api.close();
  });

  const ask = async (path: string, token: string | undefined): Promise<{ status: number; body: unknown }> => {
    const { port } = server.address() as AddressInfo;
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${port}${path}?any=1`, { headers });
    return { status: response.status, body: await response.json() };
  };

  it(`select the objects that each of ${callers.length} callers may see, ${count} times`, async () => {
    const seen = { lists: 0, refusals: 0, partial: 0 };
    for (const [index, tree] of described.entries()) {
      chosen = [ruleOf(tree)];
      for (const [who, caller] of callers.entries()) {
        const expected = things.filter(thing => isTrue(tree, caller, thing, false)).map(({ id }) => id);
        const { status, body } = await ask('/things', tokens[who]);
        const said = JSON.stringify({ tree, caller });
        if (status === 200) expect(body, said).to.deep.equal(expected);
        else expect([status, expected], said).to.deep.equal([caller === null ? 401 : 403, []]);
        const { id, ...thing } = things[index % things.length]!;
        const one = await ask(`/things/${id}`, tokens[who]);
        expect(one.status === 200, `${said} ${JSON.stringify(thing)}`).to.equal(expected.includes(id));
        seen[status === 200 ? 'lists' : 'refusals'] += 1;
        if (expected.length > 0 && expected.length < things.length) seen.partial += 1;
      }
    }
    // A test of lists that are all empty or all full would show nothing.
    for (const number of Object.values(seen)) expect(number, JSON.stringify(seen)).to.be.above(count / 2);
  });

  it('with a rule that only code can decide are an error, unless that rule changes nothing', async () => {
    const seen = { errors: 0, lists: 0 };
    for (const tree of partly) {
      chosen = [ruleOf(tree)];
      for (const [who, caller] of callers.entries()) {
        const { status, body } = await ask('/things', tokens[who]);
        const allowed = [true, false].map(even =>
          things.filter(thing => isTrue(tree, caller, thing, even)).map(({ id }) => id),
        );
        const said = JSON.stringify({ tree, caller });
        if (status === 200) for (const ids of allowed) expect(body, said).to.deep.equal(ids);
        if (status === 200 && JSON.stringify(tree).includes('even')) seen.lists += 1;
        if (status === 500) seen.errors += 1;
      }
    }
    for (const number of Object.values(seen)) expect(number, JSON.stringify(seen)).to.be.above(30);
  });
});
