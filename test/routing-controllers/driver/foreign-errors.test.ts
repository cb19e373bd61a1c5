import { Type } from 'class-transformer';
import { IsInt, IsString, MinLength, ValidateNested, validateOrReject } from 'class-validator';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  BadRequestError,
  BodyParam,
  Body,
  Controller,
  ForbiddenError,
  Get,
  Header,
  HttpError,
  InternalServerError,
  JsonController,
  NotFoundError,
  OnUndefined,
  Param,
  Post,
  QueryParam,
  QueryParams,
  UnauthorizedError,
  UnprocessableEntityError,
  UseBefore,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import request, { type Test } from 'supertest';
import {
  AllowAny,
  APIException,
  BasePermission,
  PermissionDenied,
  axiomsErrorHandler,
  useExpressServer,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { inEnvironment } from '../../environment';
import { RecordingLogger } from '../../issuer/recording-logger';
import { TestIssuer } from '../../issuer/test-issuer';
import { expectExactRefusal, type Refusal } from '../../refusals';
import { forbidStrayErrors } from '../stray-errors';

const secret = 'postgres://app:hunter2@db.internal/books';

function withProperties(error: object, properties: object): unknown {
  return Object.assign(error, properties);
}

class OwnForbidden extends ForbiddenError {
  readonly claims = { email: secret };
  override name = 'OwnForbidden';
}

class ThrowingStatus extends Error {
  readonly expose = true;
  get status(): number {
    throw new Error('odd');
  }
}

/** What may be thrown, and its answer: the code and the text; without a text the error is unexpected. */
const thrown: Readonly<Record<string, readonly [error: unknown, status: number, code: string, text?: string]>> = {
  badRequest: [new BadRequestError('No such page'), 400, 'invalid_request', 'No such page'],
  unauthorized: [new UnauthorizedError('Wrong password'), 401, 'not_authenticated', 'Wrong password'],
  forbidden: [new ForbiddenError('Not today'), 403, 'permission_denied', 'Not today'],
  ownForbidden: [new OwnForbidden('Not ever'), 403, 'permission_denied', 'Not ever'],
  notFound: [new NotFoundError(), 404, 'not_found', 'Not Found'],
  conflict: [new HttpError(409, 'Sold out'), 409, 'conflict', 'Sold out'],
  unprocessable: [new UnprocessableEntityError('Odd'), 422, 'unprocessable_entity', 'Odd'],
  tooMany: [new HttpError(429, 'Slower'), 429, 'throttled', 'Slower'],
  unknownStatus: [new HttpError(499, 'Gone away'), 499, 'invalid_request', 'Gone away'],
  quoted: [new HttpError(400, 'A "quoted"\ntext'), 400, 'invalid_request', 'A "quoted"\ntext'],
  exposed: [withProperties(new Error('Moved'), { expose: true, status: 410 }), 410, 'gone', 'Moved'],
  exposedCode: [withProperties(new Error('Odd'), { expose: true, statusCode: 400 }), 400, 'invalid_request', 'Odd'],
  exposedHttp: [withProperties(new Error('Odd'), { expose: true, httpCode: 418 }), 418, 'i_m_a_teapot', 'Odd'],
  frozen: [Object.freeze(new ForbiddenError('Frozen')), 403, 'permission_denied', 'Frozen'],
  ours: [new PermissionDenied('Ours', { code: 'ours' }), 403, 'ours', 'Ours'],
  oursToo: [new APIException('Ours, too', { httpCode: 503, code: 'busy' }), 503, 'busy', 'Ours, too'],

  error: [new Error(secret), 500, 'server_error'],
  typeError: [new TypeError(secret), 500, 'server_error'],
  text: [secret, 500, 'server_error'],
  plainObject: [{ message: secret, status: 400 }, 500, 'server_error'],
  httpCodeAlone: [withProperties(new Error(secret), { httpCode: 404 }), 500, 'server_error'],
  statusAlone: [withProperties(new Error(secret), { status: 400 }), 500, 'server_error'],
  notExposed: [withProperties(new Error(secret), { status: 400, expose: false }), 500, 'server_error'],
  exposedAsText: [withProperties(new Error(secret), { status: 400, expose: 'true' }), 500, 'server_error'],
  exposed500: [withProperties(new Error(secret), { status: 500, expose: true }), 500, 'server_error'],
  exposed200: [withProperties(new Error(secret), { status: 200, expose: true }), 500, 'server_error'],
  exposedText: [withProperties(new Error(secret), { status: '404', expose: true }), 500, 'server_error'],
  internal: [new InternalServerError(secret), 500, 'server_error'],
  unavailable: [new HttpError(503, secret), 500, 'server_error'],
  redirecting: [new HttpError(302, secret), 500, 'server_error'],
  fraction: [new HttpError(404.5, secret), 500, 'server_error'],
  ownToJson: [withProperties(new Error(secret), { toJSON: () => ({ secret }) }), 500, 'server_error'],
  throwingStatus: [new ThrowingStatus(secret), 500, 'server_error'],
  nothing: [null, 500, 'server_error'],
};

class Address {
  @IsString() street!: string;
}

class Item {
  @MinLength(3) name!: string;
}

class Order {
  @IsInt() count!: number;
  @ValidateNested() @Type(() => Address) address?: Address;
  @ValidateNested({ each: true }) @Type(() => Item) items?: Item[];
  @ValidateNested({ each: true }) @Type(() => Item) grid?: Item[][];
}

class Page {
  @IsInt() page!: number;
}

async function validated(input: object): Promise<void> {
  await validateOrReject(Object.assign(new Item(), input));
}

@JsonController('/json')
class JsonFailures {
  permissionClasses = [AllowAny];

  @Get('/:name') list(@Param('name') name: string): never {
    throw thrown[name]?.[0];
  }
  @Get('/later/:name') async later(@Param('name') name: string): Promise<never> {
    await Promise.resolve();
    throw thrown[name]?.[0];
  }
  @Get('/none/found') @OnUndefined(NotFoundError) none(): undefined {
    return undefined;
  }
  @Get('/with/header') @Header('X-Frame', 'kept') @Header('Cache-Control', 'public') withHeader(): never {
    throw new NotFoundError('No header');
  }
}

@Controller('/text')
class TextFailures {
  permissionClasses = [AllowAny];

  @Get('/:name') list(@Param('name') name: string): never {
    throw thrown[name]?.[0];
  }
}

@JsonController('/open')
class OpenFailures extends JsonFailures {
  authenticationClasses = [];
}

@JsonController('/orders')
class OrderController {
  permissionClasses = [AllowAny];

  @Post('/') create(@Body() order: Order) {
    return order;
  }
  @Post('/strict') strict(
    @Body({ validate: { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true } }) order: Order,
  ) {
    return order;
  }
  @Post('/param') parameter(@BodyParam('address') address: Address) {
    return address;
  }
  @Get('/pages') pages(@QueryParams() page: Page, @QueryParam('size') size: number) {
    return { page, size };
  }
  @Post('/by-hand') async byHand(@Body({ validate: false }) body: object) {
    try {
      await validated(body);
    } catch (errors) {
      throw Object.assign(new BadRequestError('Look again'), { errors });
    }
    return {};
  }
  @Post('/unprocessable') async unprocessable(@Body({ validate: false }) body: object) {
    await validated(body).catch((errors: unknown) => {
      throw Object.assign(new Error('Look again'), { errors, expose: true, status: 422 });
    });
    return {};
  }
  @Post('/uncaught') async uncaught(@Body({ validate: false }) body: object) {
    await validated(body);
    return {};
  }
}

class ThrowingClass implements ExpressMiddlewareInterface {
  use({ query }: Request): void {
    throw thrown[query.name as string]?.[0];
  }
}

class ThrowingPermission extends BasePermission {
  override hasPermission({ query }: Request): boolean {
    throw thrown[query.name as string]?.[0];
  }
}

@JsonController('/places')
class PlaceController {
  permissionClasses = [AllowAny];
  @Get('/class') @UseBefore(ThrowingClass) ofClass() {
    return {};
  }
  @Get('/function')
  @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
    next(new Error(secret));
  })
  ofFunction() {
    return {};
  }
}

