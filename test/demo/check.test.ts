import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { startApi } from '../../demo/api';
import { startAuthorizationServer, type AuthorizationServer } from '../../demo/authorization-server';
import { controllers } from '../../demo/controllers';
import { openDatabase, removeDatabase, temporaryPlace, type DatabasePlace } from '../../demo/database';
import { Callers } from '../../demo/rules/callers';
import { checkDemo } from '../../demo/rules/check-demo';
import { checkMicroservice } from '../../demo/rules/check-microservice';
import { checkRules, type Outcome } from '../../demo/rules/check-rules';
import { rules } from '../../demo/rules/table';
import {
  unchangedMicroservice,
  withdrawnMicroserviceRules,
  type WithdrawnMicroserviceRule,
} from './withdrawn-microservice-rules';
import { unchanged, withdrawnRules, type WithdrawnRule } from './withdrawn-rules';

const check = join(__dirname, '../../demo/check.js');

describe('demo:check', function () {
  this.timeout(60_000);

  let place: DatabasePlace;
  let database: DataSource;
  let issuer: AuthorizationServer;
  let callers: Callers;

  before(async () => {
    place = await temporaryPlace();
    database = await openDatabase(place);
    issuer = await startAuthorizationServer(0);
    callers = new Callers(issuer);
  });

  after(async () => {
    await issuer.close();
    await database.destroy();
    await removeDatabase(place);
  });

  async function firstFailure({ route, method, weakened }: WithdrawnRule): Promise<Outcome | undefined> {
    const api = await startApi({ port: 0, issuerUrl: issuer.url, database, controllers: [weakened()] });
    const table = rules.filter(([request]) => `${request}/`.startsWith(`${method} ${route}/`));
    try {
      for await (const outcome of checkRules(api.url, callers, table)) if (!outcome.passed) return outcome;
      return undefined;
    } finally {
      await api.close();
    }
  }

  async function firstFailureAt({ weakened, ...options }: WithdrawnMicroserviceRule): Promise<Outcome | undefined> {
    const api = await startApi({ port: 0, issuerUrl: issuer.url, database, microservice: weakened, ...options });
    try {
      for await (const outcome of checkMicroservice({ api, issuer }, callers)) if (!outcome.passed) return outcome;
      return undefined;
    } finally {
      await api.close();
    }
  }

  it('prints a table and the sum, and exits 0', () => {
    const { status, stdout, stderr } = run([check]);
    expect(stderr).to.equal('');
    expect(stdout)
      .to.match(/^ +request +who +expected +got\n/)
      .and.match(/\n\d{3} passed, 0 failed\n$/);
    expect(status).to.equal(0);
  });

  it('exits 1 on any difference, and shows it whole', () => {
    const { status, stdout } = run(['-r', join(__dirname, 'without-a-rule.js'), check]);
    expect(stdout).to.match(
      /\nDELETE \/role as anonymous\n  expected 401, WWW-Authenticate: Bearer realm="api", resource_metadata="[^"]+"\n/,
    );
    expect(status).to.equal(1);
  });

  it('does not mind a subclass that says the same', async () => {
    expect(await checkDemo({ controllers: controllers.map(unchanged) }, () => undefined)).to.equal(0);
  });

  it('does not mind a microservice that says the same', async () => {
    expect(await firstFailureAt(unchangedMicroservice)).to.equal(undefined);
  });

  it('exits 1 for a microservice that takes any password, too', async () => {
    const [{ weakened }] = withdrawnMicroserviceRules() as [WithdrawnMicroserviceRule];
    const printed: string[] = [];
    expect(await checkDemo({ microservice: weakened }, text => printed.push(text))).to.equal(1);
    expect(printed.join()).to.match(
      /\nPOST \/auth\/sign-in\/ as ged, wrong password\n  expected 401.*\n  got      200/,
    );
  });

  describe('notices', () => {
    const { error } = console;
    before(() => (console.error = () => undefined)); // a weakened handler may fail; that is logged
    after(() => (console.error = error));

    for (const rule of withdrawnRules())
      it(rule.name, async () => expect(await firstFailure(rule), 'nothing').not.to.equal(undefined));

    for (const rule of withdrawnMicroserviceRules())
      it(`the microservice without ${rule.name}`, async () => {
        const { request, caller } = (await firstFailureAt(rule)) ?? {};
        expect(`${request ?? 'nothing'}, ${caller?.name ?? 'nobody'}`).to.equal(rule.noticedBy);
      });
  });
});

function run(parameters: string[]) {
  return spawnSync(process.execPath, parameters, { encoding: 'utf8' });
}
