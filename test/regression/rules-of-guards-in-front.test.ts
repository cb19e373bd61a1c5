/**
 * Fault: `requireAccessToken()` in `@UseBefore` was no rule of its route. The audit and `axioms routes --check` did not
 * show it, another spelling of the path missed it, and an open route in front of it did not stop the start.
 */
import { expect } from 'chai';
import express, { type Application, type RequestHandler } from 'express';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { All, Get, JsonController, UseAfter, UseBefore } from 'routing-controllers';
import {
  AllowAny,
  auditRoutes,
  BaseAuthentication,
  createExpressServer,
  HasValidAccessToken,
  IsAuthenticated,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
  type PermissionRule,
  type RouteAudit,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredScopes } from 'axioms-routing-controllers/decorators';
import { openApiDocument } from 'axioms-routing-controllers/openapi';
import { openings, readSnapshot, snapshotOf } from '../../src/cli/snapshot';
import { inWords } from '../../src/core/requirements/words';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';

const wildcard = process.env.EXPRESS === '4' ? '/files/*' : '/files/*path';
const admin = (): RequestHandler => requireAccessToken({ scopes: ['admin'] });
const handled: string[] = [];

/** Accepts a key, and no access token. */
class KeyAuthentication extends BaseAuthentication {
  override readonly isToken = false;
  override readonly authorizationSchemes = [];
  authenticate() {
    return null;
  }
}

interface Written {
  readonly permissionClasses?: readonly PermissionRule[];
  readonly authenticationClasses?: readonly (new () => BaseAuthentication)[];
  /** Decorates the handler. */
  readonly action?: MethodDecorator;
  /** Decorates the class. */
  readonly type?: ClassDecorator;
}

function written({ permissionClasses = [IsAuthenticated], action, type, ...lists }: Written): new () => object {
  class Payroll {
    permissionClasses = permissionClasses;
    @Get('/payroll') list() {
      handled.push('list');
      return {};
    }
  }
  const { authenticationClasses } = lists;
  const Made = authenticationClasses
    ? class extends Payroll {
        authenticationClasses = authenticationClasses;
      }
    : Payroll;
  Object.defineProperty(Made, 'name', { value: 'Payroll' });
  JsonController()(Made);
  action?.(Payroll.prototype, 'list', Object.getOwnPropertyDescriptor(Payroll.prototype, 'list')!);
  type?.(Made);
  return Made;
}

const useBefore = (guard: RequestHandler): MethodDecorator & ClassDecorator =>
  UseBefore(guard) as MethodDecorator & ClassDecorator;

const settings: SettingsInput = { audience: 'api', domain: 'issuer.example.com', logger: new RecordingLogger() };

function audited(lists: Written, changed: Partial<SettingsInput> = {}): readonly RouteAudit[] {
  return auditRoutes({ controllers: [written(lists)], axioms: { ...settings, ...changed } });
}

function rulesOf(audits: readonly RouteAudit[]): readonly string[] {
  return audits.map(({ requirement }) => inWords(requirement));
}

function failures(before: readonly RouteAudit[], now: readonly RouteAudit[]): readonly string[] {
  const changes = openings(readSnapshot(snapshotOf(before), 'routes.json'), now);
  return changes.filter(one => one.isOpening || !one.isCompared).map(({ what }) => what);
}

const opened = ['lets somebody in who was not let in'];

