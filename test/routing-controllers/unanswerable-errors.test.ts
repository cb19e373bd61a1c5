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

describe('an error that cannot be answered', () => {
  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    const controllers = [UnanswerableController];
    api = await Api.start({ controllers, axioms: { logger } });
  });
  after(() => api.close());

  it('is a whole 500, which no cache keeps', async () => {
    expectExactRefusal(await api.as({}, 'get', '/unanswerable'), {
      status: 500,
      error: 'server_error',
      description: 'The server could not handle the request',
    });
    expect(ran).to.deep.equal([]);
    expect(logger.text('error')).to.include('cannot be answered');
  });
});
