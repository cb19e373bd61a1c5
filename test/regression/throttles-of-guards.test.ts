/** Fault: requireAccessToken() in @UseBefore counted the default throttles, although the controller's lists decide. */
import { expect } from 'chai';
import type { NextFunction, Request, Response } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import type { Response as Answer } from 'supertest';
import { requireAccessToken } from 'axioms-routing-controllers';
import { UserRateThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';

let handled = 0;

function byMiddleware(given: Request, response: Response, next: NextFunction): void {
  requireAccessToken()(given, response, next);
}

class Counted {
  @Get('/') list() {
    handled += 1;
    return {};
  }
  @Get('/guarded') @UseBefore(requireAccessToken()) guarded() {
    return this.list();
  }
  @Get('/wrapped') @UseBefore(byMiddleware) wrapped() {
    return this.list();
  }
}

@JsonController('/by-default')
class DefaultController extends Counted {}

@JsonController('/unlimited')
class UnlimitedController extends Counted {
  throttleClasses = [];
}

describe('a request that requireAccessToken() has let through', () => {
  let api: Api;
  beforeEach(async () => {
    handled = 0;
    api = await Api.start({
      controllers: [DefaultController, UnlimitedController],
      axioms: { defaultThrottleClasses: [UserRateThrottle], throttleRates: { user: '4/hour' } },
    });
  });
  afterEach(() => api.close());

  async function statuses(path: string): Promise<readonly number[]> {
    const answers: Answer[] = [];
    for (let times = 0; times < 5; times += 1) answers.push(await api.as({ sub: 'alice' }, 'get', path));
    return answers.map(({ status }) => status);
  }

  for (const path of ['/by-default', '/by-default/guarded', '/by-default/wrapped'])
    it(`counts once at ${path}`, async () => {
      expect(await statuses(path)).to.deep.equal([200, 200, 200, 200, 429]);
      expect(handled).to.equal(4);
    });

  for (const path of ['/unlimited', '/unlimited/guarded', '/unlimited/wrapped'])
    it(`is not counted at ${path}, whose controller has an empty list`, async () => {
      expect(await statuses(path)).to.deep.equal([200, 200, 200, 200, 200]);
      expect(handled).to.equal(5);
    });

  it('counts at a plain route by the default throttles', async () => {
    api.app.get('/plain', requireAccessToken(), (_given, response) => void response.json({}));
    expect(await statuses('/plain')).to.deep.equal([200, 200, 200, 200, 429]);
  });
});