describe('regression: a guard in @UseBefore is a rule of its route', () => {
  beforeEach(() => handled.splice(0));

  describe('in the audit and in the check of a snapshot', () => {
    for (const [where, lists] of Object.entries({
      'the handler': { action: useBefore(admin()) },
      'the class': { type: useBefore(admin()) },
      'a handler open to anyone': { permissionClasses: [AllowAny], action: useBefore(admin()) },
    } satisfies Record<string, Written>))
      it(`shows what a guard of ${where} requires, and fails once the guard is removed`, () => {
        const before = audited(lists);
        const { permissionClasses } = lists as Written;
        const without = permissionClasses === undefined ? {} : { permissionClasses };
        expect(rulesOf(before)).to.deep.equal(['the scope admin']);
        expect(before.map(({ who }) => who)).to.deep.equal(['some']);
        expect(failures(before, audited(without))).to.deep.equal(opened);
        expect(failures(before, audited(lists))).to.deep.equal([]);
        expect(failures(audited(without), before)).to.deep.equal([]);
      });

    it('shows the same for a guard as for the decorator', () => {
      const [decorated] = audited({ action: hasRequiredScopes('admin') as MethodDecorator });
      const [guarded] = audited({ action: useBefore(admin()) });
      expect(guarded?.requirement).to.deep.equal(decorated?.requirement);
    });

    it('shows that a guard without lists requires a token, except for public methods', () => {
      const lists = { permissionClasses: [AllowAny], action: useBefore(requireAccessToken()) };
      expect(rulesOf(audited(lists))).to.deep.equal(['authenticated']);
      expect(rulesOf(audited(lists, { publicMethods: ['GET'] }))).to.deep.equal(['anyone']);
    });

    it('shows the rule as code where the guard accepts other credentials than the route', () => {
      const lists = { authenticationClasses: [KeyAuthentication] };
      const before = audited({ ...lists, action: useBefore(admin()) });
      expect(rulesOf(before)).to.deep.equal(['authenticated and requireAccessToken() (the scope admin)']);
      expect(failures(before, audited(lists))).to.deep.equal(opened);
      const all = audited({
        authenticationClasses: [HasValidAccessToken, KeyAuthentication],
        action: useBefore(admin()),
      });
      expect(rulesOf(all)).to.deep.equal(['authenticated and requireAccessToken() (the scope admin)']);
      const none = audited({ authenticationClasses: [], permissionClasses: [AllowAny], action: useBefore(admin()) });
      expect(rulesOf(none)).to.deep.equal(['requireAccessToken() (the scope admin)']);
    });

    it('shows no rule for a guard behind the handler', () => {
      expect(rulesOf(audited({ action: UseAfter(admin()) as MethodDecorator }))).to.deep.equal(['authenticated']);
    });
  });

  describe('at startup', () => {
    @JsonController()
    class Open {
      @Get('/files/:id') one() {
        return {};
      }
      @Get('/files/export') @UseBefore(admin()) all() {
        return {};
      }
    }

    @JsonController()
    class Guarded {
      @Get('/files/:id') @UseBefore(requireAccessToken()) one() {
        return {};
      }
      @Get('/files/export') @hasRequiredScopes('admin') all() {
        return {};
      }
    }

    for (const controller of [Open, Guarded])
      it(`stops the start where a more open route takes its requests: ${controller.name}`, () => {
        expect(() => auditRoutes({ controllers: [controller], axioms: settings })).to.throw(
          `${controller.name}.all (GET /files/export) is never reached: ${controller.name}.one (GET /files/:id)`,
        );
      });

    it('stops the start where the guard requires an unknown scope', () => {
      expect(() => audited({ action: useBefore(admin()) }, { knownScopes: ['payroll'] })).to.throw(
        "Payroll.list asks for the scope 'admin'",
      );
    });
  });

  describe('at requests', () => {
    let issuer: TestIssuer;
    const servers: AxiomsServer[] = [];
    before(async () => (issuer = await TestIssuer.start()));
    afterEach(() => {
      for (const server of servers.splice(0)) server.close();
    });
    after(() => issuer.close());

    function serve(controller: new () => object, on = express(), prefix = ''): Application {
      const options = { controllers: [controller], axioms: issuer.settings(), routePrefix: prefix };
      const app = useExpressServer(on, options) as Application;
      servers.push(app.locals.axioms as AxiomsServer);
      return app;
    }

    async function get(app: Application, path: string, scope?: string) {
      const listening = app.listen(0);
      const { port } = listening.address() as AddressInfo;
      const token = scope === undefined ? {} : { authorization: `Bearer ${issuer.token({ scope })}` };
      try {
        const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
          http.get({ port, path, headers: token, agent: false }, resolve).on('error', reject);
        });
        response.resume();
        return { status: response.statusCode, challenge: response.headers['www-authenticate'] };
      } finally {
        listening.close();
      }
    }

    @JsonController()
    class Files {
      @Get('/files/secret/report') @UseBefore(admin()) report() {
        handled.push('report');
        return {};
      }
      @Get(wildcard) any() {
        handled.push('any');
        return {};
      }
    }

    for (const path of ['/files//secret/report', '/files/secret%2Freport', '/files/./secret/report'])
      it(`refuses another spelling of its path, which an open wildcard would take: ${path}`, async () => {
        const { status, challenge } = await get(serve(Files), path, 'read');
        expect(status).to.equal(400);
        expect(challenge).to.equal(undefined);
        expect(handled).to.deep.equal([]);
      });

    it('still lets in what the guard lets in, and refuses the rest with the challenge of the guard', async () => {
      const app = serve(Files);
      expect(await get(app, '/files/secret/report', 'admin')).to.deep.equal({ status: 200, challenge: undefined });
      expect(await get(app, '/files/public', 'read')).to.deep.equal({ status: 200, challenge: undefined });
      expect(handled.splice(0)).to.deep.equal(['report', 'any']);
      const refused = await get(app, '/files/secret/report', 'read');
      expect(refused.status).to.equal(403);
      expect(refused.challenge).to.match(/^Bearer .*error="insufficient_scope".*, scope="admin"$/);
      const anonymous = await get(app, '/files/secret/report');
      expect(anonymous).to.deep.equal({ status: 401, challenge: 'Bearer realm="api", scope="admin"' });
      expect(handled).to.deep.equal([]);
    });

    it('shows a guard of another server as code, and leaves asking it to the guard', async () => {
      const app = express();
      serve(Files, app, '/other');
      const guard = requireAccessToken({ scopes: ['admin'], server: app.locals.axioms as AxiomsServer });
      serve(written({ action: useBefore(guard) }), app);
      const audit = (app.locals.axioms as AxiomsServer).audit().at(-1);
      expect(inWords(audit!.requirement)).to.equal(
        'authenticated and requireAccessToken() of another server (the scope admin)',
      );
      expect((await get(app, '/payroll', 'admin')).status).to.equal(200);
      expect(handled.splice(0)).to.deep.equal(['list']);
      expect((await get(app, '/payroll', 'read')).status).to.equal(403);
      expect(handled).to.deep.equal([]);
    });
  });

  it('is documented as the decorator is, for every method', async () => {
    @JsonController()
    class Reports {
      @All('/reports') @UseBefore(admin()) all() {
        return {};
      }
      @Get('/summary') @UseBefore(admin()) summary() {
        return {};
      }
    }
    const app = createExpressServer({ controllers: [Reports], axioms: settings });
    const { paths } = await openApiDocument(app as Application);
    ((app as Application).locals.axioms as AxiomsServer).close();
    for (const path of ['/reports', '/summary']) {
      const operation = paths[path]?.get;
      expect(JSON.stringify(operation?.security), path).to.equal('[{"bearer":["admin"]}]');
      expect(operation?.description).to.contain('Who may: the scope `admin`.');
    }
  });
});
