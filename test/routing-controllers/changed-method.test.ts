import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type Response } from 'express';
import type {} from 'multer';
import {
  All,
  CurrentUser,
  Get,
  JsonController,
  Post,
  Put,
  UploadedFile,
  UseBefore,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  BasePermission,
  IsSubOwnerOrSafeOnly,
  requireAccessToken,
  useExpressServer,
  type ApiView,
  type AxiomsServer,
  type AxiomsServerOptions,
} from 'axioms-routing-controllers';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { expectExactRefusal, permissionDenied, type Refusal } from '../refusals';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

// As the package method-override does it.
function override(request: Request, _response: Response, next: NextFunction): void {
  const method = request.get('X-HTTP-Method-Override');
  if (method !== undefined) request.method = method.toUpperCase();
  next();
}

class Override implements ExpressMiddlewareInterface {
  use(request: Request, response: Response, next: NextFunction): void {
    override(request, response, next);
  }
}

class Asked extends BasePermission {
  override hasPermission({ method }: Request): boolean {
    ran.push(`rule of ${method}`);
    return method !== 'DELETE';
  }
}

@JsonController('/changed')
class ChangedController {
  permissionClasses = [AllowAny, Asked];
  declare request: ApiView['request'];

  @Post('/function') @UseBefore(override) byFunction() {
    return this.handled();
  }
  @Post('/class') @UseBefore(Override) byClass() {
    return this.handled();
  }
  @Get('/get') @UseBefore(override) get() {
    return this.handled();
  }
  @All('/all') @UseBefore(override) all() {
    return this.handled();
  }
  @Post('/nested') @UseBefore(override, requireAccessToken()) nested() {
    return this.handled();
  }
  @Post('/checked') checked(@CurrentUser() _user: unknown) {
    return this.handled();
  }
  @Post('/uploaded')
  uploaded(@UploadedFile('file', { options: { fileFilter: overrideFile } }) _file: unknown) {
    return this.handled();
  }

  private handled() {
    ran.push('handler');
    return { method: this.request.method };
  }
}

function overrideFile(request: Request, _file: unknown, accept: (error: null, isTaken: boolean) => void): void {
  override(request, undefined as unknown as Response, () => undefined);
  accept(null, true);
}

@JsonController('/owned')
class OwnedController {
  permissionClasses = [IsSubOwnerOrSafeOnly];
  declare request: ApiView['request'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Put('/:id') async update() {
    this.request.method = 'GET';
    await this.checkObjectPermissions({ user: this.request.params.id });
    ran.push(`handler, which sees ${this.request.method}`);
    return {};
  }
}

// Decided per request, so that it is asked after the body, and behind a rule that waits.
class Awaited extends BasePermission {
  override async hasPermission(request: Request): Promise<boolean> {
    await Promise.resolve();
    override(request, undefined as unknown as Response, () => undefined);
    return true;
  }
}

@JsonController('/asked')
class AskedController {
  permissionClasses = [Awaited, Asked];
  declare request: ApiView['request'];

  @All('/all') all() {
    ran.push('handler');
    return {};
  }
  @Get('/get') get() {
    ran.push('handler');
    return {};
  }
}

class AwaitedObject extends BasePermission {
  override async hasObjectPermission(): Promise<boolean> {
    await Promise.resolve();
    return true;
  }
}

@JsonController('/meanwhile')
class MeanwhileController {
  permissionClasses = [AwaitedObject, IsSubOwnerOrSafeOnly];
  declare request: ApiView['request'];
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];

  @Put('/caught/:id') async caught() {
    await this.check().catch(() => undefined);
    ran.push('handler');
    return {};
  }
  @Put('/:id') async update() {
    await this.check();
    ran.push('handler');
    return {};
  }

  private async check(): Promise<void> {
    const checked = this.checkObjectPermissions({ user: 'somebody else' });
    this.request.method = 'GET';
    await checked;
  }
}

const changed: Refusal = {
  status: 400,
  error: 'invalid_request',
  description: "The request's method was changed while it was handled",
};

