/**
 * `requireAccessToken({ dpop: 'required' })` of a server whose setting `dpop` is off did not stop the start, and each request got
 * the HTML error page of Express. So did those of `backchannelLogout()` without a denylist. Nothing was logged.
 */
import { expect } from 'chai';
import express, { type Express } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import request from 'supertest';
import {
  ImproperlyConfigured,
  backchannelLogout,
  createExpressServer,
  guardApp,
  requireAccessToken,
  useExpressServer,
} from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';

const guard = () => requireAccessToken({ dpop: 'required' });

@JsonController('/books')
class BookController {
  @Get('/') list() {
    return [];
  }
}

@JsonController('/transfers')
class TransferController {
  @UseBefore(guard())
  @Get('/')
  list() {
    return [];
  }
}

const expected = { error: 'server_error', error_description: 'The server could not handle the request' };

describe('A plain route that cannot work with the settings of its server', () => {
  let api: Api;
  let logger: RecordingLogger;
  beforeEach(async () => {
    logger = new RecordingLogger();
    api = await Api.start({ controllers: [BookController], axioms: { logger } });
  });
  afterEach(() => api.close());

  async function expectOurs(app: Express, method: 'get' | 'post', path: string, words: string): Promise<void> {
    const response = await request(app)[method](path).type('form').send();
    expect([response.status, response.body]).to.deep.equal([500, expected]);
    expect(logger.text('error')).to.contain(words);
  }

  it('answers 500 in JSON and logs why, where it requires a DPoP key', async () => {
    api.app.get('/export', guard(), (_, response) => response.json([]));
    await expectOurs(api.app, 'get', '/export', "the setting 'dpop' (AXIOMS_DPOP) is 'off'");
  });

  it('answers 500 in JSON in an app that is mounted in the one with the server', async () => {
    const inner = express();
    inner.get('/export', guard(), (_, response) => response.json([]));
    api.app.use('/inner', inner);
    await expectOurs(api.app, 'get', '/inner/export', "the setting 'dpop' (AXIOMS_DPOP) is 'off'");
  });

  it('answers 500 in JSON and logs why, where a logout has no denylist', async () => {
    api.app.post('/logout', backchannelLogout({ clientId: 'books' }));
    await expectOurs(api.app, 'post', '/logout', 'denylist');
  });

  it('stops the start where the guard is registered before, or in front of a handler', () => {
    const settings = { ...api.issuer.settings(), logger };
    const before = (): Express => express().get('/export', guard(), (_, response) => response.json([]));
    for (const start of [
      () => useExpressServer(before(), { controllers: [BookController], axioms: settings }),
      () => guardApp(before(), settings),
      () => createExpressServer({ controllers: [TransferController], axioms: settings }),
    ])
      expect(start).to.throw(ImproperlyConfigured, "requireAccessToken({ dpop: 'required' }) requires a DPoP key");
  });
});
