/**
 * `axioms routes --check` compared routes of the same method and path. A route for the same requests under another method or
 * spelling was "new", whatever the snapshot had required for them.
 */
import { expect } from 'chai';
import type { RouteAudit } from 'axioms-routing-controllers';
import { openings, readSnapshot, snapshotOf, type Change } from '../../src/cli/snapshot';

type Rule = RouteAudit['requirement'];
const admin: Rule = { kind: 'scopes', match: 'any', values: ['admin'] };
const signedIn: Rule = { kind: 'authenticated' };

function route(name: string, requirement: Rule, more: Partial<RouteAudit> = {}): RouteAudit {
  const [method = '', path = '', kind] = name.split(' ');
  const [, source = '', flags = ''] = /^\/(.*)\/(\w*)$/.exec(path) ?? [];
  return {
    method,
    path,
    ...(kind === '(regex)' ? { regex: { source, flags } } : {}),
    handler: 'SecretController.list',
    who: 'some',
    rule: '',
    source: 'field',
    sources: { authenticationClasses: 'default', permissionClasses: 'field', throttleClasses: 'default' },
    authentication: ['AccessTokenAuthentication'],
    order: [],
    requirement,
    ...more,
  };
}

function changes(before: readonly RouteAudit[], now: readonly RouteAudit[]): readonly Change[] {
  return openings(readSnapshot(snapshotOf(before), 'routes.json'), now);
}

function failures(before: readonly RouteAudit[], now: readonly RouteAudit[]): readonly string[] {
  return changes(before, now)
    .filter(({ isOpening, isCompared }) => isOpening || !isCompared)
    .map(change => `${change.route} ${change.what}`);
}

// Express 4 and 5 write a wildcard differently.
const everything = process.env.EXPRESS === '4' ? '/*' : '/*path';
const lets = 'lets somebody in who was not let in';

