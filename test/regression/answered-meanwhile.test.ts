/** An app may answer a request while the library still works on it, for instance because the request took too long. */
import { expect } from 'chai';
import express, { type RequestHandler } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { backchannelLogout, MemoryDenylist, requireAccessToken, useExpressServer } from 'axioms-routing-controllers';
import { serveOpenApi } from 'axioms-routing-controllers/openapi';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';
import { eventually } from '../issuer/fake-time';

@JsonController('/things')
class ThingController {
  @Get('/') list() {
    return [];
  }
}

/** Answers as a limit of time does, before anything that follows can. */
const tooLate: RequestHandler = (_request, response, next) => {
  next();
  response.status(503).json({ error: 'timeout' });
};

describe('a request that the app answers meanwhile', () => {
  forbidStrayErrors();
  let issuer: TestIssuer;
  let logger: RecordingLogger;
  let ended: string[];
  let errors: unknown[];
  let app: express.Express;

  beforeEach(async () => {
    issuer = await TestIssuer.start();
    logger = new RecordingLogger();
    ended = [];
    errors = [];
    app = express().use(tooLate);
    const axioms = { ...issuer.settings(), logger, denylist: new MemoryDenylist() };
    useExpressServer(app, { controllers: [ThingController], axioms });
  });
  afterEach(async () => {
    (app.locals.axioms as { close(): void }).close();
    await issuer.close();
  });

  function keepErrors(): void {
    app.use(((error, _request, _response, _next) => void errors.push(error)) as express.ErrorRequestHandler);
  }

  it('does not end the process where it asks for the OpenAPI document', async () => {
    serveOpenApi(app);
    keepErrors();
    for (let count = 0; count < 2; count++) {
      const response = await request(app).get('/openapi.json');
      expect([response.status, response.body]).to.deep.equal([503, { error: 'timeout' }]);
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    expect(errors).to.deep.equal([]);
  });

  it('is not reported as a failed log-out where the log-out succeeded', async () => {
    app.post(
      '/logout',
      backchannelLogout({ clientId: 'books', onLogout: ({ sid }) => void ended.push(sid as string) }),
    );
    keepErrors();
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const claims = { aud: 'books', iat: now, exp: now + 120, jti: 'one', sid: 'session', events };
    const token = issuer.token(claims, { typ: 'logout+jwt' });
    const response = await request(app).post('/logout').type('form').send({ logout_token: token });
    expect(response.status).to.equal(503);
    await eventually(() => ended.length > 0);
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(ended).to.deep.equal(['session']);
    expect(errors).to.deep.equal([]);
    expect(logger.text('error')).to.equal('');
  });
});

describe('a middleware that calls requireAccessToken() with a callback of its own', () => {
  forbidStrayErrors();

  it('does not end the process where the callback throws', async () => {
    const issuer = await TestIssuer.start();
    const app = express();
    useExpressServer(app, { controllers: [ThingController], axioms: issuer.settings() });
    const guard = requireAccessToken();
    app.get('/export', (incoming, response) => {
      guard(incoming, response, () => {
        throw new Error('a fault of the app');
      });
    });
    const asked = request(app)
      .get('/export')
      .set('Authorization', `Bearer ${issuer.token({})}`);
    const response = await asked.timeout(5000);
    expect(response.status).to.equal(500);
    expect(response.body).to.include({ error: 'server_error' });
    (app.locals.axioms as { close(): void }).close();
    await issuer.close();
  });
});