describe('a method that is changed while the request is handled', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let issuer: TestIssuer;
  before(async () => {
    issuer = await TestIssuer.start();
  });
  beforeEach(() => {
    ran.length = logger.entries.length = 0;
  });
  after(() => issuer.close());

  async function served(
    use: (app: express.Express) => Promise<void>,
    { prepare, ...options }: Partial<AxiomsServerOptions> & { prepare?: (app: express.Express) => void } = {},
  ): Promise<void> {
    const app = express();
    prepare?.(app);
    const controllers = [ChangedController, OwnedController, AskedController, MeanwhileController];
    useExpressServer(app, { controllers, axioms: { ...issuer.settings(), logger }, ...options });
    try {
      await use(app);
    } finally {
      (app.locals.axioms as AxiomsServer).close();
    }
  }

  const sent = (app: express.Express, method: 'get' | 'head' | 'post' | 'put', path: string, to?: string) => {
    const test = request(app)[method](path).set('Authorization', `Bearer ${issuer.token()}`);
    return to === undefined ? test : test.set('X-HTTP-Method-Override', to);
  };

  for (const [method, path, to] of [
    ['post', '/changed/function', 'GET'],
    ['post', '/changed/function', 'DELETE'],
    ['post', '/changed/function', 'post-haste'],
    ['post', '/changed/class', 'GET'],
    ['get', '/changed/get', 'HEAD'],
    ['get', '/changed/get', 'POST'],
    ['post', '/changed/all', 'PUT'],
    ['post', '/changed/nested', 'GET'],
  ] as const)
    it(`is refused, and no handler runs, for ${method.toUpperCase()} ${path} as ${to}`, () =>
      served(async app => {
        expectExactRefusal(await sent(app, method, path, to), changed);
        expect(ran.filter(one => one !== 'rule of GET' || path !== '/changed/nested')).to.deep.equal([]);
        expect(logger.text('warn')).to.include(`"admitted":"${method.toUpperCase()}"`).and.not.to.include('HASTE');
        expect(logger.text('debug')).to.include("The request's method was changed");
      }));

  it('is refused for HEAD, which is still HEAD for the middleware', () =>
    served(async app => {
      const response = await sent(app, 'head', '/changed/get', 'GET');
      expect([response.status, ran]).to.deep.equal([400, []]);
    }));

  it('warns once a route, however often it happens', () =>
    served(async app => {
      for (let turn = 0; turn < 3; turn++) await sent(app, 'post', '/changed/function', 'GET');
      await sent(app, 'post', '/changed/class', 'GET');
      expect(logger.entries.filter(({ message }) => message.includes('changed the method'))).to.have.length(2);
    }));

  it('is refused where a checker of the app or an upload changes it, before the handler', () =>
    served(
      async app => {
        expectExactRefusal(await sent(app, 'post', '/changed/checked', 'GET'), changed);
        const upload = sent(app, 'post', '/changed/uploaded', 'GET').attach('file', Buffer.from('x'), 'x.txt');
        expectExactRefusal(await upload, changed);
        expect(ran).to.deep.equal(['rule of POST', 'rule of POST']);
      },
      {
        currentUserChecker: ({ request: received, response }) => {
          override(received as Request, response as Response, () => undefined);
          return {};
        },
      },
    ));

  for (const isObserved of [false, true])
    describe(`while rules are checked${isObserved ? ', and somebody listens to decisions' : ''}`, () => {
      const listener = (): undefined => undefined;
      before(() => {
        if (isObserved) subscribe('axioms:decision', listener);
      });
      after(() => unsubscribe('axioms:decision', listener));

      for (const [method, path, to] of [
        ['post', '/asked/all', 'GET'],
        ['get', '/asked/get', 'HEAD'],
        ['get', '/asked/get', 'POST'],
      ] as const)
        it(`is refused for ${method.toUpperCase()} ${path}, which a rule changes to ${to}`, () =>
          served(async app => {
            expectExactRefusal(await sent(app, method, path, to), changed);
            expect(ran).to.deep.equal([`rule of ${to}`]);
            expect(logger.text('warn')).to.include(`"admitted":"${method.toUpperCase()}"`);
          }));

      for (const to of ['HEAD', 'OPTIONS'])
        it(`is refused for HEAD of a GET handler, which a rule changes to ${to}`, () =>
          served(async app => {
            const response = await sent(app, 'head', '/asked/get', to);
            expect([response.status, ran]).to.deep.equal([400, [`rule of ${to}`]]);
          }));

      it('refuses the check of an object during which the handler changes it', () =>
        served(async app => {
          expectExactRefusal(await sent(app, 'put', '/meanwhile/1'), changed);
          expect(ran).to.deep.equal([]);
        }));

      it('holds the answer of a handler that catches this refusal, because the object was not checked', () =>
        served(async app => {
          const { status, text } = await sent(app, 'put', '/meanwhile/caught/1');
          expect([status, JSON.parse(text)]).to.deep.equal([
            500,
            { error: 'server_error', error_description: 'The server could not handle the request' },
          ]);
        }));
    });

  it("reaches the app's own error middleware with defaultErrorHandler: false", () =>
    served(
      async app => {
        app.use((error: { httpCode: number; toJSON(): object }, _: Request, response: Response, __: NextFunction) => {
          response.status(error.httpCode).json({ own: error.toJSON() });
        });
        const { status, text } = await sent(app, 'post', '/changed/function', 'GET');
        expect([status, JSON.parse(text)]).to.deep.equal([
          400,
          { own: { error: changed.error, error_description: changed.description } },
        ]);
      },
      { defaultErrorHandler: false },
    ));

  it('is served as it is where it stays the same, or is changed in front of the server', async () => {
    await served(async app => {
      expect((await sent(app, 'post', '/changed/function')).body).to.deep.equal({ method: 'POST' });
      expect((await sent(app, 'post', '/changed/function', 'post')).body).to.deep.equal({ method: 'POST' });
      expect((await sent(app, 'head', '/changed/get')).status).to.equal(200);
    });
    ran.length = 0;
    await served(
      async app => {
        expect((await sent(app, 'post', '/changed/get', 'GET')).body).to.deep.equal({ method: 'GET' });
        expectExactRefusal(await sent(app, 'post', '/changed/all', 'DELETE'), permissionDenied);
        expect(ran).to.deep.equal(['rule of GET', 'handler', 'rule of DELETE']);
      },
      { prepare: app => app.use(override) },
    );
  });

  it('begins a new visit between two guarded routes', () =>
    served(
      async app => {
        expect((await sent(app, 'post', '/changed/get', 'GET')).body).to.deep.equal({ method: 'GET' });
        expectExactRefusal(await sent(app, 'post', '/changed/all', 'DELETE'), permissionDenied);
      },
      { prepare: app => app.use(requireAccessToken(), override) },
    ));

  it('by the handler itself changes no rule: those of the admitted method are checked', () =>
    served(async app => {
      expectExactRefusal(await sent(app, 'put', '/owned/bob'), permissionDenied);
      expect((await sent(app, 'put', '/owned/alice')).status).to.equal(200);
      expect(ran).to.deep.equal(['handler, which sees GET']);
    }));
});