describe('regression: a check of routes against a snapshot', () => {
  for (const [old, now] of [
    ['GET /secrets/all', 'ALL /secrets/all'],
    ['DELETE /secrets/:id', 'ALL /secrets/:id'],
    ['ALL /secrets/:id', 'GET /secrets/:id'],
    ['HEAD /secrets', 'GET /secrets'],
    ['GET /secrets', 'HEAD /secrets'],
    ['GET /secrets/all', 'GET /secrets/all/'],
    ['GET /secrets/all/', 'GET /secrets/all'],
    ['GET /secrets/:id', 'GET /secrets/:noteId'],
    ['GET /Secrets/:id', 'GET /secrets/:Id/'],
    ['GET /secrets/all', 'GET /secrets/:id'],
    ['GET /secrets/:id', 'GET /secrets/all'],
    ['GET /secrets/:id', 'ALL /secrets/all'],
    ['GET /secrets/*path', 'GET /secrets/:id'],
    ['GET /secrets/:id', `ALL ${everything}`],
    ['GET /secrets/:id', String.raw`GET /^\/secrets\/\w+$/ (regex)`],
    [String.raw`GET /^\/secrets\/\w+$/ (regex)`, 'GET /secrets/:id'],
    [String.raw`GET /^\/secrets\/\w+$/ (regex)`, String.raw`ALL /^\/secrets\/\w+$/ (regex)`],
  ] as const) {
    it(`finds that a new route is more open for requests of one that is gone: ${old}, ${now}`, () => {
      expect(failures([route(old, admin)], [route(now, signedIn)])).to.deep.equal([
        `${now} takes requests of ${old}, and ${lets}`,
      ]);
    });

    it(`passes where it is no more open: ${old}, ${now}`, () => {
      expect(failures([route(old, admin)], [route(now, admin)])).to.deep.equal([]);
      expect(failures([route(old, signedIn)], [route(now, admin)])).to.deep.equal([]);
    });
  }

  for (const [old, now] of [
    ['GET /secrets/all', 'ALL /secrets/all'],
    ['ALL /secrets/all', 'GET /secrets/all'],
    ['GET /secrets/all', 'GET /secrets/:id'],
    ['GET /secrets/:id', `ALL ${everything}`],
  ] as const)
    it(`finds that a new route takes requests of one that is still there, in front of it alone: ${old}, ${now}`, () => {
      const [kept, added] = [route(old, admin), route(now, signedIn)];
      expect(failures([kept], [added, kept])).to.deep.equal([`${now} takes requests of ${old}, and ${lets}`]);
      if (!old.startsWith('ALL')) expect(failures([kept], [kept, added])).to.deep.equal([]);
    });

  it('finds that a route of the snapshot takes the method of one that is gone', () => {
    const all = route('ALL /secrets/:id', signedIn);
    expect(failures([all, route('DELETE /secrets/:key', admin)], [all])).to.deep.equal([
      `ALL /secrets/:id takes requests of DELETE /secrets/:key, and ${lets}`,
    ]);
  });

  it('shows both rules, and does not call the route new besides', () => {
    const [first, second, ...others] = changes([route('GET /x', admin)], [route('ALL /x', signedIn)]);
    expect(first).to.deep.include({ route: 'ALL /x', before: 'the scope admin', now: 'authenticated' });
    expect(second).to.deep.include({ route: 'GET /x', what: 'is gone', isOpening: false });
    expect(others).to.deep.equal([]);
  });

  it('goes by the rules of the method', () => {
    const perMethod: Rule = {
      kind: 'or',
      of: [
        { kind: 'and', of: [{ kind: 'methods', methods: ['GET', 'HEAD'] }, admin] },
        { kind: 'and', of: [{ kind: 'not', of: { kind: 'methods', methods: ['GET', 'HEAD'] } }, signedIn] },
      ],
    };
    const all = route('ALL /x', perMethod);
    expect(failures([route('GET /x', admin)], [all])).to.deep.equal([]);
    expect(failures([route('POST /x', admin)], [all])).to.have.lengthOf(1);
  });

  it('finds other credentials and wider lists for the same requests', () => {
    const authentication = ['AccessTokenAuthentication', 'ApiKey'];
    expect(failures([route('GET /x', admin)], [route('ALL /x', admin, { authentication })])).to.deep.equal([
      'ALL /x takes requests of GET /x, and accepts other credentials: ApiKey',
    ]);
    const filter: Rule = { kind: 'owner', attribute: 'user' };
    expect(failures([route('GET /x', signedIn, { filter })], [route('GET /x/', signedIn)])).to.deep.equal([
      'GET /x/ takes requests of GET /x, and lists objects that it did not list',
    ]);
  });

  it('does not take the owner and the own rules of another controller for the same', () => {
    const elsewhere = { handler: 'NoteController.list' };
    for (const rule of [
      { kind: 'owner', attribute: 'user' },
      { kind: 'custom', name: 'IsOpen' },
    ] as Rule[]) {
      const asked: Rule = { kind: 'and', of: [signedIn, rule] };
      expect(failures([route('GET /x/:a', asked)], [route('GET /x/:b', asked)])).to.deep.equal([]);
      expect(failures([route('GET /x/:a', asked)], [route('GET /x/:b', asked, elsewhere)])).to.have.lengthOf(1);
    }
  });

  it('leaves a route new that takes no requests of another one, and lets one go', () => {
    const one = route('GET /books/:id', admin);
    expect(failures([one], [route('GET /books/mine', signedIn), one, route('POST /books', signedIn)])).to.deep.equal(
      [],
    );
    expect(failures([one, route('GET /books/all', admin)], [one])).to.deep.equal([]);
    const fallback = route(`ALL ${everything}`, { kind: 'anyone' });
    expect(failures([one, fallback], [fallback])).to.deep.equal([]);
  });

  it('finds nothing where nothing has changed', () => {
    const names = [
      'GET /a/:id',
      'GET /a/b',
      'ALL /a/:id',
      'HEAD /a/b',
      `GET ${everything}`,
      String.raw`GET /^\/a\/\w+$/ (regex)`,
    ];
    const routes = names.map((name, index) => route(name, index % 2 === 0 ? signedIn : admin));
    for (const now of [routes, routes.toReversed()]) expect(changes(routes, now)).to.deep.equal([]);
  });

  it('does not pass where a path of the snapshot cannot be read and there are new routes', () => {
    const unreadable = route('GET /secrets/(', admin);
    expect(failures([unreadable], [])).to.deep.equal([]);
    expect(failures([unreadable], [route('GET /secrets/:id', signedIn)])).to.deep.equal([
      'GET /secrets/( is gone, and its path cannot be compared with those of new routes: read their rules',
    ]);
  });
});
