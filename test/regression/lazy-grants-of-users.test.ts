/** A lazy relation of the app's user fails only the rules that need it. It failed every rule, and answers that were decided. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  ApiController,
  BasePermission,
  HasAccessTokenPermissions,
  HasAccessTokenRoles,
  HasAccessTokenScopes,
  IsAuthenticated,
  SessionAuthentication,
  and,
  callerOf,
  not,
  or,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

let reads = 0;

/** An entity of TypeORM: its accessor for a lazy relation returns a promise. */
class Account {
  readonly scopes = ['read'];
  constructor(readonly isStaff: boolean) {}
  get roles(): Promise<string[]> {
    reads += 1;
    return Promise.reject(new Error('no database'));
  }
  get permissions(): never {
    throw new Error('the relation is not loaded');
  }
}

class Staff extends BasePermission {
  override hasPermission(given: Request) {
    return callerOf(given).isStaff === true;
  }
}

/** Loads the roles itself. */
class LoadsRoles extends BasePermission {
  override async hasPermission() {
    return Promise.resolve(false);
  }
  override requirement() {
    return { kind: 'roles', match: 'any', values: ['editor'] } as const;
  }
}

abstract class Route extends ApiController {
  override authenticationClasses = [SessionAuthentication];
  override accessTokenScopes = ['write'];
  override accessTokenRoles = ['suspended'];
  override accessTokenPermissions = ['book:write'];
  @Get('/') show() {
    return {};
  }
}

const rules = {
  staff: [Staff],
  'own-description': [LoadsRoles],
  scopes: [HasAccessTokenScopes],
  'scopes-then-roles': [HasAccessTokenScopes, HasAccessTokenRoles],
  'scopes-and-roles': [and(HasAccessTokenScopes, HasAccessTokenRoles)],
  'scopes-or-staff': [or(HasAccessTokenScopes, Staff)],
  'scopes-or-anybody': [or(HasAccessTokenScopes, IsAuthenticated)],
  'staff-or-roles': [or(Staff, HasAccessTokenRoles)],
  'roles-or-staff': [or(HasAccessTokenRoles, Staff)],
  roles: [HasAccessTokenRoles],
  'roles-then-scopes': [HasAccessTokenRoles, HasAccessTokenScopes],
  'not-roles': [not(HasAccessTokenRoles)],
  'not-roles-or': [not(or(HasAccessTokenScopes, HasAccessTokenRoles))],
  'not-permissions': [not(HasAccessTokenPermissions)],
};

function controllerOf(name: string, permissionClasses: readonly object[]): new () => Route {
  @JsonController(`/${name}`)
  class Controller extends Route {
    override permissionClasses = permissionClasses;
  }
  return Controller;
}

describe('regression: lazy grants of the user of a session', () => {
  forbidStrayErrors();
  let issuer: TestIssuer;
  let app: Express;
  const errors: string[] = [];

  before(async () => {
    issuer = await TestIssuer.start();
    app = express().use((given, _response, next) => {
      Object.assign(given, { session: { user: new Account(given.headers['x-staff'] !== undefined) } });
      next();
    });
    const ignore = (): void => undefined;
    const logger = { debug: ignore, info: ignore, warn: note, error: note };
    const controllers = Object.entries(rules).map(([name, classes]) => controllerOf(name, classes));
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    errors.length = reads = 0;
  });

  function note(message: string): void {
    errors.push(message);
  }

  const statusOf = async (name: string, headers: Record<string, string> = {}): Promise<number> =>
    (await request(app).get(`/${name}`).set(headers)).status;

  for (const [name, ofStaff, ofOthers] of [
    ['staff', 200, 403],
    ['own-description', 403, 403],
    ['scopes', 403, 403],
    ['scopes-then-roles', 403, 403],
    ['scopes-and-roles', 403, 403],
    ['scopes-or-staff', 200, 403],
    ['scopes-or-anybody', 200, 200],
  ] as const)
    it(`change no answer of rules that do not read them: ${name}`, async () => {
      expect(await statusOf(name, { 'X-Staff': '1' })).to.equal(ofStaff);
      expect(await statusOf(name)).to.equal(ofOthers);
      expect(errors).to.deep.equal([]);
    });

  // The guard asks the rules about roles first, before the body is there.
  for (const name of ['roles', 'roles-or-staff', 'staff-or-roles', 'roles-then-scopes', 'not-roles', 'not-roles-or'])
    it(`refuse where a rule reads them, and the log says why: ${name}`, async () => {
      for (const headers of [{ 'X-Staff': '1' }, undefined]) {
        expect(await statusOf(name, headers)).to.equal(500);
        expect(errors.at(-1)).to.contain('The roles of request.user are not loaded yet');
      }
    });

  it('refuse where the accessor of the kind that a negated rule reads throws', async () => {
    expect(await statusOf('not-permissions')).to.equal(500);
  });

  it('are not read where a rule that needs another kind allows', async () => {
    expect(await statusOf('scopes-or-anybody')).to.equal(200);
    expect(reads).to.equal(0);
  });
});
