/** Refusals in an app that answers errors itself: `defaultErrorHandler: false`. */
import { expect } from 'chai';
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response as Reply,
} from 'express';
import { Body, ForbiddenError, Get, JsonController, Post, UseBefore } from 'routing-controllers';
import request, { type Response } from 'supertest';
import {
  AllowAny,
  APIException,
  HasAccessTokenScopes,
  ImproperlyConfigured,
  NotAuthenticated,
  NotFound,
  requireAccessToken,
  Throttled,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { fieldsOf } from '../refusals';

const shared = new NotFound();

const ran: string[] = [];

/** Error middleware of one route that answers, and then goes on as if there had been no error. */
const answeringAndGoingOn = (error: { status?: number }, _request: Request, response: Reply, next: NextFunction) => {
  response.status(error.status ?? 500).json({ said: 'no' });
  next();
};

class Counting extends BaseThrottle {
  allowRequest(): boolean {
    ran.push('throttle');
    return true;
  }
}

@JsonController('/answered')
class AnsweredController {
  permissionClasses = [HasAccessTokenScopes];
  throttleClasses = [Counting];
  accessTokenScopes = ['thing'];
  @Get('/')
  @UseBefore(answeringAndGoingOn as unknown as (...given: unknown[]) => unknown)
  list() {
    ran.push('handler');
    return [];
  }
}

class Thing {
  name?: string;
}

@JsonController('/things')
class ThingController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['thing'];
  @Get('/') list() {
    return [];
  }
  @Post('/') create(@Body() body: Thing) {
    return body;
  }
}

@JsonController('/thrown')
class ThrowingController {
  permissionClasses = [AllowAny];
  @Get('/throttled') throttled(): never {
    throw new Throttled(7);
  }
  @Get('/improper') improper(): never {
    throw new ImproperlyConfigured('wrong');
  }
  @Get('/forbidden') forbidden(): never {
    throw new ForbiddenError('no');
  }
  @Get('/shared') shared(): never {
    throw shared;
  }
}

/** As most apps write it: it knows nothing of this library. */
const byStatus: ErrorRequestHandler = (error: { status?: number; message: string }, _request, response, _next) => {
  response.status(error.status ?? 500).json({ said: error.message });
};

