import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { BaseAuthentication, IsAuthenticated } from 'axioms-routing-controllers';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectExactRefusal } from '../refusals';

class Broken extends BaseAuthentication {
  authenticate() {
    return null;
  }
  override authenticateHeader(): string {
    throw new Error('secret');
  }
}

const ran: string[] = [];

@JsonController('/unanswerable')
class UnanswerableController {
  permissionClasses = [IsAuthenticated];
  get authenticationClasses() {
    return [Broken];
  }
  @Get('/') list() {
    ran.push('list');
    return [];
  }
}

@JsonController('/unreadable')
class UnreadableController {
  @Get('/') list() {
    const error = new Error();
    throw Object.defineProperty(error, 'message', {
      get: () => {
        throw new Error('secret');
      },
    });
  }
}

describe('an error that cannot be answered', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    const controllers = [UnanswerableController, UnreadableController];
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  for (const path of ['/unanswerable', '/unreadable'])
    it(`is a whole 500, which no cache keeps: ${path}`, async () => {
      expectExactRefusal(await api.as({}, 'get', path), {
        status: 500,
        error: 'server_error',
        description: 'The server could not handle the request',
      });
      expect(ran).to.deep.equal([]);
      expect(logger.text('error')).to.include('cannot be answered');
    });
});
