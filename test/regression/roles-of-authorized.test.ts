/** Fault: @Authorized() with an empty or an unusable role asked only for an authenticated caller, and the handler ran. */
import { expect } from 'chai';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { auditRoutes } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { audience } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';
import { startError, startWarnings } from '../start-error';

type Decorator = (target: object | (new () => object), name?: string) => void;

function controllerWith(ofHandler: readonly Decorator[], ofClass: readonly Decorator[] = []): new () => object {
  @JsonController('/notes')
  class NotesController {
    @Get('/') list() {
      return 'notes';
    }
  }
  for (const one of ofHandler) one(NotesController.prototype, 'list');
  for (const one of ofClass) one(NotesController);
  return NotesController;
}

const authorized = (role?: unknown): Decorator => Authorized(role as string) as Decorator;

describe('@Authorized() whose roles name nothing', () => {
  const wrong: readonly [text: string, role: unknown][] = [
    ['[]', []],
    ["''", ''],
    ['null', null],
    ['false', false],
    ['0', 0],
    ["['admin', '']", ['admin', '']],
    ['[undefined]', [undefined]],
    ["['admin', a function]", ['admin', () => 'admin']],
    ['an object', { role: 'admin' }],
    ['a function', () => ['admin']],
    ['7', 7],
  ];
  for (const [text, role] of wrong)
    it(`stops the start: @Authorized(${text})`, () => {
      const message = (place: string): string =>
        `@Authorized(${text}) of ${place} does not name its roles: a role is a text that is not empty. Write @Authorized('admin') or @Authorized(['admin', 'editor']); for every authenticated caller write @Authorized() without an argument.`;
      expect(startError(controllerWith([authorized(role)]))).to.equal(message('NotesController.list'));
      expect(startError(controllerWith([], [authorized(role)]))).to.equal(message('NotesController'));
    });

  it('may have roles of any type for an authorizationChecker of the app, but no empty ones', () => {
    const settings = { audience, issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: new RecordingLogger() };
    const audit = (role: unknown): unknown =>
      auditRoutes({
        controllers: [controllerWith([authorized(role)])],
        authorizationChecker: () => true,
        axioms: settings,
      });
    expect(() => audit({ role: 'admin' })).not.to.throw();
    expect(() => audit([])).to.throw('does not name its roles');
    expect(() => audit([''])).to.throw('does not name its roles');
  });
});

describe('two @Authorized() of which only one counts', () => {
  it('stop the start on a handler and on a class', () => {
    const two = [authorized('user'), authorized('admin')];
    expect(startError(controllerWith(two))).to.equal(
      "NotesController.list has both @Authorized('admin') and @Authorized('user'), of which only one counts. Leave one: @Authorized(['admin', 'editor']) asks for any of its roles. To ask for several, use @hasRequiredRoles() for each.",
    );
    expect(startError(controllerWith([], two))).to.match(/^NotesController has both/);
    expect(startError(controllerWith([authorized(), authorized('admin')]))).to.contain(
      "has both @Authorized('admin') and @Authorized(), of which",
    );
  });

  it('are accepted where they ask for the same', async () => {
    const controller = controllerWith([authorized(['admin', 'editor']), authorized(['editor', 'admin'])]);
    const api = await Api.start({ controllers: [controller] });
    try {
      expectRefusal(await api.as({ roles: ['user'] }, 'get', '/notes'), 'permission_denied');
      expect((await api.as({ roles: ['editor'] }, 'get', '/notes')).status).to.equal(200);
    } finally {
      await api.close();
    }
  });

  it('are warned of, by both places, where a subclass replaces that of its base class', () => {
    @Authorized('admin')
    @JsonController('/base')
    class AdminController {
      @Get('/') list() {
        return 'notes';
      }
    }
    @Authorized()
    @JsonController('/sub')
    class OpenController extends AdminController {}
    @Authorized('admin')
    @JsonController('/same')
    class SameController extends AdminController {}
    const warnings = startWarnings(OpenController);
    expect(warnings).to.contain('An @Authorized() decorator replaces that of a base class');
    expect(warnings)
      .to.contain('@Authorized() of OpenController')
      .and.to.contain("@Authorized('admin') of AdminController");
    expect(startWarnings(SameController)).to.equal('');
  });
});