@JsonController('/policies')
class PolicyController {
  permissionClasses = [ThrowingPermission];
  @Get('/') list() {
    return {};
  }
}

const controllers = [JsonFailures, TextFailures, OpenFailures, OrderController, PlaceController, PolicyController];

describe('an error that is not of this library', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  const { error: print } = console;
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    // Express prints what reaches its own error page.
    console.error = () => undefined;
  });
  beforeEach(() => {
    logger.entries.length = 0;
  });
  after(async () => {
    console.error = print;
    await issuer.close();
  });

  /** What the app's own error middleware, after the server, was called with. */
  const received: unknown[] = [];

  async function served(
    environment: string | undefined,
    use: (app: Express) => Promise<void>,
    options: Partial<AxiomsServerOptions> = {},
  ): Promise<void> {
    received.length = 0;
    await inEnvironment(environment, async () => {
      const app = express();
      useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger }, ...options });
      app.get('/plain/:name', ({ params }) => {
        throw thrown[params.name]?.[0];
      });
      app.use('/plain', axiomsErrorHandler);
      app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
        received.push(error);
        if (options.defaultErrorHandler === false && !response.headersSent) response.status(599).json({ own: true });
        else next(error);
      });
      try {
        await use(app);
      } finally {
        (app.locals.axioms as AxiomsServer).close();
      }
    });
  }

  const refusalOf = (name: string, isShown = false): Refusal => {
    const [error, status, code, text] = thrown[name]!;
    const own = (Object(error) as { message?: string }).message ?? error;
    const shown = isShown && typeof own === 'string' ? own : 'The server could not handle the request';
    const description = text ?? shown;
    const challenges = status === 401 ? { challenges: ['Bearer realm="api"'] } : {};
    return { status, error: code, description, ...challenges };
  };

  for (const name of Object.keys(thrown))
    for (const environment of ['production', 'prod'])
      it(`is answered without its secrets where a handler throws ${name} and NODE_ENV is '${environment}'`, () =>
        served(environment, async app => {
          for (const path of ['/json/', '/json/later/', '/text/']) {
            const response = await request(app).get(path + name);
            expectExactRefusal(response, refusalOf(name));
            expect(JSON.stringify([response.headers, response.text])).not.to.include('hunter2');
          }
          const head = await request(app).head(`/json/${name}`);
          expect([head.status, head.text]).to.deep.equal([thrown[name]![1], undefined]);
          expect(received).to.deep.equal([]);
        }));

  it('is in the log with its text and its stack', () =>
    served('production', async app => {
      for (const name of ['error', 'text', 'internal', 'exposed500']) {
        logger.entries.length = 0;
        await request(app).get(`/json/${name}`);
        expect(logger.text('error'), name).to.include('hunter2').and.include('JsonFailures.list');
      }
      logger.entries.length = 0;
      await request(app).get('/json/forbidden');
      expect(logger.text('error', 'warn')).to.equal('');
      expect(logger.text('debug')).to.include('"status":403');
    }));

  for (const environment of [undefined, 'development', ' Test '])
    it(`is answered with its text where NODE_ENV is ${environment === undefined ? 'unset' : `'${environment}'`}`, () =>
      served(environment, async app => {
        for (const name of ['error', 'typeError', 'text', 'httpCodeAlone', 'unavailable', 'forbidden', 'ours']) {
          const response = await request(app).get(`/json/${name}`);
          expectExactRefusal(response, refusalOf(name, true));
          expect(response.text).not.to.include('.js');
        }
      }));

  it('is answered without its text where the option development is false', () =>
    served(
      'test',
      async app => {
        expectExactRefusal(await request(app).get('/json/error'), refusalOf('error'));
      },
      {
        development: false,
      },
    ));

  it('is decided by NODE_ENV once, at startup', () =>
    served('production', app =>
      inEnvironment('development', async () => {
        expectExactRefusal(await request(app).get('/json/error'), refusalOf('error'));
      }),
    ));

  it('stays 401 where the route has no challenge', () =>
    served('production', async app => {
      const { challenges, ...refusal } = refusalOf('unauthorized');
      expect(challenges).to.have.length(1);
      expectExactRefusal(await request(app).get('/open/unauthorized'), refusal);
    }));

  it('keeps the header fields of its handler, but never a cache', () =>
    served('production', async app => {
      const response = await request(app).get('/json/with/header');
      expectExactRefusal(response, { status: 404, error: 'not_found', description: 'No header' });
      expect(response.headers['x-frame']).to.equal('kept');
    }));

  it('is the answer to a handler that finds nothing', () =>
    served('production', async app => {
      expectExactRefusal(await request(app).get('/json/none/found'), {
        status: 404,
        error: 'not_found',
        description: 'Not Found',
      });
    }));

  it('of a middleware class is answered as a handler’s, of a policy never with its text', () =>
    served('test', async app => {
      expectExactRefusal(await request(app).get('/places/class?name=error'), refusalOf('error', true));
      expectExactRefusal(await request(app).get('/places/class?name=forbidden'), refusalOf('forbidden'));
      expectExactRefusal(await request(app).get('/policies?name=error'), refusalOf('error'));
      expectExactRefusal(await request(app).get('/policies?name=conflict'), refusalOf('conflict'));
      expectExactRefusal(await request(app).get('/policies?name=exposed'), refusalOf('exposed'));
    }));

  it('of a plain middleware goes to Express, which shows nothing of it in production', () =>
    served('prod', async app => {
      const { status, text } = await request(app).get('/places/function');
      expect([status, received.length]).to.deep.equal([500, 1]);
      expect(text).not.to.match(/hunter2|\.js/);
    }));

  it('of a plain route is answered by axiomsErrorHandler where it is meant for the client, and goes on otherwise', () =>
    served('prod', async app => {
      for (const name of ['forbidden', 'exposed', 'conflict', 'ours'])
        expectExactRefusal(await request(app).get(`/plain/${name}`), refusalOf(name));
      expect(received).to.deep.equal([]);
      for (const name of ['error', 'internal', 'notExposed']) {
        const { status, text } = await request(app).get(`/plain/${name}`);
        expect([status, text.includes('hunter2')], name).to.deep.equal([name === 'notExposed' ? 400 : 500, false]);
      }
      expect(received).to.deep.equal(['error', 'internal', 'notExposed'].map(name => thrown[name]![0]));
    }));

  it('reaches the app as it was thrown with defaultErrorHandler: false', () =>
    served(
      'production',
      async app => {
        for (const name of ['badRequest', 'exposed', 'error', 'unavailable', 'httpCodeAlone', 'plainObject'])
          expect((await request(app).get(`/json/${name}`)).status).to.equal(599);
        const errors = ['badRequest', 'exposed', 'error', 'unavailable', 'httpCodeAlone', 'plainObject'];
        expect(received).to.deep.equal(errors.map(name => thrown[name]![0]));
      },
      { defaultErrorHandler: false },
    ));

  it('has the members that errorOverridingMap gives it', () =>
    served(
      'production',
      async app => {
        const bodyOf = async (name: string) => (await request(app).get(`/json/${name}`)).body as unknown;
        const description = 'Nobody may';
        expect(await bodyOf('forbidden')).to.deep.equal({
          error: 'permission_denied',
          error_description: description,
          help: '/help',
        });
        expect(await bodyOf('error')).to.deep.equal({
          error: 'server_error',
          error_description: 'The server could not handle the request',
          support: 7,
        });
        expect(await bodyOf('conflict')).to.deep.equal({ error: 'conflict', error_description: 'Sold out' });
      },
      { errorOverridingMap: { ForbiddenError: { message: 'Nobody may', help: '/help' }, Error: { support: 7 } } },
    ));

  it('has no members that errorOverridingMap inherits, or has for something without a name', () =>
    served(
      'production',
      async app => {
        for (const name of ['forbidden', 'plainObject'])
          expect((await request(app).get(`/json/${name}`)).body).to.not.have.property('help');
      },
      {
        errorOverridingMap: Object.create({
          ForbiddenError: { help: '/help' },
          undefined: { help: '/help' },
        }) as object,
      },
    ));
});