describe('with defaultErrorHandler: false', () => {
  let issuer: TestIssuer;
  const apps: Express[] = [];
  const logger = new RecordingLogger();
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(() => issuer.close());
  afterEach(() => {
    for (const app of apps.splice(0)) (app.locals.axioms as AxiomsServer).close();
  });

  function appWith(...handlers: readonly ErrorRequestHandler[]): Express {
    const app = express().set('env', 'test');
    apps.push(app);
    app.use('/in-front', () => {
      throw new NotAuthenticated();
    });
    useExpressServer(app, {
      controllers: [ThingController, ThrowingController, AnsweredController],
      axioms: { ...issuer.settings(), logger },
      defaultErrorHandler: false,
    });
    app.get('/plain', requireAccessToken({ scopes: ['plain'] }), () => undefined);
    for (const handler of handlers) app.use(handler);
    return app;
  }

  const seen = (response: Response): readonly unknown[] => [
    response.status,
    fieldsOf(response, 'www-authenticate'),
    fieldsOf(response, 'retry-after'),
    fieldsOf(response, 'cache-control'),
  ];
  const demands = (scope: string): string => `Bearer realm="api", scope="${scope}"`;

  const cases: readonly [title: string, path: string, token: object | null, answer: readonly unknown[]][] = [
    ['an anonymous request', '/things', null, [401, [demands('thing')], [], ['no-store']]],
    ['an anonymous request at a plain route', '/plain', null, [401, [demands('plain')], [], ['no-store']]],
    ['what a plain middleware throws', '/in-front', null, [401, ['Bearer realm="api"'], [], ['no-store']]],
    ['a throttled request', '/thrown/throttled', null, [429, [], ['7'], ['no-store']]],
    ['a wrong rule', '/thrown/improper', null, [500, [], [], ['no-store']]],
    ['an error of the app, as it was thrown', '/thrown/forbidden', null, [500, [], [], []]],
  ];
  for (const [title, path, token, answer] of cases)
    it(`keeps status and header fields of ${title}`, async () => {
      const asked = request(appWith(byStatus)).get(path);
      const response = await (token === null ? asked : asked.set('Authorization', `Bearer ${issuer.token(token)}`));
      expect(seen(response)).to.deep.equal(answer);
      expect(response.body).to.have.property('said');
    });

  it('keeps the challenge of a token without the scope, and of a bad one', async () => {
    const app = appWith(byStatus);
    const ask = (claims: object) =>
      request(app)
        .get('/things')
        .set('Authorization', `Bearer ${issuer.token(claims)}`);
    const poor = await ask({ scope: 'other' });
    expect(poor.status).to.equal(403);
    expect(poor.headers['www-authenticate']).to.match(/^Bearer .*error="insufficient_scope".*scope="thing"$/);
    const bad = await ask({ exp: 1 });
    expect(bad.status).to.equal(401);
    expect(bad.headers['www-authenticate']).to.match(/^Bearer .*error="invalid_token"/);
  });

  it('is 400 for a body that is not JSON, in the words of the app', async () => {
    const asked = request(appWith(byStatus)).post('/things').type('json').send('{"');
    const response = await asked.set('Authorization', `Bearer ${issuer.token({ scope: 'thing' })}`);
    expect(seen(response)).to.deep.equal([400, [], [], ['no-store']]);
  });

  it('is 503 with Retry-After while the keys cannot be fetched', async () => {
    const app = express();
    apps.push(app);
    const axioms = { ...issuer.settings(), jwksUrl: 'http://127.0.0.1:9/jwks' };
    useExpressServer(app, { controllers: [ThingController], axioms, defaultErrorHandler: false });
    app.use(byStatus);
    const response = await request(app).get('/things').set('Authorization', `Bearer ${issuer.token()}`);
    expect(response.status).to.equal(503);
    expect(Number(response.headers['retry-after'])).to.be.greaterThan(0);
  });

  it('lets the error middleware change what is set', async () => {
    const changing: ErrorRequestHandler = (error: APIException, _request, response, _next) => {
      expect(response.getHeader('Cache-Control')).to.equal('no-store');
      response.removeHeader('Cache-Control');
      response.setHeader('WWW-Authenticate', 'Own realm="own"');
      response.status(418).json(error);
    };
    const response = await request(appWith(changing)).get('/things');
    expect(seen(response)).to.deep.equal([418, ['Own realm="own"'], [], []]);
  });

  it('does not set them again after an error middleware that has changed them', async () => {
    const removing: ErrorRequestHandler = (error, _request, response, next) => {
      response.removeHeader('Cache-Control');
      next(error);
    };
    const app = appWith();
    app.use(removing, byStatus);
    expect(seen(await request(app).get('/things'))).to.deep.equal([401, [demands('thing')], [], []]);
  });

  it('answers with the status and the header fields where only Express answers', async () => {
    const response = await request(appWith()).get('/things');
    expect([response.status, response.headers['www-authenticate']]).to.deep.equal([401, demands('thing')]);
  });

  it('leaves everything out behind error middleware of the route that answers and then goes on', async () => {
    ran.length = logger.entries.length = 0;
    const response = await request(appWith()).get('/answered');
    expect([response.status, response.text]).to.deep.equal([401, '{"said":"no"}']);
    expect(fieldsOf(response, 'www-authenticate')).to.deep.equal([demands('thing')]);
    expect(ran).to.deep.equal([]);
    expect(logger.text('error') + logger.text('warn')).to.equal('');
  });

  it('does so each time that the same error is thrown', async () => {
    const app = appWith(byStatus);
    for (let times = 0; times < 2; times++)
      expect(seen(await request(app).get('/thrown/shared'))).to.deep.equal([404, [], [], ['no-store']]);
  });
});

describe('the status of an error', () => {
  it('has three names', () => {
    class OutOfStock extends APIException {
      static override readonly httpCode = 409;
    }
    const error = new OutOfStock();
    expect([error.status, error.statusCode, error.httpCode]).to.deep.equal([409, 409, 409]);
    error.status = 410;
    expect([error.status, error.statusCode, error.httpCode]).to.deep.equal([410, 410, 410]);
    error.statusCode = 411;
    expect([error.status, error.statusCode, error.httpCode]).to.deep.equal([411, 411, 411]);
    const improper = new ImproperlyConfigured('wrong');
    expect([improper.status, improper.statusCode, improper.httpCode]).to.deep.equal([500, 500, 500]);
  });

  it('is in no body', () => {
    expect(new NotFound().toJSON()).to.have.all.keys('error', 'error_description');
  });
});
