import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import type { RouteAudit } from 'axioms-routing-controllers';
import { inWords } from '../../src/core/requirements/words';
import { openings, readSnapshot, snapshotOf } from '../../src/cli/snapshot';
import { choice } from './apps/books';
import { rules } from './apps/complex';
import { ran } from './terminal';

const root = resolve(__dirname, '../../..');
const books = join(__dirname, 'apps/books.js');
const main = join(__dirname, '../../src/cli/main.js');

function run(...parameters: string[]) {
  return spawnSync(process.execPath, [main, ...parameters], { encoding: 'utf8', cwd: root, timeout: 30_000 });
}

describe('axioms routes', () => {
  let folder: string;
  let snapshot: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'axioms-cli-'));
    snapshot = join(folder, 'routes.json');
  });
  beforeEach(() => (choice.scope = 'book:read'));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('prints who may do what', async () => {
    const { exitCode, out, err } = await ran(['routes', books]);
    expect([exitCode, err]).to.deep.equal([0, '']);
    expect(out.replace(/ {2,}/g, ' | ').split('\n')).to.deep.equal([
      'METHOD | PATH | HANDLER | WHO | RULE | SOURCE',
      'GET | /books | BookController.list | some | the scope book:read | getter',
      'POST | /books | BookController.create | some | the scope book:write | getter',
      'DELETE | /notes/:owner | NoteController.destroy | some | the role admin or (the scope note:write and the owner (user)) | field',
      'GET | /open | OpenController.show | anyone | anyone | field',
      '',
    ]);
  });

  it('prints it as JSON', async () => {
    const { out } = await ran(['routes', books, '--json']);
    const audits = JSON.parse(out) as RouteAudit[];
    expect(audits.map(({ method, path, who }) => `${method} ${path} ${who}`)).to.deep.equal([
      'GET /books some',
      'POST /books some',
      'DELETE /notes/:owner some',
      'GET /open anyone',
    ]);
  });

  it('reads a function that makes the app, too, and another export by its name', async () => {
    const options = await ran(['routes', books]);
    expect(await ran(['routes', books, '--export', 'createApp'])).to.deep.equal(options);
  });

  it('finds nothing more open where nothing has changed', async () => {
    expect((await ran(['routes', books, '--write', snapshot])).exitCode).to.equal(0);
    expect(await ran(['routes', books, '--check', snapshot])).to.deep.equal({
      exitCode: 0,
      out: `✓ No route is more open than in ${snapshot}.\n`,
      err: '',
    });
  });

  it('fails where a scope has become another, until the snapshot says so', async () => {
    await ran(['routes', books, '--write', snapshot]);
    choice.scope = 'book:list';
    const { exitCode, out } = await ran(['routes', books, '--check', snapshot]);
    expect(exitCode).to.equal(1);
    expect(out).to.contain(
      '✗ GET /books: lets somebody in who was not let in\n    before: the scope book:read\n    now:    the scope book:list\n',
    );
    const json = JSON.parse((await ran(['routes', books, '--check', snapshot, '--json'])).out) as { ok: boolean };
    expect(json.ok).to.equal(false);
    expect((await ran(['routes', books, '--check', snapshot, '--update'])).exitCode).to.equal(0);
    expect((await ran(['routes', books, '--check', snapshot])).exitCode).to.equal(0);
  });

  it('says so where it cannot compare two rules, prints both, and exits 1', async () => {
    const complex = join(__dirname, 'apps/complex.js');
    rules.isWider = true;
    await ran(['routes', complex, '--write', snapshot]);
    rules.isWider = false;
    const { exitCode, out } = await ran(['routes', complex, '--check', snapshot]);
    expect(exitCode).to.equal(1);
    expect(out).to.match(
      /^✗ GET \/complex: not compared: read the two rules\n {4}before: \(any of .*\n {4}now: {4}any of .*\n/,
    );
    expect(out).to.include('Of 1 of the changes it is not known whether they let somebody in.');
    expect(out).not.to.include('lets somebody in').and.not.to.include('of the changes let somebody in. ');
    const json = JSON.parse((await ran(['routes', complex, '--check', snapshot, '--json'])).out) as { ok: boolean };
    expect(json.ok).to.equal(false);
    await ran(['routes', complex, '--write', snapshot]);
    expect((await ran(['routes', complex, '--check', snapshot])).exitCode).to.equal(0);
  });

  it('is the same as the snapshot of the demo', () => {
    const { status, stdout, stderr } = run('routes', 'dist/demo/audited.js', '--check', 'demo/routes.json');
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.equal('✓ No route is more open than in demo/routes.json.\n');
  });

  it('does not let the app listen, print between, or keep the process', () => {
    const { status, stdout, stderr } = run('routes', join(__dirname, 'apps/listening.js'), '--json');
    expect(status).to.equal(0);
    expect(JSON.parse(stdout)).to.have.lengthOf(4);
    expect(stderr).to.contain('does not let it').and.to.contain('Listening');
  });

  it('does not look well where the app never comes to be', () => {
    expect(run('routes', join(__dirname, 'apps/waiting.js')).status).to.equal(2);
  });

  it('fails where the rules stop the start, in the words of the start', async () => {
    const { exitCode, out, err } = await ran(['routes', join(__dirname, 'apps/wrong.js')]);
    expect([exitCode, out]).to.deep.equal([1, '']);
    expect(err).to.match(
      /^axioms: WrongController\.list has the permission class HasAccessTokenScopes and says no scopes/,
    );
  });

  for (const [what, parameters, said] of [
    ['no file', [], 'Name one file'],
    ['two files', [books, books], 'Name one file'],
    ['a file that is not there', ['nowhere.js'], 'There is no file nowhere.js'],
    ['an export that is not there', [books, '--export', 'elsewhere'], 'exports no elsewhere'],
    ['an export that is no app', [books, '--export', 'nothing'], 'neither an app of ours nor options'],
    ['an unknown option', [books, '--nonsense'], '--nonsense'],
    ['a snapshot that is not there', [books, '--check', 'nowhere.json'], 'There is no snapshot nowhere.json'],
    ['--update without --check', [books, '--update'], '--update needs --check'],
  ] as readonly (readonly [string, string[], string])[])
    it(`says what is wrong: ${what}`, async () => {
      const { exitCode, out, err } = await ran(['routes', ...parameters]);
      expect([exitCode, out]).to.deep.equal([2, '']);
      expect(err).to.contain(said).and.to.contain('Usage: axioms routes');
    });

  it('refuses a file that is not a snapshot, and leaves it unchanged', async () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"version":3,"routes":[]}',
      '{"version":1,"routes":[{"method":"GET","path":"/"}]}',
      'null',
    ]) {
      writeFileSync(snapshot, text);
      expect((await ran(['routes', books, '--check', snapshot])).exitCode, text).to.equal(2);
      expect(readFileSync(snapshot, 'utf8')).to.equal(text);
    }
  });
});

