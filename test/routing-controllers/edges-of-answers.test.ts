/** What happens at the edges of an answer: it has been sent already, or what was thrown or returned is unusual. */
import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  Authorized,
  BadRequestError,
  Get,
  JsonController,
  UseBefore,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  BaseAuthentication,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
  type Requirement,
} from 'axioms-routing-controllers';
import { kindOf } from '../../src/core/requirements/requirement';
import { decide } from '../../src/routing-controllers/explaining';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

class Failing implements ExpressMiddlewareInterface {
  use(): never {
    throw new Error('of a middleware');
  }
}

function swallowing(_error: Error, _request: Request, _response: Response, next: NextFunction): void {
  ran.push('error middleware');
  next();
}

function noting(_request: Request, _response: Response, next: NextFunction): void {
  ran.push('a middleware behind it');
  next();
}

function answering(_request: Request, response: Response, next: NextFunction): void {
  response.json({ by: 'a middleware' });
  next();
}

/** A stream of the first kind: it has pipe() and events, and nothing to undo. */
class OldStream extends EventEmitter {
  pipe(response: Response): Response {
    setImmediate(() => {
      this.emit('data', 'text');
      if (response.writableEnded) return;
      response.write('text');
      response.end();
    });
    return response;
  }
}

class AnsweringItself extends BaseAuthentication {
  override authenticate({ res }: Request) {
    res!.json({ by: 'an authentication class' });
    return { user: { isAuthenticated: true as const, sub: 'alice' } };
  }
}

@JsonController('/by-a-class')
class AnsweredController {
  authenticationClasses = [AnsweringItself];

  @Get('/') @UseBefore(noting) list() {
    ran.push('handler');
    return {};
  }
}

@JsonController('/edges')
class EdgesController {
  permissionClasses = [AllowAny];

  @Get('/swallowed')
  @UseBefore(Failing, swallowing as unknown as typeof noting, noting)
  swallowed() {
    ran.push('handler');
    return {};
  }
  @Authorized('x')
  @Get('/checked')
  @UseBefore(Failing, swallowing as unknown as typeof noting)
  checked() {
    ran.push('handler');
    return {};
  }
  @Get('/answered') @UseBefore(answering) answered() {
    ran.push('handler');
    return {};
  }
  @Get('/named') named(): never {
    throw Object.assign(new BadRequestError('odd'), { name: 'ParamRequiredError' });
  }
  @Get('/object') object(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- an app may throw anything
    throw { name: 'Overridden', message: 'secret' };
  }
  @Get('/old') old() {
    return new OldStream();
  }
}

describe('the edges of an answer', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  let app: Express;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    app.get('/plain', answering, requireAccessToken(), () => ran.push('handler'));
    app.get('/fine', requireAccessToken(), (_request, response) => void response.json({}));
    useExpressServer(app, {
      controllers: [EdgesController, AnsweredController],
      authorizationChecker: () => Boolean(ran.push('checker')),
      development: false,
      errorOverridingMap: { Overridden: { message: 'shown' } },
      axioms: { ...issuer.settings(), jwksPrefetch: false, logger },
    });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
  beforeEach(() => {
    ran.length = logger.entries.length = 0;
  });

  it('leave out a middleware behind error middleware that goes on after the answer', async () => {
    expect((await request(app).get('/edges/swallowed')).status).to.equal(500);
    expect(ran).to.deep.equal(['error middleware']);
  });

  it("ask the app's own checker nothing after the answer to an error", async () => {
    expect((await request(app).get('/edges/checked')).status).to.equal(500);
    expect(ran).to.deep.equal(['error middleware']);
  });

  it('leave everything out behind a class that sends the response itself, which the log says', async () => {
    const answer = await request(app).get('/by-a-class');
    expect([answer.status, answer.body as unknown, ran]).to.deep.equal([200, { by: 'an authentication class' }, []]);
    expect(logger.text('debug')).to.include('was sent before the handler could run');
  });

  it('run no handler of a plain route once its response has been sent', async () => {
    const answer = await request(app).get('/plain').set('Authorization', `Bearer ${issuer.token()}`);
    expect([answer.status, answer.body as unknown, ran]).to.deep.equal([200, { by: 'a middleware' }, []]);
  });

  it('warn of no public methods on plain routes where there are none', async () => {
    const answer = await request(app).get('/fine').set('Authorization', `Bearer ${issuer.token()}`);
    expect([answer.status, logger.text('warn')]).to.deep.equal([200, '']);
  });

  it("take an app's error for what it is, although it has the name of one of routing-controllers", async () => {
    const answer = await request(app).get('/edges/named');
    expect([answer.status, answer.body as unknown]).to.deep.equal([
      400,
      { error: 'invalid_request', error_description: 'odd' },
    ]);
  });

  it('override no text of a thrown object that is not an error', async () => {
    const { status, text } = await request(app).get('/edges/object');
    expect([status, text.includes('shown'), text.includes('secret')]).to.deep.equal([500, false, false]);
  });

  it('answer HEAD with a stream that cannot be unpiped', async () => {
    expect((await request(app).head('/edges/old')).status).to.equal(200);
    expect((await request(app).get('/edges/old')).status).to.equal(200);
  });

  it('leave an answer whole that a middleware has sent, also where the log fails', async () => {
    const [{ debug }, { error }] = [logger, console];
    const reported: unknown[][] = [];
    console.error = (...said: unknown[]) => reported.push(said);
    logger.debug = () => {
      throw new Error('The log is full');
    };
    try {
      const answer = await request(app).get('/edges/answered');
      expect([answer.status, answer.body as unknown, ran]).to.deep.equal([200, { by: 'a middleware' }, []]);
      expect(reported).to.deep.equal([
        ['axioms: The logger failed. This is reported once.', { error: 'The log is full' }],
      ]);
    } finally {
      [logger.debug, console.error] = [debug, error];
    }
  });

  it('explain nothing for a server of another copy', async () => {
    const failure = decide([{} as AxiomsServer], { method: 'GET', path: '/', headers: {} });
    const error: unknown = await failure.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect((error as Error).message).to.include('another copy of axioms-routing-controllers');
  });

  it('tell owners apart by the attribute of their issuer', () => {
    const keyOf = (requirement: Extract<Requirement, { kind: 'owner' }>): string | undefined =>
      kindOf(requirement).facts(requirement)[0]?.key;
    const owner = { kind: 'owner', attribute: 'user' } as const;
    expect(keyOf(owner)).not.to.equal(keyOf({ ...owner, issuerAttribute: 'iss' }));
    expect(keyOf(owner)).to.equal(keyOf({ ...owner }));
  });
});
