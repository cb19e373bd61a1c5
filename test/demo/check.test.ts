import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import { MemoryDenylist, type Denylist } from 'axioms-routing-controllers';
import type { ThrottleStore } from 'axioms-routing-controllers/throttling';
import { MemoryThrottleStore, type Hit } from 'axioms-routing-controllers/throttling';
import { startApi, type Api, type ApiOptions } from '../../demo/api';
import { startAuthorizationServer, type AuthorizationServer } from '../../demo/authorization-server';
import { controllers } from '../../demo/controllers';
import { openDatabase, removeDatabase, temporaryPlace, type DatabasePlace } from '../../demo/database';
import { Callers } from '../../demo/rules/callers';
import { checkDemo } from '../../demo/rules/check-demo';
import { checkLogout } from '../../demo/rules/check-logout';
import { checkMicroservice } from '../../demo/rules/check-microservice';
import { checkPage } from '../../demo/rules/check-page';
import { checkProofs } from '../../demo/rules/check-proofs';
import { checkRules, type Outcome } from '../../demo/rules/check-rules';
import { rules } from '../../demo/rules/table';
import {
  unchangedMicroservice,
  withdrawnMicroserviceRules,
  type WithdrawnMicroserviceRule,
} from './withdrawn-microservice-rules';
import { unchanged, withdrawnRules, type WithdrawnRule } from './withdrawn-rules';
import { withoutPlainWarning } from '../plain';
import { sampled } from '../sampled';

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

  async function failuresAt(
    options: Partial<ApiOptions>,
    check: (api: Api) => AsyncIterable<Outcome>,
  ): Promise<Outcome[]> {
    const api = await startApi({ port: 0, issuerUrl: issuer.url, database, ...options });
    try {
      const failures: Outcome[] = [];
      for await (const outcome of check(api)) if (!outcome.passed) failures.push(outcome);
      return failures;
    } finally {
      await api.close();
    }
  }

  async function firstFailureAt({ weakened, ...options }: WithdrawnMicroserviceRule): Promise<Outcome | undefined> {
    const check = (api: Api) => checkMicroservice({ api, issuer }, callers);
    return (await failuresAt({ microservice: weakened, ...options }, check))[0];
  }

  function rulesOf(route: string, method: string) {
    const table = rules.filter(([request]) => `${request}/`.startsWith(`${method} ${route}/`));
    return ({ url }: Api) => checkRules(url, callers, table);
  }

  const failuresWith = ({ route, method, weakened }: WithdrawnRule) =>
    failuresAt({ controllers: [weakened()] }, rulesOf(route, method));

  function logouts({ url }: Api): AsyncIterable<Outcome> {
    issuer.tellLogouts(url);
    return checkLogout(url, callers);
  }

  it('prints a table and the sum, and exits 0', () => {
    const { status, stdout, stderr } = run([check]);
    expect(withoutPlainWarning(stderr)).to.equal('');
    expect(stdout)
      .to.match(/^ +request +who +expected +got\n/)
      .and.match(/\n\d{3} passed, 0 failed\n$/);
    expect(status).to.equal(0);
  });

  it('exits 1 on any difference, and shows it whole', () => {
    const { status, stdout } = run(['-r', join(__dirname, 'without-a-rule.js'), check]);
    expect(stdout).to.match(
      /\nDELETE \/role as anonymous\n  expected 401, WWW-Authenticate: DPoP resource_metadata="[^"]+", algs="[^"]+", Bearer realm="api", resource_metadata="[^"]+"\n/,
    );
    expect(status).to.equal(1);
  });

  it('exits 1 where a log-out is forgotten', async () => {
    const denylist = { revoke: () => undefined, useOnce: () => true, isRevoked: () => false };
    let printed = '';
    expect(await checkDemo({ shared: { denylist } }, text => (printed = text))).to.equal(1);
    expect(printed).to.match(/\nGET \/protected as alice, at her desk, logged out\n.*\n {2}got {6}200,.*\n/);
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

    for (const rule of sampled(withdrawnRules(), ({ name }) => name))
      it(rule.name, async () => expect(await failuresWith(rule), 'nothing').not.to.be.empty);

    for (const rule of sampled(withdrawnMicroserviceRules(), ({ name }) => name))
      it(`the microservice without ${rule.name}`, async () => {
        const { request, caller } = (await firstFailureAt(rule)) ?? {};
        expect(`${request ?? 'nothing'}, ${caller?.name ?? 'nobody'}`).to.equal(rule.noticedBy);
      });

    const store = new MemoryThrottleStore();
    const unlimited: Hit = { isAllowed: true, remaining: 1, reset: 1 };
    for (const [name, throttleStore] of Object.entries<ThrottleStore>({
      'a limit that is not kept': { hit: () => unlimited },
      'a limit that is less': { hit: (key, rate) => store.hit(key, { ...rate, amount: rate.amount - 1 }) },
      'a limit that callers share': { hit: (_, rate) => store.hit('everybody', rate) },
      'a limit that says not when to come again': {
        hit: (...given) => ({ ...store.hit(...given), reset: 0 }),
      },
    }))
      it(name, async () => {
        const failures = await failuresAt({ shared: { throttleStore } }, rulesOf('/exports', 'GET'));
        expect(failures, 'nothing').not.to.be.empty;
      });

    const list = new MemoryDenylist();
    const revoke = list.revoke.bind(list);
    const useOnce = list.useOnce.bind(list);
    for (const [name, denylist] of Object.entries<Denylist>({
      'a log-out that is forgotten': { revoke: () => undefined, useOnce, isRevoked: () => false },
      'a log-out that nobody asks about': { revoke, useOnce, isRevoked: () => false },
      "a log-out that ends all of somebody's sessions": {
        revoke: ({ iss, sub = '' }) => {
          if (sub !== '') list.revoke({ iss, sub });
        },
        useOnce,
        isRevoked: claims => list.isRevoked(claims),
      },
    }))
      it(name, async () => {
        expect(await failuresAt({ shared: { denylist } }, logouts), 'nothing').not.to.be.empty;
      });

    it('a log-out that the API is not told of', async () => {
      const failures = await failuresAt({}, api => {
        issuer.tellLogouts(`${api.url}/elsewhere`);
        return checkLogout(api.url, callers);
      });
      expect(failures.map(({ expected, got }) => [expected.status, got.status])).to.deep.equal([[401, 200]]);
    });
  });

  it('finds nothing wrong with the log-out as it is', async () => {
    expect(await failuresAt({}, logouts)).to.deep.equal([]);
  });

  const proofs = ({ url }: Api): AsyncIterable<Outcome> => checkProofs(url, issuer, callers);

  it('finds nothing wrong with the proofs as they are', async () => {
    expect(await failuresAt({}, proofs)).to.deep.equal([]);
  });

  it('finds nothing wrong with the page as it is, and notices a matrix that foresees another answer', async () => {
    expect(await failuresAt({}, ({ url }) => checkPage(url))).to.deep.equal([]);
    const failures = await failuresAt({}, ({ url }) => checkPage(url, [['GET /role', [200, 200, 200, 200]]]));
    expect(failures.map(({ caller, got }) => [caller.name, got.says])).to.deep.equal([
      ['anonymous', 'refuses'],
      ['bob', 'refuses'],
      ['machine', 'refuses'],
    ]);
  });

  it('notices a proof that is accepted twice', async () => {
    const failures = await failuresAt({ shared: { proofStore: { use: () => ({ answer: 'first' }) } } }, proofs);
    expect(failures.map(({ caller, got }) => [caller.name, got.status])).to.deep.equal([
      ['bob, with a used proof', 200],
    ]);
  });
});

function run(parameters: string[]) {
  return spawnSync(process.execPath, parameters, { encoding: 'utf8' });
}
