/** The app may remove or replace its session's user between the rules and the handler. */
import { expect } from 'chai';
import express, { type Express, type Request } from 'express';
import session from 'express-session';
import {
  Get,
  JsonController,
  Post,
  UploadedFile,
  createParamDecorator,
  getMetadataArgsStorage,
} from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  AccessTokenAuthentication,
  IsAdminUser,
  IsSubOwner,
  SessionAuthentication,
  csrfToken,
  useExpressServer,
  type ApiView,
  type AxiomsRequest,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';

type WithUser = Request & { session: { user?: object | undefined } };

const users: Readonly<Record<string, object>> = {
  alice: { id: 1, sub: 'alice', isStaff: true },
  bob: { id: 2, sub: 'bob' },
  carol: { id: 3, sub: 'carol', isStaff: true },
};

let handled = 0;

/** Looks the user up again, as an app does that may have closed the account meanwhile. */
const Fresh = () =>
  createParamDecorator({
    value: async ({ request: given }: { request: WithUser }) => {
      await Promise.resolve();
      const { become } = given.query as { become?: string };
      if (become !== undefined) given.session.user = users[become];
    },
  });

const replacing = {
  fileFilter: (given: WithUser, _file: unknown, done: (error: null, isTaken: boolean) => void) => {
    given.session.user = users.bob;
    done(null, true);
  },
};

abstract class Base {
  authenticationClasses = [SessionAuthentication];
  declare request: AxiomsRequest;
  declare response: ApiView['response'];

  handle(): object {
    handled += 1;
    return { user: this.request.user?.sub };
  }
}

@JsonController('/admin')
class AdminController extends Base {
  permissionClasses = [IsAdminUser];
  @Get('/csrf') csrf() {
    return { token: csrfToken(this.request, this.response) };
  }
  @Get('/') list(@Fresh() _user: unknown) {
    return this.handle();
  }
  @Post('/') create(@UploadedFile('file', { options: replacing }) _file: unknown) {
    return this.handle();
  }
}

@JsonController('/notes')
class NoteController extends Base {
  permissionClasses = [IsSubOwner];
  getObject() {
    return { user: 'alice' };
  }
  @Get('/:id') retrieve(@Fresh() _user: unknown) {
    return this.handle();
  }
}

/** Its metadata names a function that answers in place of the handler. */
@JsonController('/overridden')
class OverriddenController extends Base {
  permissionClasses = [IsAdminUser];
  @Get('/') list(@Fresh() _user: unknown) {
    return this.handle();
  }
}
const overridden = getMetadataArgsStorage().actions.find(({ target }) => target === OverriddenController);
Object.assign(overridden ?? {}, {
  methodOverride: () => {
    handled += 1;
    return { isOverridden: true };
  },
});

/** Another list of classes, too, once the parameter decorator has run. */
@JsonController('/relisted')
class RelistedController {
  permissionClasses = [IsAdminUser];
  declare request: AxiomsRequest & { session: { user?: object | undefined } };

  get authenticationClasses() {
    const isOther = this.request.session.user === users.bob;
    return isOther ? [SessionAuthentication, AccessTokenAuthentication] : [SessionAuthentication];
  }

  @Get('/') list(@Fresh() _user: unknown) {
    handled += 1;
    return { user: this.request.user?.sub };
  }
}

describe("regression: a session's user that is replaced right before the handler", () => {
  let issuer: TestIssuer;
  let app: Express;
  let cookie = '';
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    app.use(session({ secret: 'secret', resave: false, saveUninitialized: false }));
    app.get('/in/:name', (given, response) => {
      (given as unknown as WithUser).session.user = users[given.params.name];
      response.json({});
    });
    useExpressServer(app, {
      controllers: [AdminController, NoteController, RelistedController, OverriddenController],
      axioms: issuer.settings(),
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(async () => {
    const [first = ''] = (await request(app).get('/in/alice')).get('Set-Cookie') ?? [];
    cookie = first.split(';')[0] ?? '';
    handled = 0;
  });

  const get = (path: string): Promise<Response> => Promise.resolve(request(app).get(path).set('Cookie', cookie));

  it('is asked about where nothing has changed: once', async () => {
    expect((await get('/admin')).body).to.deep.equal({ user: 'alice' });
    expect((await get('/notes/1')).body).to.deep.equal({ user: 'alice' });
    expect((await get('/overridden')).body).to.deep.equal({ isOverridden: true });
    expect(handled).to.equal(3);
  });

  it('lets the other user in if the rules allow it', async () => {
    expect((await get('/admin?become=carol')).body).to.deep.equal({ user: 'carol' });
    expect(handled).to.equal(1);
  });

  for (const path of ['/admin', '/notes/1', '/overridden']) {
    it(`is refused as another one: ${path}`, async () => {
      expectRefusal(await get(`${path}?become=bob`), 'permission_denied');
      expect(handled).to.equal(0);
    });

    it(`is refused as nobody: ${path}`, async () => {
      expectRefusal(await get(`${path}?become=nobody`), 'permission_denied');
      expect(handled).to.equal(0);
    });
  }

  it('is refused where the list of classes is another one for it', async () => {
    expect((await get('/relisted')).body).to.deep.equal({ user: 'alice' });
    handled = 0;
    expectRefusal(await get('/relisted?become=bob'), 'permission_denied');
    expect(handled).to.equal(0);
  });

  it('is refused where a filter of uploads replaces it', async () => {
    const { token } = (await get('/admin/csrf')).body as { token: string };
    const upload = request(app).post('/admin').set('Cookie', cookie).set('X-CSRF-Token', token);
    expectRefusal(await upload.attach('file', Buffer.from('x'), 'x.txt'), 'permission_denied');
    expect(handled).to.equal(0);
  });
});
