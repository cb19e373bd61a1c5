/**
 * A middleware that delays the end of responses goes on with it later: it sets header fields, and calls the method that it has
 * put back. Both were ignored as if the refused handler had called them, so that the client waited forever or could not read
 * the answer. Where the app answers errors itself, what the handler wrote meanwhile was sent in place of the refusal.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { gzip } from 'node:zlib';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
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
  override objectActions = ['missing', 'refused', 'written', 'ended'];

  @Get('/:id/missing') missing() {
    return Promise.reject(new NotFound());
  }

  @Get('/:id/refused') async refused() {
    await this.checkObjectPermissions({});
    return { secret };
  }

  @Get('/:id/written') async written() {
    void this.checkObjectPermissions({});
    await wait(15);
    this.response.set('X-Secret', secret);
    this.response.write(secret);
    return this.response;
  }

  @Get('/:id/ended') async ended() {
    void this.checkObjectPermissions({});
    await wait(15);
    return this.response.status(404).end(secret);
  }
}

type End = (...given: unknown[]) => Response;

function puttingBack(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as End;
  response.end = (...given: unknown[]) => {
    response.end = end;
    void wait(30).then(() => (response.end as End)(...given));
    return response;
  };
  next();
}

/** Calls back where the asynchronous context of the request is lost, as a pool of connections does. */
class Pool {
  readonly #waiting: (() => void)[] = [];
  readonly #timer = setInterval(() => this.#waiting.shift()?.(), 5);

  later(run: () => void): void {
    this.#waiting.push(run);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

let pool: Pool | undefined;
before(() => (pool = new Pool()));
after(() => pool?.close());

function pooling(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as End;
  response.end = (...given: unknown[]) => {
    response.end = end;
    setTimeout(() => pool?.later(() => (response.end as End)(...given)), 30);
    return response;
  };
  next();
}

function compressing(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as End;
  response.end = (text: unknown) => {
    gzip(String(text), (_error, bytes) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.setHeader('Content-Length', bytes.length);
      end(bytes);
    });
    return response;
  };
  next();
}

function measuring(_request: Request, response: Response, next: NextFunction): void {
  const end = response.end.bind(response) as End;
  response.end = (...given: unknown[]) => {
    setTimeout(() => {
      if (!response.headersSent) response.setHeader('Server-Timing', 'save;dur=30');
      end(...given);
    }, 30);
    return response;
  };
  next();
}

const middlewares = {
  'puts back the method': [puttingBack, undefined, undefined],
  'puts back the method, and loses its context': [pooling, undefined, undefined],
  'compresses the body': [compressing, 'content-encoding', 'gzip'],
  'sets a field': [measuring, 'server-timing', 'save;dur=30'],
  'is not there': [
    (_request: Request, _response: Response, next: NextFunction) => {
      next();
    },
    undefined,
    undefined,
  ],
} as const;

const answering = {
  'the server': undefined,
  'the app': () => Promise.resolve(),
  'the app, later,': () => wait(40),
};

for (const [does, [middleware, name, value]] of Object.entries(middlewares))
  for (const [who, until] of Object.entries(answering))
    describe(`regression: where a middleware that delays ends ${does} and ${who} answers errors`, () => {
      forbidStrayErrors();
      let issuer: TestIssuer;
      let app: Express;

      before(async () => {
        issuer = await TestIssuer.start();
        app = express().use(middleware);
        const options = { controllers: [ArticleController], axioms: issuer.settings() };
        useExpressServer(app, until === undefined ? options : { ...options, defaultErrorHandler: false });
        if (until === undefined) return;
        app.use(({ httpCode, code }: NotFound, _request: Request, response: Response, _next: NextFunction) => {
          response.status(httpCode);
          void until().then(() => response.json({ error: code }));
        });
      });
      after(async () => {
        (app.locals.axioms as AxiomsServer).close();
        await issuer.close();
      });

      for (const [slip, status, error] of [
        ['missing', 404, 'not_found'],
        ['refused', 403, 'permission_denied'],
        ['written', 403, 'permission_denied'],
        ['ended', 403, 'permission_denied'],
      ] as const)
        it(`the whole refusal arrives, and nothing else: ${slip}`, async () => {
          const answer = await request(app).get(`/articles/7/${slip}`).timeout(2000);
          expect(answer.status).to.equal(status);
          expect(JSON.parse(answer.text)).to.have.property('error', error);
          expect(answer.headers).not.to.have.property('x-secret');
          if (name !== undefined) expect(answer.headers).to.have.property(name, value);
        });
    });
