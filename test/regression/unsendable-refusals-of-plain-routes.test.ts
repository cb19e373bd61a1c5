/**
 * A refusal of `requireAccessToken()` that could not be sent ended the process, and its request hung: a middleware's own method of
 * the response threw, or the error was none that can be written.
 */
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { Get, JsonController } from 'routing-controllers';
import request from 'supertest';
import {
  APIException,
  AllowAny,
  axiomsErrorHandler,
  BasePermission,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

class NoObject extends BasePermission {
  override async hasObjectPermission(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

@JsonController('/objects')
class ObjectController {
  authenticationClasses = [];
  permissionClasses = [AllowAny, NoObject];
  declare response: Response;
  declare checkObjectPermissions: (object: unknown) => Promise<void>;

  @Get('/:id') show() {
    this.response.setHeader('X-Secret', 'yes');
    this.response.setHeader = failing;
    void this.checkObjectPermissions({});
    return new Promise(() => undefined);
  }
}

function failing(): never {
  throw new Error('A middleware of the response is broken');
}

const broken: Readonly<Record<string, (response: Response) => void>> = {
  end: response => (response.end = failing),
  setHeader: response => (response.setHeader = failing),
  writeHead: response => (response.writeHead = failing),
};

const errors: Readonly<Record<string, () => unknown>> = {
  'whose status is no status': () => Object.assign(new APIException(), { httpCode: 9999 }),
  'whose status ends no exchange': () => Object.assign(new APIException(), { httpCode: 102 }),
  'whose field cannot be sent': () => new APIException('no', { headers: { 'X-Reason': 'two\nlines' } }),
  'whose body cannot be made': () => Object.assign(new APIException(), { toJSON: failing }),
};

/** Calls the guard with a `next` of its own, which throws. */
function throwing(guard: RequestHandler, error: unknown): RequestHandler {
  return (asked: Request, response: Response, _next: NextFunction) =>
    guard(asked, response, () => {
      throw error;
    });
}

// Where the app answers errors, its error middleware would have to close the connection.
for (const [defaultErrorHandler, names] of [
  [true, Object.keys(broken)],
  [false, ['setHeader']],
] as const)
  describe(`regression: unsendable refusals of plain routes, with defaultErrorHandler: ${defaultErrorHandler}`, () => {
    forbidStrayErrors();
    let issuer: TestIssuer;
    let app: Express;
    let server: Server;

    before(async () => {
      issuer = await TestIssuer.start();
      app = express();
      for (const [name, change] of Object.entries(broken))
        app.use(`/${name}`, (_asked, response, next) => {
          change(response);
          next();
        });
      useExpressServer(app, { controllers: [ObjectController], axioms: issuer.settings(), defaultErrorHandler });
      for (const name of Object.keys(broken)) app.get(`/${name}`, requireAccessToken());
      Object.values(errors).forEach((make, index) => {
        app.get(`/errors/${index}`, throwing(requireAccessToken(), make()));
        app.get(`/thrown/${index}`, () => {
          throw make();
        });
      });
      app.use(axiomsErrorHandler);
      server = createServer(app).listen(0, '127.0.0.1');
    });
    after(async () => {
      server.close();
      (app.locals.axioms as AxiomsServer).close();
      await issuer.close();
    });

    for (const name of names)
      it(`closes the connection where ${name}() throws`, async () => {
        const failure = await failureOf(request(server).get(`/${name}`));
        expect(failure).to.have.property('code', 'ECONNRESET');
      });

    it('closes the connection of a refused object where setHeader() throws', async () => {
      const failure = await failureOf(request(server).get('/objects/7'));
      expect(failure).to.have.property('code', 'ECONNRESET');
    });

    Object.keys(errors).forEach((what, index) => {
      it(`does not hang for an error ${what}`, async () => {
        const asked = request(server)
          .get(`/errors/${index}`)
          .set('Authorization', `Bearer ${issuer.token({})}`);
        const answered = await asked.then(
          ({ status }) => status,
          () => 'closed',
        );
        // As behind an ordinary middleware: the `next` that threw is not called again.
        expect(answered).to.equal(500);
      });
    });

    it('answers 500 to an error of a plain route whose status ends no exchange', async () => {
      const { status } = await request(server).get('/thrown/1');
      expect(status).to.equal(500);
    });
  });

async function failureOf(asked: PromiseLike<unknown>): Promise<unknown> {
  return asked.then(
    () => undefined,
    (error: unknown) => error,
  );
}