describe('a snapshot of routes', () => {
  const route = (more: Partial<RouteAudit> = {}): RouteAudit => ({
    method: 'GET',
    path: '/x',
    handler: 'XController.list',
    who: 'some',
    rule: '',
    source: 'field',
    sources: { authenticationClasses: 'default', permissionClasses: 'field', throttleClasses: 'default' },
    authentication: ['AccessTokenAuthentication'],
    order: [],
    requirement: { kind: 'scopes', match: 'any', values: ['a'] },
    ...more,
  });
  const perRequest = { kind: 'custom', name: 'decided per request' } as const;

  for (const [what, before, now, isOpening] of [
    ['nothing', route(), route(), undefined],
    [
      'the same in other words',
      route(),
      route({ requirement: { kind: 'scopes', match: 'all', values: ['a'] } }),
      undefined,
    ],
    ['open to anyone', route(), route({ requirement: { kind: 'anyone' } }), true],
    [
      'one scope more, of which any is enough',
      route(),
      route({ requirement: { kind: 'scopes', match: 'any', values: ['a', 'b'] } }),
      true,
    ],
    [
      'one scope more, of which all are needed',
      route(),
      route({ requirement: { kind: 'scopes', match: 'all', values: ['a', 'b'] } }),
      false,
    ],
    ['closed', route(), route({ requirement: { kind: 'nobody' } }), false],
    ['a rule per request instead of one that is known', route(), route({ requirement: perRequest }), true],
    ['a rule per request as before', route({ requirement: perRequest }), route({ requirement: perRequest }), undefined],
    [
      'another way to be authenticated',
      route(),
      route({ authentication: ['AccessTokenAuthentication', 'ApiKey'] }),
      true,
    ],
    ['one way less', route({ authentication: ['A', 'B'] }), route({ authentication: ['A'] }), undefined],
    ['a new route that is open', undefined, route({ requirement: { kind: 'anyone' } }), true],
    ['a new route that only code can judge', undefined, route({ requirement: perRequest }), true],
    ['a new route that is closed', undefined, route(), false],
    ['a route that is gone', route(), undefined, false],
  ] as readonly (readonly [string, RouteAudit | undefined, RouteAudit | undefined, boolean | undefined])[])
    it(`tells an opening from none: ${what}`, () => {
      const known = readSnapshot(snapshotOf(before === undefined ? [] : [before]), 'routes.json');
      const changes = openings(known, now === undefined ? [] : [now]);
      expect(changes.map(change => change.isOpening)).to.deep.equal(isOpening === undefined ? [] : [isOpening]);
    });

  const groups = (count: number, name: string): RouteAudit['requirement'] => ({
    kind: 'and',
    of: Array.from({ length: count }, (_, index) => ({
      kind: 'scopes',
      match: 'any',
      values: [1, 2, 3].map(number => `${name}:${index}:${number}`),
    })),
  });
  const alternatives = (count: number): RouteAudit['requirement'] => ({
    kind: 'or',
    of: Array.from({ length: count }, (_, index) => ({
      kind: 'scopes',
      match: 'all',
      values: [1, 2, 3].map(number => `a:${index}:${number}`),
    })),
  });
  const turned = (requirement: RouteAudit['requirement']): RouteAudit['requirement'] =>
    requirement.kind === 'and' || requirement.kind === 'or'
      ? { ...requirement, of: requirement.of.toReversed() }
      : requirement;
  const undecidable: readonly [string, RouteAudit['requirement'], RouteAudit['requirement']][] = [
    ['ten any-of groups', groups(10, 'a'), { kind: 'or', of: [groups(10, 'a'), groups(10, 'b')] }],
    ['17 alternatives', alternatives(17), { kind: 'and', of: [alternatives(17), groups(10, 'a')] }],
  ];

  for (const [title, requirement, other] of undecidable) {
    it(`claims nothing of rules that it cannot decide, and prints both: ${title}`, () => {
      const known = readSnapshot(snapshotOf([route({ requirement: other })]), 'routes.json');
      const pairs = [
        openings(known, [route({ requirement })]),
        openings([route({ requirement })], [route({ requirement: other })]),
      ];
      const [change] = pairs.flat().filter(({ isCompared }) => !isCompared);
      expect(change).to.deep.include({ isOpening: false, what: 'not compared: read the two rules' });
      expect([change?.before, change?.now].sort()).to.deep.equal([inWords(requirement), inWords(other)].sort());
    });

    it(`finds no change in the same rule, in whatever order it is written: ${title}`, () => {
      const known = readSnapshot(snapshotOf([route({ requirement })]), 'routes.json');
      expect(openings(known, [route({ requirement })])).to.deep.equal([]);
      const [change] = openings(known, [route({ requirement: turned(requirement) })]);
      expect([change?.isOpening, change?.isCompared]).to.deep.equal([false, true]);
    });
  }

  it('tells other credentials beside rules that it cannot decide', () => {
    const [, requirement, other] = undecidable[0]!;
    const authentication = ['AccessTokenAuthentication', 'ApiKey'];
    const [change] = openings([route({ requirement: other })], [route({ requirement, authentication })]);
    expect(change).to.deep.include({
      isOpening: true,
      isCompared: false,
      what: 'not compared: read the two rules; accepts other credentials: ApiKey',
    });
  });

  it('does not claim that a new route is open which only code can judge', () => {
    const [change] = openings([], [route({ requirement: perRequest })]);
    expect(change?.what).to.equal('is new, and may be open to anyone: read its rule');
  });

  it('compares the first of two routes for the same requests: it is the one that answers', () => {
    const known = readSnapshot(snapshotOf([route(), route({ requirement: { kind: 'anyone' } })]), 'routes.json');
    expect(known).to.have.lengthOf(1);
    expect(openings(known, [route({ requirement: { kind: 'anyone' } }), route()])[0]?.isOpening).to.equal(true);
  });
});

