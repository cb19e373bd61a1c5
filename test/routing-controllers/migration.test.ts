/** An app of routing-controllers moves over: one import changes, and two defaults are named. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { IsInt } from 'class-validator';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import multer from 'multer';
import {
  Action,
  Authorized,
  Body,
  CurrentUser,
  Delete,
  ForbiddenError,
  Get,
  HeaderParam,
  HttpCode,
  Interceptor,
  JsonController,
  Middleware,
  NotFoundError,
  OnUndefined,
  Param,
  Post,
  Put,
  QueryParam,
  Res,
  UploadedFile,
  UseAfter,
  UseBefore,
  UseInterceptor,
  createExpressServer as createStockServer,
  useContainer,
  useExpressServer as useStockServer,
  type ExpressMiddlewareInterface,
  type InterceptorInterface,
  type RoutingControllersOptions,
} from 'routing-controllers';
import request, { type Test } from 'supertest';
import { Container, Service } from 'typedi';
import {
  AccessTokenAuthentication,
  AllowAny,
  HasAccessTokenScopes,
  createExpressServer,
  useExpressServer,
  type AxiomsServer,
  type SettingsInput,
} from 'axioms-routing-controllers';
import { hasRequiredScopes } from 'axioms-routing-controllers/decorators';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';

const ran: string[] = [];
const stored: string[] = [];

class NewOrder {
  @IsInt() count!: number;
}

@Service()
class Orders {
  readonly all = [{ id: 1 }];
}

@Service()
class Traced implements ExpressMiddlewareInterface {
  use(_request: Request, response: Response, next: NextFunction): void {
    ran.push('traced');
    response.set('x-traced', 'yes');
    next();
  }
}

@Service()
class Enveloped implements InterceptorInterface {
  intercept(_action: Action, data: object): object {
    return { data };
  }
}

@Service()
@Interceptor()
class Counted implements InterceptorInterface {
  intercept(_action: Action, content: unknown): unknown {
    ran.push('intercepted');
    return content;
  }
}

@Service()
@Middleware({ type: 'before' })
class Early implements ExpressMiddlewareInterface {
  use(_request: Request, response: Response, next: NextFunction): void {
    response.set('x-early', 'yes');
    next();
  }
}

function refuseQuery(given: Request, _response: Response, next: NextFunction): void {
  next(given.query.blocked === undefined ? undefined : new ForbiddenError('blocked by a middleware'));
}

const storage = multer.memoryStorage();
const upload = multer({
  storage,
  fileFilter: (_request, { originalname }, accept) => {
    stored.push(originalname);
    accept(null, true);
  },
});

/** The whole app, as it was: nothing in it knows of this library. */
@JsonController('/orders')
@Service()
class OrderController {
  constructor(private readonly orders: Orders) {}

  @Get('/')
  list(@QueryParam('first') first = 0) {
    return { first, orders: this.orders.all };
  }

  @Get('/mine')
  @Authorized()
  mine(@CurrentUser({ required: true }) user: { name: string }) {
    return { of: user.name };
  }

  @Get('/whoever')
  whoever(@CurrentUser() user?: { name: string }) {
    return { of: user?.name ?? 'nobody' };
  }

  @Get('/all')
  @Authorized('admin')
  everything() {
    ran.push('everything');
    return { orders: this.orders.all };
  }

  @Get('/traced')
  @UseBefore(Traced, refuseQuery)
  @UseAfter((_request: Request, _response: Response, next: NextFunction) => {
    ran.push('after');
    next();
  })
  @UseInterceptor(Enveloped)
  traced(@HeaderParam('x-tenant') tenant: string) {
    return { tenant };
  }

  @Post('/')
  @HttpCode(201)
  create(@Body() order: NewOrder) {
    return { count: order.count, isOrder: order instanceof NewOrder };
  }

  @Post('/files')
  @Authorized()
  file(@UploadedFile('file', { options: upload }) file: Express.Multer.File) {
    return { size: file.buffer.length, name: file.originalname };
  }

  @Put('/:id')
  change(@Param('id') id: number) {
    if (id !== 1) throw new NotFoundError('No such order');
    return { id };
  }

  @Delete('/:id')
  @OnUndefined(204)
  remove(@Param('id') _id: number): void {
    ran.push('removed');
  }

  @Get('/by-hand')
  byHand(@Res() response: Response) {
    return response.status(202).send({ by: 'hand' });
  }
}

const users: Readonly<Record<string, { name: string; roles: string[] }>> = {
  'Token alice': { name: 'alice', roles: ['admin'] },
  'Token bob': { name: 'bob', roles: [] },
};

