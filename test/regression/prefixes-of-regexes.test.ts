/**
 * Faults: a regex below a path was compared with the letters of that path as they are written, so that requests with
 * other letters reached an open route; and joining the two changed which paths the regex takes.
 */
import { expect } from 'chai';
import express from 'express';
import { Get, JsonController, Param } from 'routing-controllers';
import request, { type Response } from 'supertest';
import { AllowAny, DenyAll, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { permissionClasses } from 'axioms-routing-controllers/decorators';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';
import { startError } from '../start-error';

const isExpress4 = 'lazyrouter' in express.application;
const handled: string[] = [];

function controllerOf(path: string, regex: RegExp) {
  @JsonController(path)
  class ReportController {
    @permissionClasses([DenyAll]) @Get(regex) guarded() {
      handled.push('guarded');
      return {};
    }
    @permissionClasses([AllowAny]) @Get('/:name') open(@Param('name') name: string) {
      handled.push(name);
      return { name };
    }
  }
  return ReportController;
}

const refused = {
  status: 401,
  challenges: ['Bearer realm="api"'],
  error: 'not_authenticated',
  description: 'Authentication credentials were not provided',
};

describe('a regex below a path', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  beforeEach(() => {
    handled.length = 0;
  });

  interface Served {
    readonly regex: RegExp;
    readonly path?: string;
    readonly routePrefix?: string;
    readonly settings?: readonly string[];
  }

  async function answered(
    { regex, path = '/reports', routePrefix = '', settings = [] }: Served,
    ask: (get: (path: string) => Promise<Response>) => Promise<void>,
  ): Promise<void> {
    const app = express();
    for (const setting of settings) app.enable(setting);
    useExpressServer(app, { controllers: [controllerOf(path, regex)], routePrefix, axioms: issuer.settings() });
    await ask(async asked => request(app).get(asked));
    (app.locals.axioms as AxiomsServer).close();
  }

  async function expectGuarded(served: Served, ...paths: string[]): Promise<void> {
    await answered(served, async get => {
      for (const path of paths) expectExactRefusal(await get(path), refused);
      expect(handled).to.deep.equal([]);
    });
  }

  async function expectOpen(served: Served, path: string, name: string): Promise<void> {
    await answered(served, async get => {
      expect((await get(path)).body).to.deep.equal({ name });
      expect(handled).to.deep.equal([name]);
    });
  }

  const regex = /\/(salaries|bonuses)/;

  it('takes the letters of the class path in both cases, as Express takes those of a path that is text', () =>
    expectGuarded(
      { regex },
      '/reports/salaries',
      '/Reports/salaries',
      '/rePORTS/bonuses/',
      '/REPORTS/salaries?page=1',
    ));

  it('takes the letters of routePrefix in both cases, around a parameter', () =>
    expectGuarded({ regex, routePrefix: '/api/:Area' }, '/api/x/reports/salaries', '/API/x/reports/bonuses'));

  it('takes the letters of an encoded character in both cases', () =>
    expectGuarded({ regex, path: '/caf%C3%A9' }, '/caf%C3%A9/salaries', '/Caf%c3%a9/salaries'));

  it('keeps the case of its own letters', () => expectOpen({ regex }, '/Reports/Salaries', 'Salaries'));

  it('takes the letters as they are written where the app distinguishes the cases', async () => {
    const settings = ['case sensitive routing'];
    await expectGuarded({ regex, settings }, '/reports/salaries');
    await answered({ regex, settings }, async get => {
      expect((await get('/Reports/salaries')).status).to.equal(404);
      expect(handled).to.deep.equal([]);
    });
  });

  it('is shown with the path as it is written', () => {
    const app = express();
    useExpressServer(app, { controllers: [controllerOf('/reports', regex)], axioms: issuer.settings() });
    const server = app.locals.axioms as AxiomsServer;
    server.close();
    expect(server.audit()[0]?.path).to.equal(String.raw`/^\/reports(?:\/(salaries|bonuses))\/?$/`);
  });

  it('is compared at startup with regexes whose paths begin alike, and with no others', () => {
    @JsonController('/reports')
    class OpenController {
      permissionClasses = [AllowAny];
      @Get(/^\/[a-z]+$/) all() {
        return {};
      }
      @Get(isExpress4 ? '/Old/:name(\\w+)' : '/Old/:name{.:format}') old() {
        return {};
      }
    }
    const warnings = (path: string, guarded: RegExp): string => {
      const logger = new RecordingLogger();
      const app = express();
      const controllers = [OpenController, controllerOf(path, guarded)];
      useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
      (app.locals.axioms as AxiomsServer).close();
      return logger.text('warn');
    };
    expect(warnings('/reports', regex)).to.contain('may never be reached');
    expect(warnings('/reports/old', regex)).to.contain('OpenController.old (GET ');
    expect(warnings('/summaries', /^\/\w+$/)).to.equal('');
  });

  it('ends where one of its alternatives says so', async () => {
    const ends = { regex: /\/salaries$|\/bonuses$/ };
    await expectGuarded(ends, '/reports/salaries', '/reports/bonuses', '/reports/bonuses/');
    const excluding = { regex: /^\/(?!salaries$)[a-z]+$/ };
    await expectGuarded(excluding, '/reports/bonuses', '/reports/newsletters');
    await expectOpen(excluding, '/reports/salaries/', 'salaries');
  });

  it('keeps an escaped anchor and one in a character class', async () => {
    await expectGuarded({ regex: /^\/a\$[$^]b$/ }, '/reports/a$$b');
    await expectOpen({ regex: /^\/a\$[$^]b$/ }, '/reports/ab', 'ab');
  });

  it('stops the start if an alternative has a ^ of its own, which would match nothing', () => {
    expect(startError(controllerOf('/reports', /^\/salaries$|^\/bonuses$/))).to.equal(
      String.raw`The regex /^\/salaries$|^\/bonuses$/ of ReportController.guarded cannot be joined with the path /reports. Below a path, ^ matches only at the beginning of the regex. Write it once, in front of all alternatives: ^(?:…|…)$.`,
    );
  });

  it('stops the start if it counts its groups below a parameter, which is a group itself', () => {
    expect(startError(controllerOf('/:area', /^\/(\d)-\1$/))).to.equal(
      String.raw`The regex /^\/(\d)-\1$/ of ReportController.guarded cannot be joined with the path /:area. The parameters of the path count as groups. Give the group a name, and refer to it by that name: (?<name>…)\k<name>.`,
    );
  });

  it('may count its groups below text, and name them below a parameter', async () => {
    await expectGuarded({ regex: /^\/(\d)-\1$/ }, '/reports/7-7');
    await expectGuarded({ regex: /^\/(?<digit>\d)-\k<digit>$/, path: '/:area' }, '/reports/7-7');
    await expectOpen({ regex: /^\/(\d)-\1$/ }, '/reports/7-8', '7-8');
  });

  for (const path of [isExpress4 ? '/reports(/old)?' : '/reports{/old}', '/re\\:ports', '/reports/*rest', 'reports'])
    it(`stops the start below a path that is more than text and parameters: ${path}`, () => {
      expect(startError(controllerOf(path, /^\/salaries$/))).to.equal(
        `The regex /^\\/salaries$/ of ReportController.guarded cannot be joined with the path ${path}. A regex is joined only with text and with parameters, such as /notes/:id. Make the path of the class and routePrefix such a path, or give the handler a path that is text.`,
      );
    });

  it('may be below a segment that mixes text and a parameter', () =>
    expectGuarded({ regex: /^\/salaries$/, path: '/v1.0/report-:id' }, '/V1.0/Report-7/salaries'));
});
