/** What an authentication class found counts only as long as the class is in the list, and the app leaves its user alone. */
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { Body, Get, JsonController, Post, Req, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  AccessTokenAuthentication,
  AllowAny,
  IsAuthenticated,
  SessionAuthentication,
  callerOf,
  guardApp,
  isAuthenticated,
  requireAccessToken,
  useExpressServer,
  type ApiView,
  type AuthenticationClass,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';

interface WithUser {
  user?: unknown;
}

class Session extends SessionAuthentication {
  override enforceCsrf() {}
}

let ran: unknown[] = [];

abstract class ByBody {
  declare request: ApiView['request'];
  abstract readonly first: AuthenticationClass[];
  abstract readonly others: AuthenticationClass[];

  get authenticationClasses(): AuthenticationClass[] {
    return (this.request.body as { others?: boolean } | undefined)?.others === true ? this.others : this.first;
  }

  protected seen(request: Request) {
    const caller = callerOf(request) as { id?: string };
    ran.push({ isAuthenticated: isAuthenticated(request), id: caller.id ?? null });
    return ran.at(-1);
  }
}

@JsonController('/without')
class WithoutController extends ByBody {
  first = [Session];
  others = [];
  permissionClasses = [IsAuthenticated];

  @Post('/') post(@Req() request: Request, @Body({ validate: false }) _body: unknown) {
    return this.seen(request);
  }
}

@JsonController('/tokens')
class TokenController extends ByBody {
  first = [Session];
  others = [AccessTokenAuthentication];
  permissionClasses = [AllowAny];

  @Post('/') post(@Req() request: Request, @Body({ validate: false }) _body: unknown) {
    (request as WithUser).user = { id: 'of the handler' };
    return this.seen(request);
  }
}

let change: (received: WithUser) => unknown;

@JsonController('/changed')
@UseBefore((received: Request, _response: Response, next: NextFunction) => {
  change(received);
  next();
})
class ChangedController extends ByBody {
  first = [AccessTokenAuthentication];
  others = [Session];
  permissionClasses = [AllowAny];

  @Post('/') post(@Req() request: Request, @Body({ validate: false }) _body: unknown) {
    return this.seen(request);
  }
}

@JsonController('/session')
class SessionController {
  authenticationClasses = [Session];
  permissionClasses = [IsAuthenticated];

  @Get('/') get(@Req() request: Request) {
    ran.push((callerOf(request) as { id?: string }).id);
    return 'in';
  }
}

describe('a user that an earlier list of classes found', () => {
  let issuer: TestIssuer;
  let app: Express;
  before(async () => (issuer = await TestIssuer.start()));
  after(() => issuer.close());
  beforeEach(() => {
    ran = [];
    app = express();
    app.use((received, _response, next) => {
      (received as WithUser).user = { id: 'bob' };
      next();
    });
    useExpressServer(app, { controllers: [WithoutController, TokenController], axioms: issuer.settings() });
  });

  it('is the caller while the list has the class', async () => {
    const answer = await request(app).post('/without').send({});
    expect([answer.status, ran]).to.deep.equal([200, [{ isAuthenticated: true, id: 'bob' }]]);
  });

  it('is nobody where the body asks for a list without classes', async () => {
    const answer = await request(app).post('/without').send({ others: true });
    expect([answer.status, answer.headers['www-authenticate']]).to.deep.equal([403, undefined]);
    expect(ran).to.deep.equal([]);
  });

  it('is nobody where the body asks for other classes, also if the handler sets a user', async () => {
    const answer = await request(app).post('/tokens').send({ others: true });
    expect([answer.status, ran]).to.deep.equal([200, [{ isAuthenticated: false, id: null }]]);
  });
});

const changes: Readonly<Record<string, readonly [change: (received: WithUser) => void, id: string | undefined]>> = {
  'does nothing': [() => undefined, 'bob'],
  'assigns null': [received => (received.user = null), undefined],
  'assigns undefined': [received => (received.user = undefined), undefined],
  'deletes it': [received => delete received.user, undefined],
  'assigns another user': [received => (received.user = { id: 'alice' }), 'alice'],
  'assigns the same user again': [received => (received.user = { id: 'bob' }), 'bob'],
};

describe('a user of the app that a guard for tokens has hidden', () => {
  let issuer: TestIssuer;
  before(async () => (issuer = await TestIssuer.start()));
  after(() => issuer.close());
  beforeEach(() => (ran = []));

  for (const [what, [made, id]] of Object.entries(changes))
    it(`is ${id ?? 'nobody'} to a later guard for sessions if the app ${what}`, async () => {
      const app = express();
      const server = guardApp(express(), { ...issuer.settings(), publicMethods: ['GET'] });
      let hidden: unknown = 'not seen';
      app.use((received, _response, next) => {
        (received as WithUser).user = { id: 'bob' };
        next();
      });
      app.use(requireAccessToken({ server }));
      app.use((received, _response, next) => {
        hidden = (received as WithUser).user;
        made(received);
        next();
      });
      useExpressServer(app, { controllers: [SessionController], axioms: issuer.settings() });
      const answer = await request(app).get('/session');
      expect(hidden).to.equal(undefined);
      expect([answer.status, ran]).to.deep.equal(id === undefined ? [403, []] : [200, [id]]);
    });

  for (const [what, [made, id]] of Object.entries(changes))
    it(`is ${id ?? 'nobody'} where the body asks for sessions later, if the app ${what} meanwhile`, async () => {
      const app = express();
      change = made;
      app.use((received, _response, next) => {
        (received as WithUser).user = { id: 'bob' };
        next();
      });
      useExpressServer(app, { controllers: [ChangedController], axioms: issuer.settings() });
      const answer = await request(app).post('/changed').send({ others: true });
      expect([answer.status, ran]).to.deep.equal([200, [{ isAuthenticated: id !== undefined, id: id ?? null }]]);
    });
});

const own = new WeakMap<object, unknown>();
/** As an app that keeps the user elsewhere. */
const accessor: PropertyDescriptor & ThisType<object> = {
  get() {
    return own.get(this);
  },
  set(user: unknown) {
    own.set(this, user);
  },
  enumerable: true,
  configurable: true,
};

describe('an app with an accessor of its own for the user', () => {
  let issuer: TestIssuer;
  before(async () => (issuer = await TestIssuer.start()));
  after(() => issuer.close());
  beforeEach(() => (ran = []));

  function appWith(place: 'each request' | 'all requests', user: object | undefined): Express {
    const app = express();
    if (place === 'all requests') Object.defineProperty(app.request, 'user', accessor);
    app.use((received, _response, next) => {
      if (place === 'each request') Object.defineProperty(received, 'user', accessor);
      (received as WithUser).user = user;
      next();
    });
    app.use('/session', requireAccessToken());
    useExpressServer(app, { controllers: [SessionController, ChangedController], axioms: issuer.settings() });
    return app;
  }

  for (const place of ['each request', 'all requests'] as const) {
    it(`takes no token of an earlier guard for the user of a session: accessor of ${place}`, async () => {
      const token = issuer.token({ sub: 'of the token' });
      const ask = (user: object | undefined) =>
        request(appWith(place, user)).get('/session').set('Authorization', `Bearer ${token}`);
      expect([(await ask(undefined)).status, ran]).to.deep.equal([403, []]);
      expect([(await ask({ id: 'bob' })).status, ran]).to.deep.equal([200, ['bob']]);
    });

    it(`has the user that the app sets between two lists of classes: accessor of ${place}`, async () => {
      for (const [user, made, id] of [
        [{ id: 'bob' }, () => undefined, 'bob'],
        [{ id: 'bob' }, (received: WithUser) => (received.user = null), null],
        [{ id: 'bob' }, (received: WithUser) => (received.user = { id: 'alice' }), 'alice'],
        [undefined, () => undefined, null],
      ] as const) {
        [change, ran] = [made, []];
        await request(appWith(place, user)).post('/changed').send({ others: true }).expect(200);
        expect(ran).to.deep.equal([{ isAuthenticated: id !== null, id }]);
      }
    });

    it(`takes no token for the user of a session where the list of classes changes: accessor of ${place}`, async () => {
      change = () => undefined;
      const token = issuer.token({ sub: 'of the token' });
      const asked = request(appWith(place, undefined)).post('/changed').set('Authorization', `Bearer ${token}`);
      await asked.send({ others: true });
      expect(ran.filter(one => (one as { isAuthenticated: boolean }).isAuthenticated)).to.deep.equal([]);
    });
  }
});
