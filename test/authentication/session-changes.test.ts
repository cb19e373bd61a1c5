/** A session's user that the app removes or replaces while the request is answered. */
import { expect } from 'chai';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { Authorized, CurrentUser, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  IsAdminUser,
  IsSubOwner,
  SessionAuthentication,
  callerOf,
  isAuthenticated,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { hasRequiredRoles } from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../issuer/test-issuer';
import { RecordingLogger } from '../issuer/recording-logger';

type Changeable = Omit<Request, 'session'> & { session?: { user?: unknown } };

let handled: object[] = [];
let inHandler: (given: Changeable) => void = () => undefined;
let between: (given: Changeable) => void = () => undefined;

const change: RequestHandler = (given, _response, next) => {
  between(given as unknown as Changeable);
  next();
};

abstract class Base {
  authenticationClasses: readonly unknown[] = [AccessTokenAuthentication, SessionAuthentication];
  declare request: AxiomsRequest;
  declare checkObjectPermissions: (object: unknown) => Promise<void>;
  protected answer(): object {
    inHandler(this.request as unknown as Changeable);
    const known = { caller: callerOf(this.request).sub, ours: isAuthenticated(this.request) };
    const { user, auth } = this.request;
    const told = { sub: user?.sub, ...known, auth };
    handled.push(told);
    return {};
  }
}

@JsonController('/any')
class AnyController extends Base {
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
  @Post('/') @UseBefore(change) post() {
    return this.answer();
  }
  @Get('/authorized') @Authorized() @UseBefore(change) authorized() {
    return this.answer();
  }
  @Get('/role') @Authorized('admin') @UseBefore(change) role() {
    return this.answer();
  }
  @Get('/required') @UseBefore(change) required(@CurrentUser({ required: true }) _user: object) {
    return this.answer();
  }
}

@JsonController('/open')
class OpenController extends Base {
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
}

class MandatorySession extends SessionAuthentication {
  override readonly isMandatory = true;
}

@JsonController('/mandatory')
class MandatoryController extends Base {
  override authenticationClasses = [AccessTokenAuthentication, MandatorySession];
  permissionClasses = [AllowAny];
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
}

@JsonController('/staff')
class StaffController extends Base {
  permissionClasses = [IsAdminUser];
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
}

@JsonController('/roles')
class RolesController extends Base {
  permissionClasses = [AllowAny];
  @Get('/') @hasRequiredRoles('admin') @UseBefore(change) get() {
    return this.answer();
  }
}

@JsonController('/owned')
class OwnedController extends Base {
  permissionClasses = [IsSubOwner];
  @Get('/:id') async get() {
    inHandler(this.request as unknown as Changeable);
    await this.checkObjectPermissions({ user: 'alice' });
    return this.answer();
  }
}

@JsonController('/staff-owned')
class StaffOwnedController extends Base {
  permissionClasses = [IsAdminUser, IsSubOwner];
  @Get('/:id') async get() {
    inHandler(this.request as unknown as Changeable);
    await this.checkObjectPermissions({ user: 'alice' });
    return this.answer();
  }
}

class ShopSession extends SessionAuthentication {
  override sessionUser(given: Request): unknown {
    return (given as Request & { shop?: { customer?: object } }).shop?.customer;
  }
}

@JsonController('/shop')
class ShopController extends Base {
  override authenticationClasses = [ShopSession];
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
}

let lookups = 0;

class SlowSession extends SessionAuthentication {
  override async sessionUser(given: Request): Promise<unknown> {
    lookups += 1;
    return Promise.resolve((given as Changeable).session?.user);
  }
}

@JsonController('/slow')
class SlowController extends Base {
  override authenticationClasses = [SlowSession];
  @Get('/') @UseBefore(change) get() {
    return this.answer();
  }
}

const alice = () => ({ sub: 'alice', isStaff: true, roles: ['admin'] });
const bob = () => ({ sub: 'bob', roles: [] });

/** Where the app keeps its user, how it takes the user away, and how it puts another one there. */
const places: Readonly<Record<string, readonly [set: (given: Changeable, user?: object) => void]>> = {
  'request.user, as Passport has it': [
    (given, user) => {
      given.user = user;
    },
  ],
  'request.session.user': [
    (given, user) => {
      given.session = user === undefined ? {} : { user };
    },
  ],
  'request.session, which is destroyed': [
    (given, user) => {
      if (user === undefined) delete given.session;
      else given.session = { user };
    },
  ],
};

describe("A session's user that the app removes or replaces after the guard", () => {
  let issuer: TestIssuer;
  let app: Express;
  const logger = new RecordingLogger();

  async function serve(set: (given: Changeable) => void): Promise<void> {
    issuer = await TestIssuer.start();
    app = express();
    app.use((given, _response, next) => {
      set(given as unknown as Changeable);
      next();
    });
    const controllers = [
      AnyController,
      OpenController,
      MandatoryController,
      StaffController,
      RolesController,
      OwnedController,
      StaffOwnedController,
      ShopController,
      SlowController,
    ];
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger } });
  }

  beforeEach(() => {
    handled = [];
    lookups = 0;
    inHandler = between = () => undefined;
  });
  afterEach(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  const get = (path: string): Test => request(app).get(path);
  const nobody = { sub: undefined, caller: undefined, ours: false, auth: null };

  for (const [place, [set]] of Object.entries(places))
    describe(place, () => {
      beforeEach(() =>
        serve(given => {
          set(given, alice());
        }),
      );

      it('is the caller as long as nothing changes', async () => {
        for (const path of [
          '/any',
          '/any/authorized',
          '/any/role',
          '/any/required',
          '/open',
          '/mandatory',
          '/staff',
          '/owned/1',
        ])
          await get(path).expect(200);
        for (const one of handled) expect(one).to.include({ sub: 'alice', caller: 'alice', ours: true });
      });

      for (const path of ['/any', '/any/authorized', '/any/role', '/any/required', '/mandatory', '/staff', '/roles'])
        it(`is refused at ${path} when a middleware has removed the user`, async () => {
          between = given => {
            set(given);
          };
          const refused = await get(path).expect(401);
          expect(refused.headers['www-authenticate']).to.equal('Bearer realm="api"');
          expect(handled).to.deep.equal([]);
        });

      it('is nobody at an open route when a middleware has removed the user', async () => {
        between = given => {
          set(given);
        };
        await get('/open').expect(200);
        expect(handled).to.deep.equal([nobody]);
      });

      it('is the new user when a middleware has replaced the user, and the rules are asked about that one', async () => {
        between = given => {
          set(given, bob());
        };
        await get('/any').expect(200);
        expect(handled[0]).to.include({ sub: 'bob', caller: 'bob', ours: true });
        for (const path of ['/staff', '/any/role', '/roles']) await get(path).expect(403);
        expect(handled).to.have.length(1);
      });

      it('is nobody, or the new user, for what a handler asks after it has made the change', async () => {
        inHandler = given => {
          set(given);
        };
        await get('/owned/1').expect(401);
        await get('/any').expect(200);
        expect(handled).to.deep.equal([nobody]);
        inHandler = given => {
          set(given, bob());
        };
        await get('/owned/1').expect(403);
        expect(handled).to.have.length(1);
      });
    });

  it('is asked every rule again with the object, also those that the old user met', async () => {
    await serve(given => Object.assign(given, { user: alice() }));
    await get('/staff-owned/1').expect(200);
    inHandler = given => Object.assign(given, { user: { ...alice(), isStaff: false } });
    await get('/staff-owned/1').expect(403);
    expect(handled).to.have.length(1);
  });

  it('is nobody for null, for a closed account, and for what is no object', async () => {
    await serve(given => Object.assign(given, { user: alice() }));
    for (const user of [
      null,
      { ...bob(), isActive: false },
      { ...bob(), isActive: 0 },
      { ...bob(), isActive: null },
      { ...bob(), isAuthenticated: false },
    ]) {
      between = given => Object.assign(given, { user });
      await get('/any').expect(401);
    }
    expect(handled).to.deep.equal([]);
  });

  it('is nobody for a user that came back after it was removed, and not the old one', async () => {
    await serve(given => Object.assign(given, { session: { user: alice() } }));
    between = given => {
      given.user = undefined;
      expect(isAuthenticated(given)).to.equal(false);
    };
    await get('/any').expect(401);
    expect(handled).to.deep.equal([]);
  });

  it("is watched where a class of the app's own finds it", async () => {
    await serve(given => Object.assign(given, { shop: { customer: alice() } }));
    await get('/shop').expect(200);
    between = given => Object.assign(given, { shop: undefined });
    await get('/shop').expect(403);
    expect(handled).to.have.length(1);
  });

  it('is looked up once where that takes a promise, and watched at request.user', async () => {
    await serve(given => Object.assign(given, { session: { user: alice() } }));
    await get('/slow').expect(200);
    expect(lookups).to.equal(1);
    between = given => {
      given.user = undefined;
    };
    await get('/slow').expect(403);
    expect(handled).to.have.length(1);
  });

  it('does not make a user of the app a caller where a token was accepted', async () => {
    await serve(given => Object.assign(given, { user: alice() }));
    between = given => Object.assign(given, { user: alice() });
    await get('/staff')
      .set('Authorization', `Bearer ${issuer.token({ sub: 'carol' })}`)
      .expect(403);
    await get('/any')
      .set('Authorization', `Bearer ${issuer.token({ sub: 'carol' })}`)
      .expect(200);
    expect(handled[0]).to.include({ sub: 'alice', caller: 'carol' });
  });
});
