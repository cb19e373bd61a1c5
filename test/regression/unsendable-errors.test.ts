/** An error whose answer cannot be sent must neither end the process nor leave the request without an answer. */
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { ForbiddenError, Get, JsonController, UseBefore } from 'routing-controllers';
import request from 'supertest';
import { AllowAny, NotFound, useExpressServer, type ApiView, type AxiomsServer } from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectRefusal } from '../refusals';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

let handled = 0;

function breakEnd(_request: Request, response: Response, next: NextFunction): void {
  response.end = () => {
    throw new Error('no end');
  };
  next();
}

/** A promise of another library. */
class OwnPromise {
  constructor(private readonly promise: Promise<unknown>) {}
  then(kept?: (value: unknown) => unknown, caught?: (error: unknown) => unknown): OwnPromise {
    return new OwnPromise(this.promise.then(kept, caught));
  }
}

function refuseLater(): unknown {
  return new OwnPromise(Promise.reject(new ForbiddenError('Not now')));
}

@JsonController('/errors')
class ErrorController {
  permissionClasses = [AllowAny];
  declare response: ApiView['response'];
  @Get('/trailer') trailer() {
    this.response.setHeader('Trailer', 'Digest');
    throw new NotFound();
  }
  @Get('/trailer-later') async trailerLater() {
    this.response.setHeader('Trailer', 'Digest');
    await Promise.resolve();
    throw new Error('x');
  }
  @Get('/end') @UseBefore(breakEnd) end() {
    throw new NotFound();
  }
  @Get('/end-later') @UseBefore(breakEnd) async endLater() {
    await Promise.resolve();
    throw new NotFound();
  }
  @Get('/own-promise') @UseBefore(refuseLater) ownPromise() {
    handled += 1;
    return {};
  }
}

describe('regression: an error whose answer cannot be sent', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let app: Express;
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test');
    useExpressServer(app, { controllers: [ErrorController], axioms: { ...issuer.settings(), logger } });
  });
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  it('is sent without the trailers that its handler had announced', async () => {
    const missing = await request(app).get('/errors/trailer');
    expectRefusal(missing, 'not_found');
    expect(missing.headers).not.to.have.property('trailer');
    expectRefusal(await request(app).get('/errors/trailer-later'), 'server_error');
  });

  for (const path of ['/errors/end', '/errors/end-later'])
    it(`closes the connection where nothing can be sent: ${path}`, async () => {
      const failure: unknown = await request(app)
        .get(path)
        .catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error).with.property('code', 'ECONNRESET');
      expect(logger.text('error')).to.contain('failed with an error that cannot be answered');
    });

  it('is answered where a middleware rejects with a promise of another library', async () => {
    const refused = await request(app).get('/errors/own-promise');
    expect([refused.status, handled]).to.deep.equal([500, 0]);
  });
});