const userOf = ({ request: given }: Action) => users[(given as Request).headers.authorization ?? ''];

const options: RoutingControllersOptions = {
  controllers: [OrderController],
  middlewares: [Early],
  interceptors: [Counted],
  routePrefix: '/api',
  authorizationChecker: (action, roles: string[]) => {
    const user = userOf(action);
    return user !== undefined && (roles.length === 0 || roles.some(role => user.roles.includes(role)));
  },
  currentUserChecker: userOf,
};

type Ask = (app: Express) => Test;

const bob = { Authorization: 'Token bob' };
const alice = { Authorization: 'Token alice' };

/** Everything that the app's clients do. */
const asked: Readonly<Record<string, Ask>> = {
  'a list': app => request(app).get('/api/orders?first=3'),
  'a parameter that is not a number': app => request(app).get('/api/orders?first=x'),
  'a user that is needed, and there': app => request(app).get('/api/orders/mine').set(bob),
  'a user that is needed, and not there': app => request(app).get('/api/orders/mine'),
  'an optional user that is present': app => request(app).get('/api/orders/whoever').set(alice),
  'an optional user that is absent': app => request(app).get('/api/orders/whoever'),
  'a role that is there': app => request(app).get('/api/orders/all').set(alice),
  'a role that is not there': app => request(app).get('/api/orders/all').set(bob),
  'a role of nobody': app => request(app).get('/api/orders/all'),
  'middlewares and an interceptor': app => request(app).get('/api/orders/traced').set('x-tenant', 't1'),
  'a middleware that refuses': app => request(app).get('/api/orders/traced?blocked'),
  'a body': app => request(app).post('/api/orders').send({ count: 3 }),
  'a body that is wrong': app => request(app).post('/api/orders').send({ count: 'three' }),
  'a file': app => request(app).post('/api/orders/files').set(bob).attach('file', Buffer.from('abc'), 'a.txt'),
  'a file of nobody': app => request(app).post('/api/orders/files').attach('file', Buffer.from('abc'), 'b.txt'),
  'an error': app => request(app).put('/api/orders/2'),
  'no error': app => request(app).put('/api/orders/1'),
  'no content': app => request(app).delete('/api/orders/1'),
  'an answer by hand': app => request(app).get('/api/orders/by-hand'),
  'a head': app => request(app).head('/api/orders'),
  'no route': app => request(app).get('/api/nothing'),
};

// In another environment Express prints each error that upstream hands on.
function quietApp(): Express {
  return express().set('env', 'test');
}

interface Told {
  readonly status: number;
  readonly said: Readonly<Record<string, unknown>>;
  readonly fields: readonly unknown[];
}

const codes: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'not_authenticated',
  403: 'permission_denied',
  404: 'not_found',
};

/** What routing-controllers answers, but for the form of an error's body. */
function inOurForm(told: Told): object {
  const { message, errors } = told.said as { message?: string; errors?: { property: string; constraints: object }[] };
  if (message === undefined) return told;
  const unreadable = /^Given parameter (\w+) is invalid\. Value \(.*\) (cannot be parsed into JSON)\.$/.exec(message);
  const found = errors?.map(({ property, constraints }) => [property, Object.values(constraints)] as const);
  const said = {
    error: codes[told.status],
    error_description: message.replace("'errors'", "'fields'"),
    stack: undefined,
    ...(found === undefined ? {} : { fields: Object.fromEntries(found) }),
    ...(unreadable === null ? {} : withoutValue(unreadable)),
  };
  return { ...told, said, fields: ['application/json', ...told.fields.slice(1)] };
}

// Upstream's text has the value that was sent.
function withoutValue([, name = '', text]: readonly string[]): object {
  return { error_description: `The parameter ${name} ${text}`, fields: { [name]: [text] } };
}

async function told(app: Express, ask: Ask): Promise<Told> {
  ran.splice(0);
  stored.splice(0);
  const response = await ask(app);
  const said = { ...(Object(response.body) as Record<string, unknown>), stack: undefined };
  const fields = ['content-type', 'x-traced', 'x-early', 'www-authenticate'].map(
    name => response.headers[name] as unknown,
  );
  return { status: response.status, said, fields, ...{ ran: [...ran], stored: [...stored] } };
}

