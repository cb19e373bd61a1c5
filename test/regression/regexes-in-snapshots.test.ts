/**
 * `axioms routes --check` took the text of a path for a regex only where it began with `^` or ended with `$`. A route with another
 * regex took the requests of a stricter route, and the check passed. `/open/` as text and as regex counted as one route.
 */
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { ApiController, auditRoutes, IsAuthenticated, type RouteAudit } from 'axioms-routing-controllers';
import { hasRequiredScopes } from 'axioms-routing-controllers/decorators';
import { openings, readSnapshot, snapshotOf } from '../../src/cli/snapshot';
import { auditTable } from '../../src/views/start/audit';

type Path = string | RegExp;

const axioms = {
  audience: 'api',
  domain: 'issuer.example.com',
  logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
};

/** Audits a controller with a route for each path; `scope` is what the last one requires. */
function audits(paths: readonly Path[], { prefix = '', scope }: { prefix?: string; scope?: string } = {}) {
  class SecretController extends ApiController {
    override permissionClasses = [IsAuthenticated];
  }
  const { prototype } = SecretController;
  JsonController(prefix)(SecretController);
  for (const [index, path] of paths.entries()) {
    const name = `route${index}`;
    Object.defineProperty(prototype, name, { value: () => ({}), configurable: true, writable: true });
    const property = Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<() => object>;
    (Get(path as string) as MethodDecorator)(prototype, name, property);
    Reflect.defineMetadata('design:paramtypes', [], prototype, name);
    if (scope !== undefined && index === paths.length - 1) hasRequiredScopes(scope)(prototype, name, property);
  }
  return auditRoutes({ controllers: [SecretController], axioms });
}

/** As a snapshot of version 1 had it. */
function oldSnapshotOf(before: readonly RouteAudit[]): string {
  const { routes } = JSON.parse(snapshotOf(before)) as { routes: readonly { regex?: object }[] };
  return JSON.stringify({ version: 1, routes: routes.map(({ regex: _, ...route }) => route) });
}

function failures(snapshot: string, now: readonly RouteAudit[]): readonly string[] {
  return openings(readSnapshot(snapshot, 'routes.json'), now)
    .filter(({ isOpening, isCompared }) => isOpening || !isCompared)
    .map(({ route, what }) => `${route}: ${what.slice(0, 23)}`);
}

const secret = audits(['/secret/:id'], { scope: 'admin' });
const takes = 'takes requests of GET /';

describe('regression: a regex in a snapshot of routes', () => {
  for (const regex of [
    /secret/,
    /\/secret/,
    /\/secret\/\d+/,
    /secret\/\d+/i,
    /secret\/x\d{5}/,
    /[/]secret[/]\w+/,
    /^\/secret\/\d+/,
    /^\/public|^\/secret/,
    /^\/(?:public|secret)\/\w+$/,
  ])
    it(`is seen to take the requests of a stricter path, and the other way round: ${String(regex)}`, () => {
      for (const snapshot of [snapshotOf(secret), oldSnapshotOf(secret)])
        expect(failures(snapshot, audits([regex]))).to.deep.equal([`GET ${String(regex)} (regex): ${takes}`]);
      expect(failures(snapshotOf(audits([regex], { scope: 'admin' })), audits(['/secret/:id']))).to.deep.equal([
        `GET /secret/:id: takes requests of GET ${String(regex)}`.slice(0, 'GET /secret/:id: '.length + 23),
      ]);
    });

  it('is seen to take them below the path of a class, in either case', () => {
    const before = audits(['/secret/:id'], { prefix: '/api', scope: 'admin' });
    const [route] = failures(snapshotOf(before), audits([/\/secret\/\d+/], { prefix: '/API' }));
    expect(route).to.match(/^GET .* \(regex\): takes requests of GET \//);
  });

  it('is another route than a path with the same text', () => {
    const now = audits([/open/]);
    const before = audits(['/open/', '/open/:id'], { scope: 'admin' });
    expect(failures(snapshotOf(before), now)).to.deep.equal(['GET /open/ (regex): takes requests of GET /']);
    expect(failures(snapshotOf(now), now)).to.deep.equal([]);
    expect(failures(snapshotOf(before), before)).to.deep.equal([]);
  });

  it('is marked in the audit, its table and the snapshot', () => {
    const [audit, text] = audits([/open/i, '/open/']);
    expect(audit).to.deep.include({ path: '/open/i', regex: { source: 'open', flags: 'i' } });
    expect(text).not.to.have.property('regex');
    expect(auditTable(audits([/open/i, '/open/']))).to.match(/GET +\/open\/i \(regex\) .*\nGET +\/open\/  /);
    expect(readSnapshot(snapshotOf([audit as RouteAudit]), '')[0]).to.deep.include({ regex: audit?.regex });
  });

  it('is not read from a snapshot in another form than the one in which it is written', () => {
    for (const regex of [true, '/x/', { source: 'x' }, null]) {
      const [route] = secret;
      const text = JSON.stringify({ version: 2, routes: [{ ...route, regex }] });
      expect(() => readSnapshot(text, 'routes.json')).to.throw('is no snapshot of version 2');
    }
  });
});

describe('regression: a snapshot that does not say which paths are regexes', () => {
  it('fails where the path may have been text, and is a regex now', () => {
    for (const old of ['/open/', /open/])
      expect(failures(oldSnapshotOf(audits([old])), audits([/open/]))).to.deep.equal([
        'GET /open/: not compared: the snaps',
      ]);
  });

  it('fails where the path may have been a regex whose requests a new route takes, by a rule that is more open', () => {
    const before = oldSnapshotOf(audits([/open/], { scope: 'admin' }));
    const what = ['GET /open/: not compared: the snaps'];
    expect(failures(before, audits(['/x/open/:id']))).to.deep.equal(what);
    expect(failures(before, audits(['/x/open/:id', '/open/'], { scope: 'admin' }))).to.deep.equal(what);
  });

  it('passes where nothing has changed, and where new routes are no more open', () => {
    const old = ['/open/', '/', '/open/me', '/:id/', /^\/x\/\w+$/, /\/y\d/];
    const before = oldSnapshotOf(audits(old));
    expect(failures(before, audits(old))).to.deep.equal([]);
    expect(failures(before, audits(['/x/open/:id', ...old]))).to.deep.equal([]);
    expect(failures(oldSnapshotOf(audits(['/open/'])), [])).to.deep.equal([]);
  });
});
