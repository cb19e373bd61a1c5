import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import {
  ForbiddenError,
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
  PermissionDenied,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { withGlobals } from './global-classes';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

const called: string[] = [];

function noting(name: string): new () => ExpressErrorMiddlewareInterface {
  return class implements ExpressErrorMiddlewareInterface {
    error(error: Error, _request: unknown, response: Response, next: NextFunction): void {
      called.push(`${name}: ${error.message}, ${response.statusCode}, ${response.headersSent}`);
      next(error);
    }
  };
}

class Swallowing implements ExpressErrorMiddlewareInterface {
  error(error: Error, _request: unknown, _response: unknown, next: NextFunction): void {
    called.push(`swallowed: ${error.message}`);
    next();
  }
}

class Answering implements ExpressErrorMiddlewareInterface {
  error(_error: unknown, _request: unknown, response: Response): void {
    response.status(418).json({ by: 'the error middleware' });
  }
}

class Changing implements ExpressErrorMiddlewareInterface {
  error(_error: unknown, _request: unknown, _response: unknown, next: NextFunction): void {
    next(new Error('another'));
  }
}

class Failing implements ExpressMiddlewareInterface {
  use(): void {
    throw new Error('of a middleware');
  }
}

const Global = noting('global');
const OfTheRoute = noting('route');

function byFunction(error: Error, _request: Request, response: Response, next: NextFunction): void {
  called.push(`function: ${error.message}, ${response.statusCode}, ${response.headersSent}`);
  next(error);
}

@JsonController('/failing')
class FailingController {
  permissionClasses = [AllowAny];

  @Get('/unexpected') @UseAfter(OfTheRoute) unexpected(): never {
    throw new Error('unexpected');
  }
  @Get('/forbidden')
  @UseAfter(byFunction as unknown as (...given: unknown[]) => unknown)
  forbidden(): never {
    throw new ForbiddenError('forbidden');
  }
  @Get('/ours') async ours(): Promise<never> {
    await Promise.resolve();
    throw new PermissionDenied('ours');
  }
  @Get('/swallowed') @UseAfter(Swallowing) swallowed(): never {
    throw new Error('unexpected');
  }
  @Get('/answered') @UseAfter(Answering) answered(): never {
    throw new Error('unexpected');
  }
  @Get('/changed') @UseAfter(Changing) changed(): never {
    throw new Error('unexpected');
  }
  @Get('/middleware') @UseBefore(Failing, Swallowing) @UseAfter(OfTheRoute) middleware() {
    called.push('the handler');
    return {};
  }
}

@JsonController('/scoped')
class ScopedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['a'];
  @Get('/') @UseAfter(OfTheRoute) list() {
    return {};
  }
}

describe('error middleware after the answer to an error', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: express.Express;
  let connection: OneConnection;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    const options = { controllers: [FailingController, ScopedController], middlewares: [Global], development: false };
    withGlobals({ after: [Global] }, () =>
      useExpressServer(app, { ...options, axioms: { ...issuer.settings(), logger } }),
    );
    app.use((error: Error, _request: Request, _response: Response, next: NextFunction) => {
      called.push(`the app: ${error.message}`);
      next(error);
    });
    connection = await OneConnection.open(app);
  });
  beforeEach(() => {
    called.length = logger.entries.length = 0;
  });
  afterEach(async () => {
    // Express destroys the connection of an error that reaches it after the answer.
    await connection.send('/scoped');
    expect(connection.connections).to.equal(1);
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await connection.close();
    await issuer.close();
  });

  for (const [path, status, expected] of [
    ['unexpected', 500, ['route: unexpected, 500, true', 'global: unexpected, 500, true']],
    ['forbidden', 403, ['function: forbidden, 403, true', 'global: forbidden, 403, true']],
    ['ours', 403, ['global: ours, 403, true']],
    ['swallowed', 500, ['swallowed: unexpected']],
    ['middleware', 500, ['swallowed: of a middleware']],
  ] as const)
    it(`is called once each, and changes nothing: /failing/${path}`, async () => {
      const reply = await connection.send(`/failing/${path}`);
      const { error } = JSON.parse(reply.text) as { error: string };
      expect([reply.status, error]).to.deep.equal([status, status === 500 ? 'server_error' : 'permission_denied']);
      expect(called).to.deep.equal(expected);
      expect(logger.text('warn')).to.equal('');
    });

  it('that answers or fails itself is warned of once, and cannot change the answer', async () => {
    for (const path of ['answered', 'changed', 'answered']) {
      const reply = await connection.send(`/failing/${path}`);
      expect([reply.status, (JSON.parse(reply.text) as { error: string }).error]).to.deep.equal([500, 'server_error']);
    }
    expect(called).to.deep.equal([]);
    const entries = logger.entries.filter(({ message }) => message.includes('defaultErrorHandler'));
    expect(entries.map(({ level }) => level)).to.deep.equal(['warn', 'debug', 'debug']);
  });

  it('is not called with a refusal of the rules', async () => {
    expect((await connection.send('/scoped')).status).to.equal(401);
    const headers = { Authorization: `Bearer ${issuer.token({})}` };
    expect((await connection.send('/scoped', { headers })).status).to.equal(403);
    expect(called).to.deep.equal([]);
  });
});
