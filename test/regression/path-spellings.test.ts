import { expect } from 'chai';
import express from 'express';
import { Get, JsonController, Param } from 'routing-controllers';
import request from 'supertest';
import { AllowAny, DenyAll, requireAccessToken, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';

const handled: string[] = [];

@JsonController('/reports')
class ReportController {
  @permissionClasses([DenyAll])
  @Get('/salaries')
  salaries() {
    handled.push('salaries');
    return {};
  }

  @permissionClasses([AllowAny])
  @Get('/:name')
  one(@Param('name') name: string) {
    handled.push(name);
    return { name };
  }
}

@JsonController('/people')
class PersonController {
  @permissionClasses([DenyAll]) @Get('/@me') me() {
    handled.push('me');
    return {};
  }
  @permissionClasses([DenyAll]) @Get(/^\/a,b;c=d:e~f!\$&\(\+$/) all() {
    handled.push('all');
    return {};
  }
  @permissionClasses([DenyAll]) @Get(/^\/[a-z]+@example\.com$/) ofExample() {
    handled.push('of example');
    return {};
  }
  @permissionClasses([AllowAny]) @Get('/:name') one(@Param('name') name: string) {
    handled.push(name);
    return { name };
  }
  // Behind the route that takes all of its paths.
  @permissionClasses([AllowAny]) @Get('/@you') you() {
    handled.push('you');
    return {};
  }
}

@JsonController('/:area')
class AreaController {
  permissionClasses = [AllowAny];
  @Get('/list') list(@Param('area') area: string) {
    handled.push(area);
    return { area };
  }
}

const otherSpelling = {
  status: 400,
  error: 'invalid_request',
  description: 'The path encodes characters that need no encoding',
};

describe('another spelling of a path', () => {
  let issuer: TestIssuer;
  const app = express();
  before(async () => {
    issuer = await TestIssuer.start();
    app.use(['/admin', '/@admin'], requireAccessToken({ roles: ['admin'] }));
    useExpressServer(app, {
      controllers: [ReportController, PersonController, AreaController],
      axioms: issuer.settings(),
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    handled.length = 0;
  });

  for (const path of [
    '/reports/%73alaries',
    '/reports/salarie%53',
    '/reports/%53ALARIES?page=1',
    '/%61dmin/list',
    '/admi%6E/list',
    '/%41dmin/list',
    '/reports/a%2Db',
    '/reports/a%2eb',
    '/reports/a%5Fb',
    '/reports/%30',
    '/people/%40me',
    '/people/%40ME/',
    '/people/%40me?page=1',
    '/people/a%2Cb%3Bc%3Dd%3Ae%7Ef%21%24%26%28%2B',
    '/people/a,b;c=d%3ae~f!$&(+',
    '/people/bob%40example.com',
    '/%40admin/list',
  ])
    it(`reaches no handler: ${path}`, async () => {
      expectExactRefusal(await request(app).get(path), otherSpelling);
      expect(handled).to.deep.equal([]);
    });

  for (const [path, name] of [
    ['/reports/a%20b', 'a b'],
    ['/reports/a%2Fb', 'a/b'],
    ['/reports/%C3%A9t%C3%A9', 'été'],
    ['/reports/%40me', '@me'],
    ['/reports/x?name=%73alaries', 'x'],
    ['/people/%40bob', '@bob'],
    ['/people/%40you', '@you'],
    ['/people/@you', '@you'],
    ['/people/bob%40example.org', 'bob@example.org'],
    ['/people/a%3Ab%2Cc%3Bd%3De%26f%2Bg%24', 'a:b,c;d=e&f+g$'],
    ['/people/me%7E', 'me~'],
  ] as const)
    it(`is accepted where the character needs its encoding, or no other route has the decoded path: ${path}`, async () => {
      expect((await request(app).get(path)).body).to.deep.equal({ name });
      expect(handled).to.deep.equal([name]);
    });

  it('that cannot be decoded is a refusal in our words', async () => {
    const answer = await request(app).get('/reports/%E0%A4%A');
    expectExactRefusal(answer, { status: 400, error: 'invalid_request', description: 'The path cannot be decoded' });
    expect(handled).to.deep.equal([]);
  });
});
