/**
 * A middleware may delay the end of responses, as express-session does until its store has saved. What a refused handler wrote
 * meanwhile got into the body of the refusal: a caller who may not see an object was sent it with the 403.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import session from 'express-session';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  AllowAny,
  ApiController,
  BasePermission,
  NotFound,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

const secret = 'SECRET';

class NoObject extends BasePermission {
  override async hasObjectPermission(): Promise<boolean> {
    await wait(5);
    return false;
  }
}

@JsonController('/articles')
class ArticleController extends ApiController {
  override authenticationClasses = [];
  override permissionClasses = [AllowAny, NoObject];

  // The handler goes on while the refusal waits for the middleware.
  private async writeLater(write: (text: string) => unknown = text => this.response.write(text)) {
    await wait(15);
    this.response.set('X-Secret', secret);
    write(secret);
    return this.response;
  }

  @Get('/:id/method') method() {
    void this.checkObjectPermissions({});
    return this.writeLater();
  }

  @Get('/:id/status') status() {
    void this.checkObjectPermissions({});
    return this.writeLater(text => this.response.status(201).write(text));
  }

  @Get('/:id/kept-before') keptBefore() {
    const write = this.response.write.bind(this.response);
    void this.checkObjectPermissions({});
    return this.writeLater(write);
  }

  @Get('/:id/kept') kept() {
    void this.checkObjectPermissions({});
    return this.writeLater(this.response.write.bind(this.response));
  }

  @Get('/:id/patched') async patched() {
    const end = this.response.end.bind(this.response) as (...given: unknown[]) => Response;
    this.response.end = (...given: unknown[]) => {
      setTimeout(() => end(...given), 10);
      return this.response;
    };
    void this.checkObjectPermissions({});
    this.response.json({ secret });
    return Promise.resolve(this.response);
  }

  @Get('/:id/awaited') async awaited() {
    void this.writeLater();
    await this.checkObjectPermissions({});
  }

  @Get('/:id/answered') answered() {
    setTimeout(() => void this.checkObjectPermissions({}), 1);
    void this.writeLater();
    this.response.end(secret);
  }

  @Get('/:id/missing') async missing() {
    void this.writeLater();
    await wait(5);
    throw new NotFound();
  }
}

/** Delays what it saves. */
class SlowStore extends session.MemoryStore {
  override set(...given: Parameters<session.MemoryStore['set']>): void {
    setTimeout(() => {
      super.set(...given);
    }, 30);
  }
}

function delayingEnd(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as (...given: unknown[]) => Response;
  response.end = (...given: unknown[]) => {
    setTimeout(() => end(...given), 30);
    return response;
  };
  next();
}

const middlewares = {
  'express-session': session({ secret: 'a secret', resave: false, saveUninitialized: true, store: new SlowStore() }),
  'a middleware that calls end() later': delayingEnd,
  'no middleware': (_request: Request, _response: Response, next: NextFunction) => {
    next();
  },
};

for (const [what, middleware] of Object.entries(middlewares))
  describe(`regression: refusals that are delayed by ${what}`, () => {
    forbidStrayErrors();
    let issuer: TestIssuer;
    let app: Express;

    before(async () => {
      issuer = await TestIssuer.start();
      app = express().use(middleware);
      useExpressServer(app, { controllers: [ArticleController], axioms: issuer.settings() });
    });
    after(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

    for (const slip of ['method', 'status', 'kept-before', 'kept', 'patched', 'awaited'])
      it(`have nothing of what the handler writes meanwhile: ${slip}`, async () => {
        const { status, text, headers } = await request(app).get(`/articles/7/${slip}`);
        expect(status).to.equal(403);
        expect(JSON.parse(text)).to.have.property('error', 'permission_denied');
        expect(headers).not.to.have.property('x-secret');
      });

    it('are sent once, where a check refuses after the answer has been refused', async () => {
      const { status, text } = await request(app).get('/articles/7/answered');
      expect(status).to.equal(500);
      expect(JSON.parse(text)).to.have.property('error', 'server_error');
    });

    it('holds for another error of a handler whose object no rule has seen, too', async () => {
      const { status, text } = await request(app).get('/articles/7/missing');
      expect(status).to.equal(404);
      expect(JSON.parse(text)).to.have.property('error', 'not_found');
    });
  });
