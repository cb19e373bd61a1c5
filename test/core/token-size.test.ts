import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  createExpressServer,
  HasAccessTokenRoles,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { silentLogger, TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, invalidToken } from '../refusals';

let calls = 0;

@JsonController('/reports')
class ReportController {
  permissionClasses = [HasAccessTokenRoles];
  accessTokenRoles = ['Reports.Read.All'];

  @Get('/')
  list() {
    calls++;
    return { ok: true };
  }
}

describe('the size of a token', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    issuer.rotate('k2', { alg: 'RS256' });
  });
  after(() => issuer.close());
  beforeEach(() => {
    calls = 0;
  });

  /** On a server that takes headers of 64 KiB, so that the library's limit is what decides. */
  async function ask(token: string, settings: SettingsInput = {}) {
    const app = createExpressServer({
      controllers: [ReportController],
      axioms: { ...issuer.settings(), ...settings, logger: silentLogger },
    });
    const server = createServer({ maxHeaderSize: 65_536 }, app);
    const answer = await request(server).get('/reports').set('Authorization', `Bearer ${token}`);
    (app.locals['axioms'] as AxiomsServer).close();
    return answer;
  }

  /** Of exactly as many bytes as are asked for. */
  function tokenOf(bytes: number): string {
    const withPadding = (padding: number): string =>
      issuer.token({ roles: ['Reports.Read.All'], padding: 'x'.repeat(padding) }, { fill: 'x'.repeat(bytes % 3) });
    // Base64url writes 4 characters for 3 bytes.
    let padding = Math.floor(((bytes - withPadding(0).length) * 3) / 4) - 2;
    while (withPadding(padding).length < bytes) padding++;
    return withPadding(padding);
  }

  const groups = Array.from({ length: 200 }, () => randomUUID());
  const roles = Array.from({ length: 40 }, (_, index) => `Reports.Read.Of.Department.${index}`);

  it('of an Entra user with 200 groups and some app roles is accepted with the default settings, on a server of Node with its own defaults', async () => {
    const token = issuer.token({ groups, roles: [...roles, 'Reports.Read.All'] }, { typ: 'JWT' });
    expect(token.length).to.be.greaterThan(12_288);
    const app = createExpressServer({
      controllers: [ReportController],
      axioms: { ...issuer.settings(), logger: silentLogger },
    });
    const answer = await request(app).get('/reports').set('Authorization', `Bearer ${token}`);
    (app.locals['axioms'] as AxiomsServer).close();
    expect(answer.status).to.equal(200);
  });

  it('is at most 16384 bytes by default: one byte more is refused, and the handler does not run', async () => {
    const longest = tokenOf(16_384);
    const longer = tokenOf(16_385);
    expect([longest.length, longer.length]).to.deep.equal([16_384, 16_385]);
    expect((await ask(longest)).status).to.equal(200);
    const { fetches } = issuer;
    expectExactRefusal(await ask(longer, { jwksPrefetch: false }), invalidToken('The access token is too long'));
    expect(issuer.fetches).to.equal(fetches);
    expect(calls).to.equal(1);
    expect((await ask(longer, { maxTokenSize: 16_385 })).status).to.equal(200);
  });
});
