/** The documentation's curl lines of the microservice, which are the mirrored project's, run by curl against the demo. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { microserviceClient } from '../../demo/authorization-server/clients';
import { tokensOf } from '../../demo/client/tokens';
import { removeDatabase, temporaryPlace, type DatabasePlace } from '../../demo/database';
import { startDemo, type Demo } from '../../demo/demo';

const page = resolve(__dirname, '../../../docs/microservice.md');

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe("the documentation's curl lines of the microservice", function () {
  this.timeout(60_000);

  let place: DatabasePlace;
  let demo: Demo;
  let folder: string;
  let lines: ReadonlyMap<string, string>;

  before(async function () {
    await promisify(execFile)('curl', ['--version']).catch(() => {
      for (const test of this.test!.parent!.tests) test.title += ' (there is no curl)';
      return this.skip();
    });
    lines = linesIn(await readFile(page, 'utf8'));
    place = await temporaryPlace();
    demo = await startDemo({ place });
  });
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'axioms-curl-'))));
  afterEach(() => rm(folder, { recursive: true }));
  after(async () => {
    await (demo as Demo | undefined)?.close();
    if ((place as DatabasePlace | undefined) !== undefined) await removeDatabase(place);
  });

  /** Runs the line for an endpoint as it stands there, but for the host and the tokens. */
  async function run(endpoint: string, tokens: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const line = Object.entries({ 'http://127.0.0.1:3000': demo.api.url, ...tokens }).reduce(
      (text, [placeholder, value]) => text.replaceAll(placeholder, value),
      lines.get(endpoint)!,
    );
    const shell = promisify(execFile)('sh', ['-c', `${line} --silent --write-out '\\n%{http_code}'`], { cwd: folder });
    const [body = '', status] = (await shell).stdout.split(/\n(?=\d{3}$)/);
    return { status: Number(status), body: (body === '' ? {} : JSON.parse(body)) as Answer['body'] };
  }

  async function jar(): Promise<string> {
    return readFile(join(folder, 'jar'), 'utf8');
  }

  it('are one for each endpoint', () =>
    expect([...lines.keys()]).to.deep.equal(['sign-in', 'social-exchange', 'refresh', 'logoff']));

  it('sign in, refresh and log off', async () => {
    const signedIn = await run('sign-in');
    expect(signedIn.status).to.equal(200);
    expect(signedIn.body).to.have.all.keys('access_token', 'expires', 'CSRF_token', 'user');
    const tokens = { csrf_token: String(signedIn.body.CSRF_token) };
    const before = await jar();
    const refreshed = await run('refresh', tokens);
    expect(refreshed.status).to.equal(200);
    expect(await jar()).not.to.equal(before);
    expect(refreshed.body.access_token).not.to.equal(signedIn.body.access_token);
    const cookies = await jar();
    expect((await run('logoff', tokens)).status).to.equal(204);
    expect(await jar()).not.to.equal(cookies);
    await writeFile(join(folder, 'jar'), cookies);
    expect((await run('refresh', tokens)).status).to.equal(401);
  });

  it("exchange the authorization server's tokens", async () => {
    const asked = { scope: 'openid email profile' };
    const { id_token, access_token } = await tokensOf(demo.issuer.url, 'bob', asked, { app: microserviceClient });
    const tokens = { id_token_from_idp: id_token!, access_token_from_idp: access_token };
    const exchanged = await run('social-exchange', tokens);
    expect(exchanged.status, JSON.stringify(exchanged.body)).to.equal(200);
    expect(exchanged.body.user).to.deep.equal({ username: 'bob' });
    const refreshed = await run('refresh', { csrf_token: String(exchanged.body.CSRF_token) });
    expect(refreshed.status).to.equal(200);
  });

  it('are refused without cookies, and with an invalid CSRF token', async () => {
    expect((await run('refresh')).status).to.equal(401);
    await run('sign-in');
    expect((await run('refresh')).status).to.equal(403);
    expect((await run('logoff')).status).to.equal(403);
  });
});

/** By the last part of their paths. */
function linesIn(text: string): ReadonlyMap<string, string> {
  const commands = text.match(/^curl .*\/auth\/(?:.*\\\n)*.*$/gm) ?? [];
  return new Map(commands.map(line => [/\/auth\/([\w-]+)\//.exec(line)?.[1] ?? '', line]));
}