describe('a validation error', () => {
  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: Express;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express();
    await inEnvironment('test', async () => {
      useExpressServer(app, { controllers: [OrderController], axioms: { ...issuer.settings(), logger } });
      await Promise.resolve();
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  async function expectFields(sent: Test, fields: object | undefined, status = 400, description?: string) {
    const { text, headers, status: answered } = await sent;
    const { error, error_description, ...more } = JSON.parse(text) as Record<string, unknown>;
    expect([answered, error], text).to.deep.equal([
      status,
      status === 400 ? 'invalid_request' : 'unprocessable_entity',
    ]);
    expect(error_description).to.be.a('string').that.is.not.empty;
    if (description !== undefined) expect(error_description).to.equal(description);
    expect(more).to.deep.equal(fields === undefined ? {} : { fields });
    expect(headers).to.include({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(text).not.to.match(/hunter2|target|constraints|\.js/);
  }

  const post = (path: string, body: object) => request(app).post(path).send(body);
  const text = (path: string) => [`${path} must be a string`];

  it('names each field by its dotted path, with the texts of its constraints and no value', async () => {
    await expectFields(
      post('/orders', { count: 'hunter2', address: { street: 7 }, items: [{ name: 'abc' }, { name: 'h' }] }),
      {
        count: ['count must be an integer number'],
        'address.street': text('street'),
        'items.1.name': ['name must be longer than or equal to 3 characters'],
      },
      400,
      "Invalid body, check 'fields' property for more info.",
    );
  });

  it('names what stands where an object should', async () => {
    await expectFields(post('/orders', { count: 1, address: 'hunter2', items: ['hunter2'] }), {
      address: ['nested property address must be either object or array'],
      'items.0': ['each value in nested property items must be either object or array'],
    });
  });

  it('names every property that is not allowed, even beside a name that every object has', async () => {
    await expectFields(
      request(app)
        .post('/orders/strict')
        .type('json')
        .send('{"count":1,"constructor":"hunter2","more":"hunter2","address":{"street":"a","__proto__x":1}}'),
      {
        more: ['property more should not exist'],
        'address.__proto__x': ['property __proto__x should not exist'],
      },
    );
  });

  it('names parameters of every kind', async () => {
    await expectFields(post('/orders/param', { address: { street: 7 } }), { street: text('street') });
    await expectFields(request(app).get('/orders/pages?page=hunter&size=1'), {
      page: ['cannot be parsed into number'],
    });
    await expectFields(request(app).get('/orders/pages?page=1.5&size=1'), { page: ['page must be an integer number'] });
  });

  it('that the handler throws with the errors of class-validator has them, too', async () => {
    const fields = { name: ['name must be longer than or equal to 3 characters'] };
    await expectFields(post('/orders/by-hand', { name: 'h2' }), fields, 400, 'Look again');
    await expectFields(post('/orders/unprocessable', { name: 'h2' }), fields, 422, 'Look again');
  });

  it('that the handler lets through is its own failure, which the log has without values', async () => {
    logger.entries.length = 0;
    const { status, text: sent } = await post('/orders/uncaught', { name: 'h2' });
    expect([status, (JSON.parse(sent) as { error: string }).error]).to.deep.equal([500, 'server_error']);
    expect(logger.text('error')).to.include('Validation errors of: name').and.not.include('h2');
  });
});
