/** Two servers with containers of their own: middlewares and interceptors came from the container given last. */
import { expect } from 'chai';
import type { Express, NextFunction, Request, Response } from 'express';
import {
  Get,
  JsonController,
  UseAfter,
  UseBefore,
  UseInterceptor,
  useContainer,
  type Action,
  type IocAdapter,
} from 'routing-controllers';
import { Container, Service } from 'typedi';
import request from 'supertest';
import { AllowAny, createExpressServer, type AxiomsRequest, type AxiomsServer } from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { withGlobals, type GlobalClasses } from '../routing-controllers/global-classes';

const seen: string[] = [];

class Tenant {
  constructor(readonly name: string) {}
}

@Service()
class Before {
  constructor(private readonly tenant: Tenant) {}
  use(_: Request, _response: Response, next: NextFunction) {
    seen.push(`before ${this.tenant.name}`);
    next();
  }
}

@Service()
class After {
  constructor(private readonly tenant: Tenant) {}
  use(_: Request, _response: Response, next: NextFunction) {
    seen.push(`after ${this.tenant.name}`);
    next();
  }
}

@Service()
class Everywhere {
  constructor(private readonly tenant: Tenant) {}
  use(_: Request, _response: Response, next: NextFunction) {
    seen.push(`everywhere ${this.tenant.name}`);
    next();
  }
}

@Service()
class Around {
  constructor(private readonly tenant: Tenant) {}
  intercept(_: Action, result: object) {
    return { ...result, interceptor: this.tenant.name };
  }
}

@Service()
class AroundAll {
  constructor(private readonly tenant: Tenant) {}
  intercept(_: Action, result: object) {
    return { ...result, global: this.tenant.name };
  }
}

@JsonController('/tenants')
class TenantController {
  declare request: AxiomsRequest;
  permissionClasses = [AllowAny];
  constructor(private readonly tenant: Tenant) {}

  @Get('/')
  @UseBefore(Before)
  @UseAfter(After)
  @UseInterceptor(Around, (_: Action, result: object) => ({ ...result, function: true }))
  show() {
    return { controller: this.tenant.name };
  }
}

const globals = { before: [Everywhere], interceptors: [AroundAll] } as unknown as GlobalClasses;
const named = { middlewares: [Everywhere], interceptors: [AroundAll] };

describe('a server whose container is not the one that was given last', () => {
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  after(async () => {
    useContainer(undefined as unknown as IocAdapter);
    await issuer.close();
  });

  function startWith(name: string, options: object): Express {
    const container = Container.of(name);
    container.set({ id: Tenant, value: new Tenant(name) });
    useContainer(container);
    return withGlobals(globals, () =>
      createExpressServer({ ...options, controllers: [TenantController], axioms: issuer.settings() }),
    );
  }

  for (const [what, options] of Object.entries({ 'named in the options': named, 'of the whole process': {} }))
    it(`has middlewares and interceptors of its own container, with global ones ${what}`, async () => {
      const apps = ['one', 'two'].map(name => [name, startWith(name, options)] as const);
      for (const [name, app] of apps) {
        seen.length = 0;
        const response = await request(app).get('/tenants');
        expect(response.body).to.deep.equal({ controller: name, interceptor: name, function: true, global: name });
        expect(seen).to.deep.equal([`everywhere ${name}`, `before ${name}`, `after ${name}`]);
        (app.locals.axioms as AxiomsServer).close();
      }
    });
});
