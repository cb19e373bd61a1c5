import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import {
  Get,
  JsonController,
  UseAfter,
  UseBefore,
  type ExpressErrorMiddlewareInterface,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import {
  AllowAny,
  HasAccessTokenScopes,
  HasValidAccessToken,
  useExpressServer,
  type AxiomsRequest,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { withGlobals, type GlobalClasses } from './global-classes';
import { OneConnection, type Reply } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

class Noting implements ExpressMiddlewareInterface {
  async use(request: Request, _response: Response, next: NextFunction): Promise<void> {
    await Promise.resolve();
    ran.push(`class sees ${(request as AxiomsRequest).user?.sub ?? 'nobody'}`);
    next();
  }
}

class Swallowing implements ExpressErrorMiddlewareInterface {
  error(_error: unknown, _request: unknown, _response: unknown, next: NextFunction): void {
    ran.push('swallowed');
    next();
  }
}

// A function of four parameters is an error middleware.
function swallow(_error: unknown, _request: Request, _response: Response, next: NextFunction): void {
  ran.push('swallowed');
  next();
}

class Failing {
  error(): Promise<void> {
    return Promise.reject(new Error('The error middleware failed, too'));
  }
}

function failOnQuery(request: Request, _response: Response, next: NextFunction): void {
  next(request.query.fail === undefined ? undefined : new Error('asked for'));
}

@JsonController('/swallowing')
@UseBefore(swallow as unknown as (...received: unknown[]) => unknown, Swallowing)
class SwallowingController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [AllowAny];

  @Get('/')
  @UseBefore(failOnQuery, Swallowing)
  list() {
    ran.push('handler');
    return { ok: true };
  }

  @Get('/late')
  late() {
    ran.push('handler');
    return { ok: true };
  }
}

@JsonController('/scoped')
@UseBefore(Swallowing)
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  declare request: AxiomsRequest;
  get accessTokenScopes() {
    return [this.action === 'late' ? `q:${this.request.query.q as string}` : 'early'];
  }
  declare action: string;

  @Get('/early')
  @UseAfter(Swallowing)
  early() {
    ran.push('handler');
    return { ok: true };
  }

  @Get('/late')
  @UseAfter(Swallowing)
  late() {
    ran.push('handler');
    return { ok: true };
  }
}

@JsonController('/guarded')
class GuardedController {
  @Get('/')
  @UseBefore(Noting, (request: Request, _response: Response, next: NextFunction) => {
    ran.push(`function sees ${(request as AxiomsRequest).user?.sub ?? 'nobody'}`);
    next();
  })
  list() {
    ran.push('handler');
    return { ok: true };
  }

  @Get('/failing')
  @UseBefore(failOnQuery, Failing)
  failing() {
    return { ok: true };
  }

  @Get('/answering')
  @UseBefore((_request: Request, response: Response) => response.status(202).json({ by: 'the middleware' }))
  answering() {
    ran.push('handler');
    return { ok: true };
  }

  @Get('/twice/later')
  @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
    next();
    next();
  })
  async twiceLater() {
    ran.push('handler');
    // Longer than Express takes for a 404.
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
    return { ok: true };
  }

  @Get('/twice')
  @UseBefore((_request: Request, _response: Response, next: NextFunction) => {
    next();
    next();
    next(new Error('and again'));
    throw new Error('and again');
  })
  twice() {
    ran.push('handler');
    return { ok: true };
  }
}

class FirstGlobal implements ExpressMiddlewareInterface {
  use(request: Request, _response: Response, next: NextFunction): void {
    ran.push(`global sees ${typeof request.user}`);
    next();
  }
}

class RejectingErrorMiddleware {
  error(): Promise<void> {
    return Promise.reject(new Error('The error middleware failed, too'));
  }
}

const controllers = [SwallowingController, ScopedController, GuardedController];

const logger = new RecordingLogger();

async function served(
  { globals = {}, ...options }: Partial<AxiomsServerOptions> & { readonly globals?: GlobalClasses },
  use: (send: (path: string, claims?: object | string) => Promise<Reply>, connection: OneConnection) => Promise<void>,
): Promise<void> {
  const issuer = await TestIssuer.start();
  const app = express();
  app.set('env', 'test');
  withGlobals(globals, () =>
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger }, ...options }),
  );
  if (options.defaultErrorHandler === false)
    app.use((error: { httpCode?: number }, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error);
      else response.status(error.httpCode ?? 599).json({ own: true });
    });
  const connection = await OneConnection.open(app);
  ran.length = 0;
  await use((path, claims) => {
    const token = typeof claims === 'string' ? claims : issuer.token(claims);
    return connection.send(path, { headers: claims === undefined ? {} : { Authorization: `Bearer ${token}` } });
  }, connection);
  (app.locals.axioms as AxiomsServer).close();
  await connection.close();
  await issuer.close();
}

