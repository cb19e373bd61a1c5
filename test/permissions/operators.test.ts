import { expect } from 'chai';
import { inspect } from 'node:util';
import { Get, JsonController, Put } from 'routing-controllers';
import {
  AllowAny,
  BasePermission,
  DenyAll,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  IsSafeOnly,
  IsSubOwner,
  PermissionDenied,
  and,
  not,
  or,
  type ApiView,
  type PermissionClass,
  type PermissionRule,
  type Requirement,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { expectRefusal } from '../refusals';
import { startError } from '../start-error';
import { leaf } from './leaf';
import { thingController } from './thing-controller';

/** The lists under test, by the number that a request names. */
const lists: (readonly PermissionRule[])[] = [];

function numberOf(list: readonly PermissionRule[]): number {
  return lists.push(list) - 1;
}

class Trees {
  declare request: ApiView['request'];
  accessTokenScopes = ['a', 'b'];
  accessTokenRoles = ['r'];

  get permissionClasses() {
    return lists[Number(this.request.query.list)];
  }
}

@JsonController('/loaded')
class LoadedController extends Trees {
  unfilteredActions = ['list'];

  getObject() {
    return { user: this.request.query.owner };
  }

  @Get('/') list() {
    return {};
  }
  @Get('/:id') retrieve() {
    return {};
  }
}

@JsonController('/unloaded')
class UnloadedController extends Trees {
  @Get('/:id') retrieve() {
    return {};
  }
  @Put('/:id') update() {
    return {};
  }
}

/** Asks with these permissions: at a list action, at an object action with its object, and at one that never loads it. */
const places = { list: '/loaded', loaded: '/loaded/1', unloaded: '/unloaded/1' } as const;

let api: Api;
before(async () => {
  api = await Api.start({ controllers: [LoadedController, UnloadedController] });
});
after(() => api.close());

function ask(list: readonly PermissionRule[], place: keyof typeof places, claims: object | null = {}, owner = 'alice') {
  return api.as(claims, 'get', `${places[place]}?list=${numberOf(list)}&owner=${owner}`);
}

const True = leaf({ view: true });
const False = leaf({ view: false });
const ObjectTrue = leaf({ object: true });
const ObjectFalse = leaf({ object: false });
const BothTrue = leaf({ view: true, object: true });
const OnlyView = leaf({ view: true, object: false });
const OnlyObject = leaf({ view: false, object: true });
const Neither = leaf({});
const Somebody = leaf({ view: true, needsAuthentication: true });
const NobodyElse = leaf({ view: false, needsAuthentication: true });

type Statuses = readonly [list: number, loaded: number, unloaded: number];

describe('and, or and not', () => {
  const truths: readonly [title: string, rule: PermissionRule, statuses: Statuses][] = [
    ['true', True, [200, 200, 200]],
    ['false', False, [403, 403, 403]],
    ['an object rule that holds', ObjectTrue, [200, 200, 500]],
    ['an object rule that does not', ObjectFalse, [200, 403, 500]],
    ['both rules', BothTrue, [200, 200, 500]],
    // The start refuses it; here the list is known only per request.
    ['a class without rules, which is a mistake', Neither, [500, 500, 500]],

    ['and: true, true', and(True, True), [200, 200, 200]],
    ['and: true, false', and(True, False), [403, 403, 403]],
    ['and: false, true', and(False, True), [403, 403, 403]],
    ['and: false, false', and(False, False), [403, 403, 403]],
    ['and: true, object true', and(True, ObjectTrue), [200, 200, 500]],
    ['and: true, object false', and(True, ObjectFalse), [200, 403, 500]],
    ['and: object true, false', and(ObjectTrue, False), [403, 403, 403]],
    ['and: object true, object false', and(ObjectTrue, ObjectFalse), [200, 403, 500]],
    ['and of one', and(False), [403, 403, 403]],
    ['and of three', and(True, True, False), [403, 403, 403]],

    ['or: true, true', or(True, True), [200, 200, 200]],
    ['or: true, false', or(True, False), [200, 200, 200]],
    ['or: false, true', or(False, True), [200, 200, 200]],
    ['or: false, false', or(False, False), [403, 403, 403]],
    ['or: true, object false', or(True, ObjectFalse), [200, 200, 200]],
    ['or: object false, true', or(ObjectFalse, True), [200, 200, 200]],
    ['or: false, object true', or(False, ObjectTrue), [200, 200, 500]],
    ['or: false, object false', or(False, ObjectFalse), [200, 403, 500]],
    ['or of one', or(False), [403, 403, 403]],
    ['or of three', or(False, False, True), [200, 200, 200]],
    // DRF's rule: a branch is its rule for the request and its own rule for the object, not another branch's.
    ['or: only the request rule, only the object rule', or(OnlyView, OnlyObject), [200, 403, 500]],
    ['or: only the object rule, only the request rule', or(OnlyObject, OnlyView), [200, 403, 500]],
    ['or: only the request rule, both', or(OnlyView, BothTrue), [200, 200, 500]],

    ['not: true', not(True), [403, 403, 403]],
    ['not: false', not(False), [200, 200, 200]],
    ['not: object true', not(ObjectTrue), [200, 403, 500]],
    ['not: object false', not(ObjectFalse), [200, 200, 500]],
    ['not: both hold', not(BothTrue), [200, 403, 500]],
    ['not: only the request rule holds', not(OnlyView), [200, 200, 500]],
    ['not: only the object rule holds', not(OnlyObject), [200, 200, 200]],
    ['not: a class without rules, which is a mistake', not(Neither), [500, 500, 500]],
    ['not not: true', not(not(True)), [200, 200, 200]],
    ['not not: false', not(not(False)), [403, 403, 403]],
    ['not not: object false', not(not(ObjectFalse)), [200, 403, 500]],
    ['not and: true, false', not(and(True, False)), [200, 200, 200]],
    ['not and: true, true', not(and(True, True)), [403, 403, 403]],
    ['not or: false, false', not(or(False, False)), [200, 200, 200]],
    ['not or: false, true', not(or(False, True)), [403, 403, 403]],
    ['not or: false, object false', not(or(False, ObjectFalse)), [200, 200, 500]],
    ['not or: false, object true', not(or(False, ObjectTrue)), [200, 403, 500]],
    ['or: an and that holds with the object', or(and(True, ObjectTrue), False), [200, 200, 500]],
    ['and: an or that the object need not decide', and(or(True, ObjectFalse), True), [200, 200, 200]],
    ['and, or, not, nested', and(or(False, not(False)), not(and(True, or(False, False)))), [200, 200, 200]],
  ];
  for (const [title, rule, statuses] of truths) {
    it(title, async () => {
      const answers = [];
      for (const place of ['list', 'loaded', 'unloaded'] as const) answers.push((await ask([rule], place)).status);
      expect(answers).to.deep.equal(statuses);
    });
  }

  it('a list is an and, and an empty one asks nothing', async () => {
    expect((await ask([True, True], 'list')).status).to.equal(200);
    expectRefusal(await ask([True, False], 'list'), 'permission_denied');
    expectRefusal(await ask([False, True], 'list'), 'permission_denied');
    expect((await ask([], 'list', null)).status).to.equal(200);
  });
});

describe('the need of an authenticated request', () => {
  const alwaysRefused: readonly [title: string, rule: PermissionRule][] = [
    ['a rule that holds', Somebody],
    ['not of one', not(Somebody)],
    ['not of one that does not hold', not(NobodyElse)],
    ['not not of one', not(not(Somebody))],
    ['not of an and', not(and(Somebody, NobodyElse))],
    ['not of an or', not(or(Somebody, NobodyElse))],
    ['an or of such rules', or(NobodyElse, Somebody)],
    ['an and with AllowAny', and(AllowAny, Somebody)],
    ['not of scopes', not(HasAccessTokenScopes)],
    ['not of roles', not(HasAccessTokenRoles)],
    ['not of the owner', not(IsSubOwner)],
  ];
  for (const [title, rule] of alwaysRefused) {
    it(`is not turned around: ${title}`, async () => {
      for (const place of ['list', 'loaded', 'unloaded'] as const)
        expectRefusal(await ask([rule], place, null), 'not_authenticated');
    });
  }

  it('is of that branch of an or alone', async () => {
    expect((await ask([or(Somebody, AllowAny)], 'list', null)).status).to.equal(200);
    expectRefusal(await ask([or(Somebody, DenyAll)], 'list', null), 'not_authenticated');
  });

  it('lets in a caller that not() lets in', async () => {
    expect((await ask([not(HasAccessTokenRoles)], 'list', {})).status).to.equal(200);
    expectRefusal(await ask([not(HasAccessTokenRoles)], 'list', { roles: ['r'] }), 'permission_denied');
    expect((await ask([not(IsSubOwner)], 'loaded', {}, 'bob')).status).to.equal(200);
    expectRefusal(await ask([not(IsSubOwner)], 'loaded', {}, 'alice'), 'permission_denied');
  });

  it('is no part of IsAuthenticated, which is a plain rule', async () => {
    expect((await ask([not(IsAuthenticated)], 'list', null)).status).to.equal(200);
    expectRefusal(await ask([not(IsAuthenticated)], 'list', {}), 'permission_denied');
  });
});

describe('a rule that throws', () => {
  const fail = (error: Error) => () => {
    throw error;
  };
  const thrown: readonly [title: string, answer: unknown, error: string][] = [
    ['an error', fail(new Error('secret')), 'server_error'],
    ['a rejection', () => Promise.reject(new Error('secret')), 'server_error'],
    ['ImproperlyConfigured', fail(new ImproperlyConfigured('secret')), 'server_error'],
    ['PermissionDenied', fail(new PermissionDenied()), 'permission_denied'],
  ];
  type Compose = (one: PermissionRule, yes: PermissionRule, no: PermissionRule) => PermissionRule;
  const around: readonly [title: string, compose: Compose][] = [
    ['alone', one => one],
    ['not', one => not(one)],
    ['not not', one => not(not(one))],
    ['and, after true', (one, yes) => and(yes, one)],
    ['and, before false', (one, _, no) => and(one, no)],
    ['or, before true', (one, yes) => or(one, yes)],
    ['or, after false', (one, _, no) => or(no, one)],
    ['not and, before false', (one, _, no) => not(and(one, no))],
    ['not or, before true', (one, yes) => not(or(one, yes))],
    ['or of not, after false', (one, _, no) => or(no, not(one))],
    ['or of an and', (one, yes) => or(and(yes, one), yes)],
  ];
  for (const [what, answer, error] of thrown) {
    for (const [title, compose] of around) {
      it(`${what} is neither negated nor skipped: ${title}`, async () => {
        const response = await ask([compose(leaf({ view: answer }), True, False)], 'list');
        expectRefusal(response, error);
        expect(response.text).not.to.include('secret');
        expectRefusal(await ask([compose(leaf({ object: answer }), ObjectTrue, ObjectFalse)], 'loaded'), error);
      });
    }
  }

  it('is not asked where an earlier member of an and refuses', async () => {
    const Throws = leaf({ view: fail(new Error()) });
    expectRefusal(await ask([and(False, Throws)], 'list'), 'permission_denied');
    expectRefusal(await ask([False, Throws], 'list'), 'permission_denied');
    expect((await ask([not(and(False, Throws))], 'list')).status).to.equal(200);
  });

  it('is not asked where an earlier branch of an or is true, as in DRF', async () => {
    const Throws = leaf({ view: fail(new Error()), object: fail(new Error()) });
    for (const place of ['list', 'loaded', 'unloaded'] as const) {
      expect((await ask([or(True, Throws)], place)).status).to.equal(200);
      expect((await ask([or(False, not(False), Throws)], place)).status).to.equal(200);
      expectRefusal(await ask([not(or(True, Throws))], place), 'permission_denied');
    }
    expect((await ask([or(ObjectTrue, leaf({ object: fail(new Error()) }))], 'loaded')).status).to.equal(200);
  });

  it('may be a rule that the controller does not give: that stops the start', () => {
    for (const [, compose] of around)
      expect(startError(thingController('/t', { permissionClasses: [compose(HasAccessTokenScopes, True, False)] })))
        .to.include('ThingController.list')
        .and.include('HasAccessTokenScopes');
  });
});

describe('only true allows', () => {
  const others: readonly unknown[] = [undefined, null, 1, 'yes', '', 0, NaN, {}, [], () => true, Symbol('true')];
  for (const answer of others) {
    const name = inspect(answer);
    for (const [kind, given] of [
      ['', () => answer],
      ['a promise of ', () => Promise.resolve(answer)],
    ] as const) {
      it(`${kind}${name} does not, nor does its negation`, async () => {
        const View = leaf({ view: given });
        const ObjectRule = leaf({ object: given });
        for (const rule of [View, not(View), not(not(View)), or(View, False), and(True, View)])
          for (const place of ['list', 'loaded'] as const) expectRefusal(await ask([rule], place), 'permission_denied');
        for (const rule of [ObjectRule, not(ObjectRule), not(not(ObjectRule))])
          expectRefusal(await ask([rule], 'loaded'), 'permission_denied');
      });
    }
  }

  it('a promise of true does', async () => {
    expect((await ask([leaf({ view: () => Promise.resolve(true) })], 'list')).status).to.equal(200);
    expect((await ask([leaf({ object: () => Promise.resolve(true) })], 'loaded')).status).to.equal(200);
  });

  it('a rule for the request is asked once, whatever it says', async () => {
    let asked = 0;
    const Counting = leaf({ view: () => void (asked += 1) });
    expect((await ask([or(Counting, ObjectTrue)], 'loaded')).status).to.equal(200);
    expect(asked).to.equal(1);
  });
});

describe('compositions that are wrong', () => {
  const missing = undefined as unknown as PermissionClass;
  const wrong: readonly [title: string, compose: () => PermissionRule][] = [
    ['and with an undefined operand', () => and(True, missing)],
    ['or with an undefined operand', () => or(missing, True)],
    ['not of undefined', () => not(missing)],
    ['a nested undefined operand', () => or(True, and(True, missing))],
    ['and of nothing', () => and()],
    ['or of nothing', () => or()],
  ];
  for (const [title, compose] of wrong) {
    it(`${title} throws where it is written`, () => {
      expect(compose).to.throw(ImproperlyConfigured, /operand/);
    });
  }

  const notClasses: readonly [title: string, listed: unknown, said: string][] = [
    ['undefined', undefined, 'import cycle'],
    ['an instance', new AllowAny(), 'without new'],
    ['a class of another kind', Map, 'extends BasePermission'],
    ['text', 'AllowAny', 'extends BasePermission'],
    ['a function', () => true, 'extends BasePermission'],
  ];
  for (const [title, listed, said] of notClasses) {
    it(`${title} in a list stops the start`, () => {
      const message = startError(thingController('/t', { permissionClasses: [AllowAny, listed] }));
      expect(message).to.include('ThingController.permissionClasses[1]').and.include(said);
    });
  }

  it('permissionClasses that are not a list stop the start', () => {
    for (const permissionClasses of [AllowAny, 'AllowAny', {}, Promise.resolve([AllowAny])]) {
      expect(startError(thingController('/t', { permissionClasses }))).to.include(
        'ThingController.permissionClasses must be a list of classes',
      );
    }
  });

  it('an operand that is no permission stops the start', () => {
    for (const operand of [null, Map, new AllowAny(), 'AllowAny'] as unknown as PermissionClass[])
      expect(startError(thingController('/t', { permissionClasses: [or(AllowAny, operand)] }))).to.include(
        'ThingController.permissionClasses[0]',
      );
  });
});

describe('what a refusal says', () => {
  class Closed extends BasePermission {
    override message = 'The office is "closed"';
    override code = 'office_closed';
    override hasPermission() {
      return false;
    }
  }
  class Audit extends BasePermission {
    override hasPermission(request: ApiView['request']) {
      return request.user?.scopes?.includes('audit') === true;
    }
    override requirement(): Requirement {
      return { kind: 'scopes', match: 'all', values: ['audit', 'a'] };
    }
  }
  class Never extends HasAccessTokenScopes {
    override hasPermission() {
      return false;
    }
  }
  class Mixed extends DenyAll {
    override requirement(): Requirement {
      const role: Requirement = { kind: 'roles', match: 'any', values: ['r'] };
      const permission: Requirement = { kind: 'permissions', match: 'all', values: ['p'] };
      return { kind: 'and', of: [{ kind: 'scopes', match: 'all', values: ['a'] }, role, permission] };
    }
  }
  class Reading extends DenyAll {
    readonly methods: readonly string[] = ['GET'];

    override requirement(): Requirement {
      const { methods } = this;
      return {
        kind: 'and',
        of: [
          { kind: 'scopes', match: 'all', values: ['a'] },
          { kind: 'methods', methods },
        ],
      };
    }
  }
  class Writing extends Reading {
    override readonly methods = ['PUT'];
  }
  class Polite extends HasAccessTokenScopes {
    override message = 'Ask for the scope';
    override code = 'scope_please';
  }
  const [S, R] = [HasAccessTokenScopes, HasAccessTokenRoles];

  // Scopes a, b (any of) and role r are asked for; `scope` is the challenge's, undefined: permission_denied.
  const decided: readonly [list: readonly PermissionRule[], claims: object, scope: string | undefined][] = [
    [[S], {}, 'a b'],
    [[S, R], {}, 'a b'],
    [[R, S], {}, undefined],
    [[R, S], { roles: ['r'] }, 'a b'],
    [[and(S, R)], {}, 'a b'],
    [[and(R, S)], {}, undefined],
    [[S, Closed], {}, 'a b'],
    [[True, Audit], {}, 'audit a'],
    [[S, Audit], {}, 'a b audit'],
    [[Audit, S], {}, 'audit a b'],
    [[Audit, S], { scope: 'a' }, 'audit a'],
    [[Audit, S], { scope: 'b' }, 'audit a'],
    [[S, not(Audit)], {}, 'a b'],
    [[S, not(Audit)], { scope: 'a audit' }, undefined],
    [[not(S)], { scope: 'a' }, undefined],
    [[or(S, R)], {}, 'a b'],
    [[or(R, S)], {}, 'a b'],
    [[or(R, False)], {}, undefined],
    [[or(False, S)], {}, 'a b'],
    [[or(False, Audit, S)], {}, 'audit a b'],
    [[or(and(S, R), R)], {}, undefined],
    [[or(and(R, S), False)], {}, undefined],
    // A class of the app's own is not asked where the scope has decided the branch.
    [[or(and(S, False), R)], {}, 'a b'],
    [[or(and(False, S), R)], {}, undefined],
    [[or(and(S, True), R)], {}, 'a b'],
    [[or(and(S, R), False)], { roles: ['r'] }, 'a b'],
    [[or(and(S, Audit), False)], {}, 'a b audit'],
    [[or(or(R, False), and(True, S))], {}, 'a b'],
    [[not(and(not(S), not(R)))], {}, 'a b'],
    [[not(not(S))], {}, 'a b'],
    [[Never], {}, 'a b'],
    [[Never], { scope: 'a' }, undefined],
    [[Mixed], {}, undefined],
    [[Mixed], { roles: ['r'] }, undefined],
    [[Mixed], { permissions: ['p'] }, undefined],
    [[Mixed], { roles: ['r'], permissions: ['p'] }, 'a'],
    [[Mixed], { scope: 'a', roles: ['r'], permissions: ['p'] }, undefined],
    [[Reading], {}, 'a'],
    [[Writing], {}, undefined],
  ];
  const names = new Map<PermissionRule, string>([
    [S, 'S'],
    [R, 'R'],
    [Audit, 'Audit'],
    [Closed, 'Closed'],
    [Never, 'Never'],
    [Mixed, 'Mixed'],
    [Reading, 'Reading'],
    [Writing, 'Writing'],
    [True, 'true'],
    [False, 'false'],
  ]);
  const nameOf = (rule: PermissionRule): string =>
    names.get(rule) ?? ('operator' in rule ? `${rule.operator}(${rule.operands.map(nameOf).join(', ')})` : '?');

  for (const [list, claims, scope] of decided) {
    it(`[${list.map(nameOf).join(', ')}] with ${JSON.stringify(claims)}: ${scope ?? 'no scope would do'}`, async () => {
      expectRefusal(
        await ask(list, 'list', claims),
        scope === undefined ? 'permission_denied' : 'insufficient_scope',
        scope,
      );
    });
  }

  it('with an object: scopes would do beside an owner that is another', async () => {
    expectRefusal(await ask([or(IsSubOwner, S)], 'loaded', {}, 'bob'), 'insufficient_scope', 'a b');
    expectRefusal(await ask([and(IsSubOwner, True)], 'loaded', {}, 'bob'), 'permission_denied');
    expect((await ask([or(IsSubOwner, S)], 'loaded', {}, 'alice')).status).to.equal(200);
    expect((await ask([or(IsSubOwner, S)], 'loaded', { scope: 'b' }, 'bob')).status).to.equal(200);
  });

  it("a permission's own message and code are the body's, never the challenge's", async () => {
    const closed = await ask([Closed], 'list');
    expect([closed.status, closed.body]).to.deep.equal([
      403,
      { error: 'office_closed', error_description: 'The office is "closed"' },
    ]);
    expect(closed.headers).not.to.have.property('www-authenticate');
    const polite = await ask([Polite], 'list');
    expect(polite.body).to.deep.equal({ error: 'scope_please', error_description: 'Ask for the scope' });
    expect(polite.headers['www-authenticate']).to.match(
      /^Bearer realm="api", error="insufficient_scope", error_description="[^"]+", scope="a b"$/,
    );
    expect(polite.headers['www-authenticate']).not.to.match(/please|Ask/);
  });

  it('an anonymous caller gets the standard words', async () => {
    expectRefusal(await ask([Closed], 'list', null), 'not_authenticated');
  });

  it('the words of a negated permission are not used', async () => {
    class Open extends Closed {
      override hasPermission() {
        return true;
      }
    }
    expectRefusal(await ask([not(Open)], 'list'), 'permission_denied');
  });

  it('the first failing member speaks, of a list, an and, and an or', async () => {
    const said = (word: string) => leaf({ view: false, message: word, code: word });
    const [one, two] = [said('one'), said('two')];
    for (const list of [[one, two], [and(one, two)], [or(one, two)], [True, one, two], [or(False, True), one]]) {
      expect((await ask(list, 'list')).body).to.deep.equal({ error: 'one', error_description: 'one' });
    }
    const objecting = await ask([leaf({ object: false, message: 'mine', code: 'mine' })], 'loaded');
    expect(objecting.body).to.deep.equal({ error: 'mine', error_description: 'mine' });
  });
});

describe('permissions by method', () => {
  it('IsSafeOnly and IsAuthenticatedOrReadOnly look at the method', async () => {
    const put = (list: readonly PermissionRule[], claims: object | null) =>
      api.as(claims, 'put', `/unloaded/1?list=${numberOf(list)}`);
    expect((await ask([IsSafeOnly], 'list', null)).status).to.equal(200);
    expectRefusal(await put([IsSafeOnly], {}), 'permission_denied');
    expect((await ask([IsAuthenticatedOrReadOnly], 'list', null)).status).to.equal(200);
    expect((await put([IsAuthenticatedOrReadOnly], {})).status).to.equal(200);
    expectRefusal(await put([IsAuthenticatedOrReadOnly], null), 'not_authenticated');
    expect((await put([or(IsSafeOnly, HasAccessTokenRoles)], { roles: ['r'] })).status).to.equal(200);
    expectRefusal(await put([or(IsSafeOnly, HasAccessTokenRoles)], {}), 'permission_denied');
  });
});