describe('the command line', () => {
  it('tells what there is', async () => {
    const { exitCode, out } = await ran(['--help']);
    expect(exitCode).to.equal(0);
    for (const name of ['routes', 'doctor', 'explain', 'token decode', 'keys rotate', 'init', 'completion'])
      expect(out).to.contain(`axioms ${name}`);
    expect((await ran([])).exitCode).to.equal(2);
    expect(await ran(['routes', '--help'])).to.deep.include({ exitCode: 0, err: '' });
  });

  it('says its version, and what its exit codes mean', async () => {
    const { version } = JSON.parse(readFileSync(resolve(__dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await ran(['--version'])).to.deep.equal({ exitCode: 0, out: `${version}\n`, err: '' });
    expect((await ran(['--help'])).out).to.match(/Exit codes:\n {2}0 {2}success\n {2}1 {2}.*\n {2}2 {2}/);
  });

  it('asks for the compiled file instead of TypeScript, without a stack', async () => {
    const file = resolve(__dirname, '../../../examples/minimal/app.ts');
    const { exitCode, out, err } = await ran(['explain', file, 'GET', '/public']);
    expect({ exitCode, out }).to.deep.equal({ exitCode: 2, out: '' });
    expect(err)
      .to.include('app.ts is TypeScript')
      .and.include('compile it with tsc')
      .and.not.match(/^ {4}at /m);
  });

  for (const parameters of [['routes'], ['doctor'], ['explain', 'GET', '/'], ['keys', 'rotate']])
    it(`asks for the compiled file in axioms ${parameters[0] ?? ''}, where the source imports a file by its compiled name`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sources-'));
      const file = join(folder, 'app.mts');
      writeFileSync(file, "import { app } from './controllers.js';\nexport const twice: unknown = [app, app];\n");
      const [command = '', ...others] = parameters;
      const words = command === 'keys' ? [...parameters, file] : [command, file, ...others];
      const { exitCode, out, err } = await ran(words);
      rmSync(folder, { recursive: true });
      expect({ exitCode, out }).to.deep.equal({ exitCode: 2, out: '' });
      expect(err)
        .to.include(`${file} is TypeScript`)
        .and.not.match(/^ {4}at /m);
    });

  it('does not guess', async () => {
    const { exitCode, err } = await ran(['rotues']);
    expect(exitCode).to.equal(2);
    expect(err).to.contain("There is no command 'rotues'");
  });
});