describe("a route's middleware", () => {
  forbidStrayErrors();

  it('runs after the guard, knows the user, and runs for nobody else', () =>
    served({}, async send => {
      expect((await send('/guarded')).status).to.equal(401);
      expect(ran).to.deep.equal([]);
      expect((await send('/guarded', {})).status).to.equal(200);
      expect(ran).to.deep.equal(['class sees alice', 'function sees alice', 'handler']);
    }));

  it('may answer instead of the handler', () =>
    served({}, async send => {
      expect((await send('/guarded/answering')).status).to.equal(401);
      const reply = await send('/guarded/answering', {});
      expect([reply.status, reply.text]).to.deep.equal([202, '{"by":"the middleware"}']);
      expect(ran).to.deep.equal([]);
    }));

  it('goes on once, however often it says so', () =>
    served({}, async (send, connection) => {
      const reply = await send('/guarded/twice', {});
      expect([reply.status, reply.text, ran]).to.deep.equal([200, '{"ok":true}', ['handler']]);
      const later = await send('/guarded/twice/later', {});
      expect([later.status, later.text, ran]).to.deep.equal([200, '{"ok":true}', ['handler', 'handler']]);
      expect((await send('/guarded', {})).status).to.equal(200);
      expect(connection.connections).to.equal(1);
    }));

  it('that is for errors may fail itself, and the caller is answered', () =>
    served({}, async (send, connection) => {
      expect((await send('/guarded/failing?fail', {})).status).to.equal(500);
      expect((await send('/guarded/failing', {})).status).to.equal(200);
      expect(connection.connections).to.equal(1);
    }));

  for (const defaultErrorHandler of [true, false])
    it(`that swallows errors swallows no refusal, with defaultErrorHandler: ${String(defaultErrorHandler)}`, () =>
      served({ defaultErrorHandler }, async (send, connection) => {
        for (const path of ['/swallowing', '/swallowing/late', '/scoped/early', '/scoped/late?q=a'])
          for (const claims of [undefined, 'a.b.c', { exp: 1 }, { scope: 'other' }]) {
            if (path.startsWith('/swallowing') && typeof claims === 'object' && 'scope' in claims) continue;
            expect((await send(path, claims)).status, path).to.be.within(400, 599);
            expect(ran, path).not.to.include('handler');
          }
        expect((await send('/swallowing?fail', {})).status).to.equal(200);
        expect((await send('/scoped/early', { scope: 'early' })).status).to.equal(200);
        expect((await send('/scoped/late?q=a', { scope: 'q:a' })).status).to.equal(200);
        expect(ran.filter(one => one === 'handler')).to.have.length(3);
        expect(connection.connections).to.equal(1);
      }));
});

describe('an error middleware of a route that goes on after a refusal', () => {
  forbidStrayErrors();

  it('does not reach the handler, and the log says what it did', () =>
    served({ defaultErrorHandler: false }, async send => {
      logger.entries.length = 0;
      expect((await send('/swallowing/late')).status).to.equal(500);
      expect(ran).to.deep.equal(['swallowed']);
      expect(logger.text('error')).to.contain(
        'SwallowingController.late was reached past its guard: a middleware called next() twice, or an error middleware went on after a refusal.',
      );
    }));
});

describe('a global middleware', () => {
  forbidStrayErrors();

  it('runs before the guard, for everybody', () =>
    served({ globals: { before: [FirstGlobal] } }, async send => {
      expect((await send('/guarded')).status).to.equal(401);
      expect(ran).to.deep.equal(['global sees undefined']);
    }));

  it('runs for its routePrefix only', () =>
    served({ globals: { before: [FirstGlobal] }, routePrefix: '/api' }, async send => {
      expect((await send('/other')).status).to.equal(404);
      expect(ran).to.deep.equal([]);
      expect((await send('/api/guarded')).status).to.equal(401);
      expect(ran).to.have.length(1);
    }));

  for (const defaultErrorHandler of [true, false])
    it(`that is for errors may fail itself, and the caller is answered, with defaultErrorHandler: ${String(defaultErrorHandler)}`, () =>
      served({ globals: { after: [RejectingErrorMiddleware] }, defaultErrorHandler }, async (send, connection) => {
        expect((await send('/guarded/failing?fail', {})).status).to.be.oneOf([500, 599]);
        expect((await send('/guarded')).status).to.be.oneOf([401, 599]);
        expect((await send('/guarded/failing', {})).status).to.equal(200);
        expect(connection.connections).to.equal(1);
      }));
});
