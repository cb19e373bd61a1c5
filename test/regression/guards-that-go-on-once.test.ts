/**
 * A guard that an app called with a `next` of its own called it a second time, with the error that it had thrown. So the
 * handler in it ran twice: a payment was made twice.
 */
import { once } from 'node:events';
import { get, type Server } from 'node:http';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import {
  ApiController,
  IsAuthenticated,
  requireAccessToken,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from 'axioms-routing-controllers/testing';

@JsonController('/other')
class OtherController extends ApiController {
  override permissionClasses = [IsAuthenticated];

  @Get('/')
  show() {
    return {};
  }
}

type Handler = (response: Response, goOn: NextFunction) => void;

const handlers: Readonly<Record<string, Handler>> = {
  'answers and throws': response => {
    response.end('paid');
    throw new Error('after the answer');
  },
  'begins an answer and throws': response => {
    response.write('part');
    throw new Error('in the answer');
  },
  throws: () => {
    throw new Error('before the answer');
  },
  'passes the request on and throws': (_, goOn) => {
    goOn();
    throw new Error('behind the handler');
  },
};

const ordinary: RequestHandler = (_request, _response, next) => {
  next();
};

describe('regression: a guard calls next once', () => {
  let issuer: TestIssuer;
  const servers: Server[] = [];
  before(async () => (issuer = await new TestIssuer().listen()));
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  after(() => issuer.close());

  async function listening(app: Express): Promise<Server> {
    const server = app.listen(0, '127.0.0.1');
    server.once('close', () => {
      (app.locals.axioms as AxiomsServer).close();
    });
    servers.push(server);
    await once(server, 'listening');
    return server;
  }

  async function callsOf(guard: RequestHandler, handler: Handler, defaultErrorHandler: boolean) {
    const app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger: silent };
    useExpressServer(app, { controllers: [OtherController], axioms, defaultErrorHandler });
    let calls = 0;
    app.get(
      '/',
      (request: Request, response: Response, next: NextFunction) => {
        void guard(request, response, () => {
          calls++;
          handler(response, next);
        });
      },
      (_request: Request, response: Response) => setTimeout(() => response.headersSent || response.end('late'), 20),
    );
    const answer = await answerOf(await listening(app), issuer.token({ sub: 'ann' }));
    return { calls, answer };
  }

  for (const defaultErrorHandler of [true, false])
    for (const [name, handler] of Object.entries(handlers))
      it(`and answers as behind an ordinary middleware, where it ${name} (defaultErrorHandler: ${defaultErrorHandler})`, async () => {
        const expected = await callsOf(ordinary, handler, defaultErrorHandler);
        expect(await callsOf(requireAccessToken(), handler, defaultErrorHandler)).to.deep.equal(expected);
        expect(expected.calls).to.equal(1);
      });

  it('that throws the refusal with which it is called', async () => {
    let calls = 0;
    const app = express().set('env', 'test');
    const axioms = { ...issuer.settings(), logger: silent };
    useExpressServer(app, { controllers: [OtherController], axioms, defaultErrorHandler: false });
    app.get('/', (request: Request, response: Response) => {
      void requireAccessToken()(request, response, error => {
        calls++;
        throw error;
      });
    });
    expect(await answerOf(await listening(app), 'no token')).to.equal('500 complete');
    expect(calls).to.equal(1);
  });
});

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Returns the status of a complete response. How much of another one arrives is a matter of time. */
function answerOf(server: Server, token: string): Promise<string> {
  const { port } = server.address() as { readonly port: number };
  return new Promise(resolve => {
    get({ port, headers: { authorization: `Bearer ${token}` } }, response => {
      response.resume().on('error', () => undefined);
      response.on('close', () => {
        resolve(response.complete ? `${response.statusCode} complete` : 'cut off');
      });
    }).on('error', () => {
      resolve('cut off');
    });
  });
}
