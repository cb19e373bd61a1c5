import type { Request } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  AllowAny,
  BaseAuthentication,
  DenyAll,
  ImproperlyConfigured,
  NotFound,
  type AuthenticationResult,
} from 'axioms-routing-controllers';
import { defineSettings } from '../../src/core/settings/define-settings';
import { answer, type Answer } from '../../src/views/exception-handler';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectRefusal } from '../refusals';

describe("A server's own fault", () => {
  let asked = 0;
  class Ticket extends BaseAuthentication {
    override authenticate(): AuthenticationResult | null {
      return null;
    }
    override authenticateHeader(): string {
      asked += 1;
      return 'Ticket';
    }
  }

  @JsonController('/faulty')
  class FaultyController {
    authenticationClasses = [Ticket];
    permissionClasses = [AllowAny];

    @Get('/') list(): never {
      throw new ImproperlyConfigured('The office has no door');
    }
  }

  @JsonController('/closed')
  class ClosedController {
    authenticationClasses = [Ticket];
    permissionClasses = [DenyAll];

    @Get('/') list() {
      return [];
    }
  }

  @JsonController('/missing')
  class MissingController extends FaultyController {
    @Get('/') override list(): never {
      throw new NotFound();
    }
  }

  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [FaultyController, MissingController, ClosedController] });
  });
  after(() => api.close());

  it('has no challenge, and no authentication class is asked for one', async () => {
    asked = 0;
    expectRefusal(await api.as(null, 'get', '/faulty'), 'server_error');
    expect(asked).to.equal(0);
  });

  it('is not the only answer without a challenge: no class is asked for a 404 either', async () => {
    asked = 0;
    const response = await api.as(null, 'get', '/missing');
    expect([response.status, response.headers['www-authenticate']]).to.deep.equal([404, undefined]);
    expect(asked).to.equal(0);
    expect((await api.as(null, 'get', '/closed')).headers['www-authenticate']).to.equal('Ticket');
    expect(asked).to.equal(1);
  });
});

describe('the log of an answer', () => {
  function logged(error: Answer): unknown {
    const logger = new RecordingLogger();
    const request = { method: 'GET', path: '/books' } as Request;
    answer(error, request, defineSettings({ audience: 'api', domain: 'auth.example.com', logger }));
    expect(logger.entries).to.have.length(1);
    return logger.entries[0]?.data;
  }

  it('tells a cause where there is one, of what is no error its type alone', () => {
    const refused = { place: 'GET /books', status: 404, error: 'not_found', reason: new NotFound().message };
    expect(logged(new NotFound())).to.deep.equal(refused);
    const cause = Object.assign(new RangeError('too far'), { claims: { sub: 'alice' } });
    expect(logged(new NotFound(undefined, { cause }))).to.deep.equal({ ...refused, cause: cause.stack });
    expect(logged(new NotFound(undefined, { cause: { sub: 'alice' } }))).to.deep.equal({ ...refused, cause: 'object' });
  });
});
