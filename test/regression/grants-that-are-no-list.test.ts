/** Grants of the app's user that are no list of strings counted as none, so that a negated rule let the user in. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  BaseAuthentication,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAuthenticated,
  SessionAuthentication,
  and,
  not,
  or,
  useExpressServer,
  type AxiomsServer,
  type User,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal } from '../refusals';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const grants: Readonly<Record<string, () => unknown>> = {
  'entities, as a relation of TypeORM': () => [{ name: 'banned' }],
  'a set': () => new Set(['banned']),
  'a string': () => 'banned',
  'several names in a string': () => 'reader banned',
  'a list of promises': () => [Promise.resolve('banned'), Promise.reject(new Error('no database'))],
  'a list in a list': () => [['banned']],
  'a list with a hole': () => Object.assign(['reader'], { length: 2 }),
  'a list that is mostly of strings': () => ['reader', { name: 'banned' }],
  flags: () => ({ banned: true }),
  'a function with a then method': () => Object.assign(() => undefined, { then: () => undefined }),
  'a number': () => 3,
};

let granted: () => unknown;
let ran = 0;

/** Makes what is granted when a rule reads it, as the accessors of an entity do. */
class Account {
  readonly sub = 'eve';
  get scopes(): unknown {
    return granted();
  }
  get roles(): unknown {
    return granted();
  }
  get permissions(): unknown {
    return granted();
  }
}

class Keyed extends BaseAuthentication {
  override readonly authorizationSchemes = [];
  authenticate() {
    return { user: Object.assign(new Account(), { isAuthenticated: true }) as unknown as User };
  }
}

abstract class Route {
  accessTokenScopes = ['banned'];
  accessTokenRoles = ['banned'];
  accessTokenPermissions = ['banned'];
  @Get('/') show() {
    ran += 1;
    return {};
  }
}

const rules = {
  scopes: and(IsAuthenticated, not(HasAccessTokenScopes)),
  roles: and(IsAuthenticated, not(HasAccessTokenRoles)),
  permissions: and(IsAuthenticated, not(HasAccessTokenPermissions)),
};
const classes = { custom: Keyed, session: SessionAuthentication };

function controllerOf(path: string, authenticationClass: object, permissionClass: object): new () => Route {
  @JsonController(path)
  class Controller extends Route {
    authenticationClasses = [authenticationClass];
    permissionClasses = [permissionClass];
  }
  return Controller;
}

describe('regression: grants of the user of the app that are no list of strings', () => {
  forbidStrayErrors();
  let issuer: TestIssuer;
  let app: Express;
  let logger: RecordingLogger;

  before(async () => {
    issuer = await TestIssuer.start();
    logger = new RecordingLogger();
    app = express().use((given: Request, _response, next) => {
      Object.assign(given, { session: { user: new Account() } });
      next();
    });
    const controllers = Object.entries(classes).flatMap(([name, one]) => [
      ...Object.entries(rules).map(([kind, rule]) => controllerOf(`/${name}/${kind}`, one, rule)),
      controllerOf(`/${name}/any`, one, or(IsAuthenticated, HasAccessTokenRoles)),
    ]);
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    ran = 0;
  });

  for (const name of Object.keys(classes)) {
    for (const kind of Object.keys(rules))
      for (const [what, value] of Object.entries(grants))
        it(`are a fault of the server where a negated rule reads them: ${kind} of a ${name} user, ${what}`, async () => {
          granted = value;
          expectExactRefusal(await request(app).get(`/${name}/${kind}`), {
            status: 500,
            error: 'server_error',
            description: 'The server could not handle the request',
          });
          expect(ran).to.equal(0);
          expect(logger.text('error')).to.include(
            `expected a list of strings: set one where you make the user, for example ${kind}.map`,
          );
        });

    it(`change no answer of a rule that does not read them: of a ${name} user`, async () => {
      granted = () => [{ name: 'banned' }];
      expect((await request(app).get(`/${name}/any`)).status).to.equal(200);
    });

    it(`refuse and let in where they are lists, or missing: of a ${name} user`, async () => {
      for (const [list, status] of [
        [['banned'], 403],
        [['reader'], 200],
        [[], 200],
        [undefined, 200],
        [null, 200],
      ] as const) {
        granted = () => list;
        expect((await request(app).get(`/${name}/roles`)).status).to.equal(status);
      }
    });
  }
});
