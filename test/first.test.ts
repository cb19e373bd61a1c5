import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { Api } from './api';

@JsonController('/first')
class FirstController {
  @Get('/') list() {
    return { ok: true };
  }
}

describe('a controller that says nothing', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [FirstController] });
  });
  after(() => api.close());

  it('is closed', async () => {
    const response = await api.as(null, 'get', '/first');
    expect(response.status).to.equal(401);
    expect(response.headers['www-authenticate']).to.equal('Bearer realm="api"');
  });

  it('opens to a valid token', async () => {
    expect((await api.as({}, 'get', '/first')).status).to.equal(200);
  });
});
