/** A limit by address warns where proxies keep it from telling callers apart. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import { AccessTokenAuthentication, AllowAny, BasicAuthentication } from 'axioms-routing-controllers';
import { AnonRateThrottle } from 'axioms-routing-controllers/throttling';
import { memoryStore } from '../../../src/microservice';
import { Api } from '../../api';
import { RecordingLogger } from '../../issuer/recording-logger';
import { SignInApp } from '../../microservice/sign-in-app';

class Passwords extends BasicAuthentication {
  override authenticateCredentials(_name: string, _password: string, _request: Request) {
    return Promise.resolve(null);
  }
}

@JsonController('/limited')
class LimitedController {
  permissionClasses = [AllowAny];
  throttleClasses = [AnonRateThrottle];
  @Get('/') list() {
    return [];
  }
}

@JsonController('/named')
class NamedController {
  authenticationClasses = [Passwords, AccessTokenAuthentication];
  @Get('/') list() {
    return [];
  }
}

@JsonController('/free')
class FreeController {
  permissionClasses = [AllowAny];
  @Get('/') list() {
    return [];
  }
}

describe('a request with X-Forwarded-For', () => {
  const forwarded = { 'X-Forwarded-For': '203.0.113.2' };

  async function warningsAfter(path: string, headers: object, trusted?: unknown): Promise<readonly string[]> {
    const logger = new RecordingLogger();
    const controllers = [LimitedController, NamedController, FreeController];
    const api = await Api.start({ controllers, axioms: { logger, throttleRates: { anon: '100/hour' } } });
    if (trusted !== undefined) api.app.set('trust proxy', trusted);
    const send = () => api.with(null, 'get', path).set({ ...forwarded, ...headers });
    await send();
    await send();
    await api.close();
    return logger.entries
      .filter(({ level, message }) => level === 'warn' && message.includes('X-Forwarded-For'))
      .map(({ message }) => message);
  }

  for (const [what, path, headers] of [
    ['a throttle', '/limited', {}],
    ['BasicAuthentication', '/named', { Authorization: `Basic ${Buffer.from('ged:x').toString('base64')}` }],
  ] as const) {
    it(`is warned of once by ${what}, where the proxy is not trusted`, async () => {
      const [warning, ...others] = await warningsAfter(path, headers);
      expect(warning).to.include("'trust proxy' is off").and.to.include("app.set('trust proxy', 1)");
      expect(others).to.deep.equal([]);
    });

    it(`is warned of once by ${what}, where every address is trusted`, async () => {
      const [warning, ...others] = await warningsAfter(path, headers, true);
      expect(warning).to.include("'trust proxy' is true");
      expect(others).to.deep.equal([]);
    });

    it(`is no matter for ${what} where the proxies are named`, async () => {
      for (const trusted of [1, 'loopback']) expect(await warningsAfter(path, headers, trusted)).to.deep.equal([]);
    });
  }

  it('is no matter where nothing is limited by address', async () => {
    expect(await warningsAfter('/free', {})).to.deep.equal([]);
  });

  it('is warned of by a sign-in', async () => {
    const app = await new SignInApp({ store: memoryStore() }).withUsers();
    const credentials = { username: 'ged', password: 'sparrowhawk' };
    const answer = await request(app.app).post('/auth/sign-in').set(forwarded).send(credentials);
    await app.close();
    expect(answer.status).to.equal(200);
    expect(app.logger.text('warn')).to.include("'trust proxy' is off");
  });
});
