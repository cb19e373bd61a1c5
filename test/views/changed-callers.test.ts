/** A caller that an authentication class of the app's own replaces while the handler runs. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  ApiController,
  BasePermission,
  HasAccessTokenRoles,
  useExpressServer,
  type AxiomsServer,
  type User,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, notAuthenticated, permissionDenied } from '../refusals';

type Changeable = Request & { guest?: User };

const guest: User = { isAuthenticated: true, sub: 'guest', roles: [] };
const admin: User = { isAuthenticated: true, sub: 'other', roles: ['admin'] };
const nobody: User = { isAuthenticated: false };

const ran: string[] = [];
let next: User;

class SteppingDown extends AccessTokenAuthentication {
  override currentUser(given: Request, accepted: User): User {
    return (given as Changeable).guest ?? accepted;
  }
}

class Insisting extends SteppingDown {
  override readonly isMandatory = true;
}

class Counted extends BasePermission {
  override hasPermission(): boolean {
    ran.push('rule');
    return true;
  }
}

abstract class Base extends ApiController {
  override authenticationClasses = [SteppingDown];

  @Get('/') async one(): Promise<object> {
    await this.checkObjectPermissions({});
    ran.push('as before');
    (this.request as Changeable).guest = next;
    await this.checkObjectPermissions({});
    ran.push('passed');
    return {};
  }
  @Get('/twice') async twice(): Promise<object> {
    (this.request as Changeable).guest = next;
    await this.checkObjectPermissions({}).catch(() => ran.push('refused'));
    await this.checkObjectPermissions({});
    ran.push('passed');
    return {};
  }
}

@JsonController('/fields')
class FieldsController extends Base {
  override permissionClasses = [HasAccessTokenRoles];
  override accessTokenRoles = ['admin'];
}

@JsonController('/getter')
class GetterController extends Base {
  override permissionClasses = [HasAccessTokenRoles];
  override get accessTokenRoles() {
    return ['admin'];
  }
}

@JsonController('/silent')
class SilentController extends Base {}

@JsonController('/insisting')
class InsistingController extends Base {
  override authenticationClasses = [Insisting];
  override permissionClasses = [AllowAny];
}

@JsonController('/counted')
class CountedController extends ApiController {
  override authenticationClasses = [SteppingDown];
  // Not readable before the body.
  override get permissionClasses() {
    return this.request.query.open === undefined ? [Counted] : [AllowAny];
  }

  @Get('/')
  @UseBefore((given: Changeable, _response: unknown, goOn: () => void) => {
    ran.push('changed');
    given.guest = admin;
    goOn();
  })
  one(): object {
    return {};
  }
}

describe('A caller that changes while the handler runs', () => {
  let issuer: TestIssuer;
  let app: Express;

  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    const controllers = [FieldsController, GetterController, SilentController, InsistingController, CountedController];
    useExpressServer(app, { controllers, axioms: issuer.settings() });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    ran.length = 0;
  });

  const get = (path: string): Test =>
    request(app)
      .get(path)
      .set('Authorization', `Bearer ${issuer.token({ roles: ['admin'] })}`);

  // Regression: rules in plain fields, which the request had met at once, were not asked with the object at all.
  for (const path of ['/fields', '/getter']) {
    it(`is refused with the object at ${path} where the new caller does not meet the rules`, async () => {
      next = guest;
      expectExactRefusal(await get(path), permissionDenied);
      expect(ran).to.deep.equal(['as before']);
    });

    it(`is refused again at ${path} by the next check`, async () => {
      next = guest;
      expectExactRefusal(await get(`${path}/twice`), permissionDenied);
      expect(ran).to.deep.equal(['refused']);
    });

    it(`passes at ${path} where the new caller meets the rules, too`, async () => {
      next = admin;
      await get(path).expect(200);
      expect(ran).to.deep.equal(['as before', 'passed']);
    });
  }

  for (const path of ['/silent', '/insisting'])
    it(`is refused with the object at ${path} where it is nobody now, however often that is asked`, async () => {
      next = nobody;
      expectExactRefusal(await get(path), notAuthenticated);
      expectExactRefusal(await get(`${path}/twice`), notAuthenticated);
      expect(ran).to.deep.equal(['as before', 'refused']);
    });

  it('is asked about once where a middleware has changed it', async () => {
    await get('/counted').expect(200);
    expect(ran).to.deep.equal(['changed', 'rule']);
  });
});
