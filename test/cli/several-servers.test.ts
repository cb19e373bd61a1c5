/** The command line on an app with several servers. */
import { join } from 'node:path';
import { expect } from 'chai';
import type { RouteAudit } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { issuerUrls } from './apps/two-servers';
import { ran } from './terminal';

const app = join(__dirname, 'apps/two-servers.js');

describe('the command line, on an app with several servers', () => {
  let issuers: readonly TestIssuer[];
  before(async () => {
    issuers = [await TestIssuer.start(), await TestIssuer.start()];
    issuerUrls.splice(0, 2, ...issuers.map(({ url }) => url));
  });
  after(() => Promise.all(issuers.map(issuer => issuer.close())));

  it('lists the routes of all of them', async () => {
    const { exitCode, out } = await ran(['routes', app, '--json']);
    const audits = JSON.parse(out) as readonly RouteAudit[];
    expect(exitCode).to.equal(0);
    expect(audits.map(({ path, who }) => `${path} ${who}`)).to.deep.equal(['/staff/:id some', '/shop authenticated']);
  });

  for (const [path, index, claims, exitCode, words] of [
    ['/staff/1', 0, { scope: 'staff' }, 0, 'StaffController.retrieve'],
    ['/staff/1', 0, {}, 1, 'insufficient_scope'],
    ['/staff/1', 1, { scope: 'staff' }, 1, 'invalid_token'],
    ['/shop', 1, {}, 0, 'ShopController.list'],
    ['/shop', 0, {}, 1, 'invalid_token'],
  ] as const)
    it(`explains ${path} by the server that has the route, to a token of issuer ${index} with ${JSON.stringify(claims)}`, async () => {
      const given = { input: issuers[index]!.token(claims) };
      const found = await ran(['explain', app, '--token', '-', 'GET', path], given);
      expect([found.exitCode, found.err]).to.deep.equal([exitCode, '']);
      expect(found.out).to.contain(words);
    });

  it('explains that no server has the route', async () => {
    expect((await ran(['explain', app, 'GET', '/nowhere'])).out).to.contain('No route takes it.');
  });

  it('examines no server where none is named, and says how to name one', async () => {
    for (const more of [[], ['--server', '3'], ['--server', '0'], ['--server', 'second'], ['--server', '1.5']]) {
      const { exitCode, out, err } = await ran(['doctor', app, ...more]);
      expect([exitCode, out], more.join(' ')).to.deep.equal([2, '']);
      expect(err).to.contain('has 2 servers').and.to.contain('--server 1 to --server 2');
    }
  });

  it('examines the server that is named', async () => {
    for (const [index, issuer] of issuers.entries()) {
      const { exitCode, out } = await ran(['doctor', app, '--server', String(index + 1)]);
      expect(exitCode, out).to.equal(0);
      expect(out)
        .to.contain(issuer.url)
        .and.not.to.contain(issuers[1 - index]!.url);
    }
  });
});