describe('an app of routing-controllers that moves over', () => {
  let issuer: TestIssuer;
  let settings: SettingsInput;
  const apps: Express[] = [];

  function kept(app: Express): Express {
    apps.push(app);
    return app;
  }

  before(async () => {
    useContainer(Container);
    issuer = await TestIssuer.start();
    // What docs/migrating.md says.
    settings = { ...issuer.settings(), defaultAuthenticationClasses: [], defaultPermissionClasses: [AllowAny] };
  });
  after(async () => {
    useContainer(undefined as unknown as typeof Container);
    for (const app of apps) (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  it('by guides that name what differs, with the cure', () => {
    const root = resolve(__dirname, '../../..');
    const ofMigrating = readFileSync(join(root, 'docs/migrating.md'), 'utf8');
    const [, ofUpgrading = ''] = readFileSync(join(root, 'docs/upgrading.md'), 'utf8').split(
      '## From routing-controllers',
    );
    for (const guide of [ofMigrating.split('\n## ')[0] ?? '', ofUpgrading])
      expect(guide)
        .to.match(/option `controllers`.*controllers: \[NoteController\]/s)
        .and.match(/regular expression is joined with the path of (its|the) class and `routePrefix`/)
        .and.match(/limit of multer.*413/s)
        .and.match(/fields.? start(s)? over with each request/)
        .and.contain("cors({ exposedHeaders: ['WWW-Authenticate'] })");
  });

  it('by the two defaults that the guide names', () => {
    const section = readFileSync(join(resolve(__dirname, '../../..'), 'docs/migrating.md'), 'utf8');
    expect(section)
      .to.contain('defaultAuthenticationClasses: [],')
      .and.contain('defaultPermissionClasses: [AllowAny],');
    expect(section).to.contain('`createExpressServer` or `useExpressServer` from `axioms-routing-controllers`');
  });

  for (const [what, ask] of Object.entries(asked))
    it(`answers its clients as it did: ${what}`, async () => {
      const stock = await told(useStockServer(quietApp(), options), ask);
      const moved = await told(kept(useExpressServer(quietApp(), { ...options, axioms: settings })), ask);
      expect(moved).to.deep.equal(inOurForm(stock));
    });

  it('also with createExpressServer', async () => {
    const stock = createStockServer(options) as Express;
    const moved = kept(createExpressServer({ ...options, axioms: settings }));
    expect(await told(moved, asked['a list']!)).to.deep.equal(await told(stock, asked['a list']!));
  });

  it('looks at no token before it is asked to', async () => {
    const app = kept(useExpressServer(quietApp(), { ...options, axioms: { ...settings, jwksPrefetch: false } }));
    const before = issuer.fetches;
    const response = await request(app).get('/api/orders').set('Authorization', 'Bearer no-token');
    expect([response.status, issuer.fetches]).to.deep.equal([200, before]);
  });

  it('without the two defaults is closed', async () => {
    const app = kept(useExpressServer(quietApp(), { ...options, axioms: issuer.settings() }));
    for (const path of ['/api/orders', '/api/orders/all', '/api/orders/traced'])
      expectRefusal(await request(app).get(path), 'not_authenticated');
    expect((await request(app).get('/api/orders').set('Authorization', `Bearer ${issuer.token()}`)).status).to.equal(
      200,
    );
  });

  it('one controller after the other, and handler by handler', async () => {
    @JsonController('/parcels')
    class ParcelController {
      authenticationClasses = [AccessTokenAuthentication];
      permissionClasses = [HasAccessTokenScopes];
      accessTokenScopes = ['parcel:read'];
      @Get('/') list() {
        return {};
      }
    }
    @JsonController('/letters')
    class LetterController {
      @Get('/') list() {
        return {};
      }
      @Get('/registered') @hasRequiredScopes('letter:read') registered() {
        return {};
      }
    }
    const controllers = [OrderController, ParcelController, LetterController];
    const app = kept(useExpressServer(quietApp(), { ...options, controllers, axioms: settings }));
    const get = (path: string, claims?: object) => {
      const asking = request(app).get(path);
      return claims === undefined ? asking : asking.set('Authorization', `Bearer ${issuer.token(claims)}`);
    };
    expect((await get('/api/orders')).status).to.equal(200);
    expectRefusal(await get('/api/parcels'), 'not_authenticated');
    expectRefusal(await get('/api/parcels', {}), 'insufficient_scope', 'parcel:read');
    expect((await get('/api/parcels', { scope: 'parcel:read' })).status).to.equal(200);
    expect((await get('/api/letters')).status).to.equal(200);
    expectRefusal(await get('/api/letters/registered'), 'not_authenticated');
    expectRefusal(await get('/api/letters/registered', {}), 'insufficient_scope', 'letter:read');
    expect((await get('/api/letters/registered', { scope: 'letter:read' })).status).to.equal(200);
  });
});
