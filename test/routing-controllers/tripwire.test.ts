import { expect } from 'chai';
import express, { type Express } from 'express';
import request from 'supertest';
import {
  Get,
  JsonController,
  createExpressServer as stockServer,
  useContainer,
  useExpressServer as useStockServer,
} from 'routing-controllers';
import { Container, Service } from 'typedi';
import {
  ApiController,
  HasAccessTokenScopes,
  createExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from './stray-errors';

@JsonController('/listed')
class ListedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['listed'];

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/scoped')
class ScopedController {
  get accessTokenAllScopes() {
    return ['scoped'];
  }

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/throttled')
class ThrottledController {
  throttleClasses = [];

  @Get('/')
  list() {
    return { ok: true };
  }
}

@JsonController('/inheriting')
class InheritingController extends ListedController {}

@JsonController('/based')
class BasedController extends ApiController {
  @Get('/')
  list() {
    return { ok: true };
  }
}

@Service()
class Later {
  readonly name = 'later';
}

@JsonController('/undecided')
class UndecidedController {
  permissionClasses = [HasAccessTokenScopes];
  accessTokenScopes = ['undecided'];
  readonly name: string;

  constructor(later: Later) {
    this.name = later.name;
  }

  @Get('/')
  list() {
    return { name: this.name };
  }
}

let made = 0;

@JsonController('/plain')
class PlainController {
  constructor() {
    made += 1;
  }

  @Get('/')
  list() {
    return { ok: true };
  }
}

describe("routing-controllers' own server", () => {
  forbidStrayErrors();

  const marked = [ListedController, ScopedController, ThrottledController, InheritingController, BasedController];

  for (const controller of marked)
    it(`refuses to start with ${controller.name}, whose rules it would not obey`, () => {
      const refusal = new RegExp(`${controller.name}.*axioms-routing-controllers`);
      expect(() => stockServer({ controllers: [controller] }) as Express).to.throw(refusal);
      expect(() => useStockServer(express(), { controllers: [PlainController, controller] })).to.throw(refusal);
    });

  it('refuses each request to such a controller that could not be made at start', async () => {
    const app = express().set('env', 'test');
    useStockServer(app, { controllers: [UndecidedController] });
    useContainer(Container);
    try {
      Container.set({ id: UndecidedController, type: UndecidedController });
      const response = await request(app).get('/undecided');
      expect(response.status).to.equal(500);
      expect(response.text).not.to.contain('later');
    } finally {
      useContainer(undefined as unknown as typeof Container);
    }
  });

  it('serves other controllers as ever', async () => {
    made = 0;
    const app = stockServer({ controllers: [PlainController] }) as Express;
    for (let turn = 0; turn < 3; turn++) expect((await request(app).get('/plain')).body).to.deep.equal({ ok: true });
    expect(made).to.equal(1);
  });

  it('takes nothing from ours', async () => {
    const issuer = await TestIssuer.start();
    const app = createExpressServer({ controllers: [...marked, PlainController], axioms: issuer.settings() });
    stockServer({ controllers: [PlainController] });
    expect((await request(app).get('/listed')).status).to.equal(401);
    const get = (path: string) =>
      request(app)
        .get(path)
        .set('Authorization', `Bearer ${issuer.token({ scope: 'listed' })}`);
    expect((await get('/listed')).status).to.equal(200);
    expect((await get('/plain')).status).to.equal(200);
    expect((await request(app).get('/plain')).status).to.equal(401);
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });
});
