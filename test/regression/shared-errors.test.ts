import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { AllowAny, InsufficientScope, PermissionDenied } from 'axioms-routing-controllers';
import { Api } from '../api';

const shared = new InsufficientScope(['secret:scope']);
const frozen: PermissionDenied = Object.freeze(new PermissionDenied('Never'));

@JsonController('/challenging')
class ChallengingController {
  permissionClasses = [AllowAny];

  @Get('/shared') shared(): never {
    throw shared;
  }

  @Get('/frozen') frozen(): never {
    throw frozen;
  }
}

@JsonController('/silent')
class SilentController extends ChallengingController {
  authenticationClasses = [];
}

describe('an error that is thrown more than once', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [ChallengingController, SilentController] });
  });
  after(() => api.close());

  it('carries no challenge of the answer before', async () => {
    const first = await api.as({}, 'get', '/challenging/shared');
    expect(first.headers['www-authenticate']).to.contain('scope="secret:scope"');
    const second = await api.as({}, 'get', '/silent/shared');
    expect([second.status, second.headers['www-authenticate']]).to.deep.equal([403, undefined]);
  });

  it('may be frozen', async () => {
    const response = await api.as({}, 'get', '/challenging/frozen');
    expect(response.status).to.equal(403);
    expect(response.body).to.deep.equal({ error: 'permission_denied', error_description: 'Never' });
    expect(response.headers['cache-control']).to.equal('no-store');
  });
});
