import { IsInt } from 'class-validator';
import { expect } from 'chai';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type {} from 'multer';
import {
  Authorized,
  Body,
  CurrentUser,
  Get,
  HeaderParam,
  JsonController,
  Post,
  UploadedFile,
  UseBefore,
  UseInterceptor,
  createParamDecorator,
  type Action,
  type ExpressMiddlewareInterface,
} from 'routing-controllers';
import {
  AccessTokenAuthentication,
  BaseAuthentication,
  BasePermission,
  IsSubOwner,
  PermissionDenied,
  and,
  not,
  or,
  requireAccessToken,
  useExpressServer,
  type ApiView,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { withGlobals } from './global-classes';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

const ran: string[] = [];

/** Where the response is sent by hand, and how the code there goes on. */
let answering: { readonly place: string; readonly how: How } | undefined;

type How = 'goes on' | 'goes on later' | 'returns the response' | 'refuses' | 'throws a refusal';

// What one place does with the request: it notes that it ran, and may answer.
function goThrough(place: string, response: Response): unknown {
  ran.push(place);
  if (answering?.place !== place) return undefined;
  response.status(401).json({ by: place });
  return undefined;
}

async function answered<Goes>(place: string, response: Response, goesOn: Goes): Promise<Goes | Response | boolean> {
  goThrough(place, response);
  if (answering?.place !== place) return goesOn;
  const { how } = answering;
  if (how === 'goes on later') await new Promise(resolve => setImmediate(resolve));
  if (how === 'throws a refusal') throw new PermissionDenied();
  if (how === 'refuses') return false;
  return how === 'returns the response' ? response : goesOn;
}

function middleware(place: string): RequestHandler {
  return (_request, response, next) => {
    goThrough(place, response);
    if (answering?.place === place && answering.how === 'goes on later') setImmediate(next);
    else next();
  };
}

class ClassMiddleware implements ExpressMiddlewareInterface {
  async use(_request: Request, response: Response, next: NextFunction): Promise<void> {
    await answered('a class', response, undefined);
    next();
  }
}

class GlobalMiddleware implements ExpressMiddlewareInterface {
  use(request: Request, response: Response, next: NextFunction): void {
    void middleware('a global class')(request, response, next);
  }
}

const responseOf = (request: Request): Response => request.res as Response;

function permission(place: string): new () => BasePermission {
  return class extends BasePermission {
    override hasPermission(request: Request) {
      return answered(place, responseOf(request), true) as Promise<boolean>;
    }
  };
}

class First extends BaseAuthentication {
  authenticate(request: Request) {
    return answered('an authentication class', responseOf(request), null) as Promise<null>;
  }
}

class Second extends AccessTokenAuthentication {
  override authenticate(request: Request) {
    ran.push('the next authentication class');
    return super.authenticate(request);
  }
}

class Throttle extends BaseThrottle {
  allowRequest(request: Request) {
    return answered('a throttle', responseOf(request), true) as Promise<boolean>;
  }
}

class Owner extends IsSubOwner {
  override hasObjectPermission(request: Request, controller: ApiView, object: unknown) {
    ran.push('the object rule');
    return super.hasObjectPermission(request, controller, object);
  }
}

class Thing {
  @IsInt() size!: number;
}

function Parameter(): ParameterDecorator {
  return createParamDecorator({
    value: (action: Action) => goThrough('a parameter', action.response as Response),
  }) as ParameterDecorator;
}

function noteUpload(_request: unknown, _file: unknown, accept: (error: null, isTaken: boolean) => void): void {
  ran.push('the upload');
  accept(null, true);
}

const Inner = permission('an inner permission');
const Another = permission('another inner permission');

@JsonController('/answered')
@UseBefore(middleware("the class's function"), ClassMiddleware)
class AnsweredController {
  authenticationClasses = [First, Second];
  permissionClasses = [
    permission('a permission'),
    or(not(Inner), Another),
    and(permission('the last permission')),
    Owner,
  ];
  throttleClasses = [Throttle];
  objectActions = ['create', 'upload'];
  declare request: ApiView['request'];
  declare response: ApiView['response'];

  async getObject() {
    const owned = { user: 'alice' };
    return answered('getObject', this.response, owned);
  }

  @Post('/')
  @Authorized()
  @UseBefore(middleware('a function'))
  @UseInterceptor((_action: Action, content: unknown) => (ran.push('an interceptor'), content))
  create(@Parameter() _parameter: unknown, @CurrentUser() _user: unknown, @Body() _thing: Thing) {
    return this.handled();
  }

  @Post('/upload')
  @Authorized()
  upload(@UploadedFile('file', { options: { fileFilter: noteUpload } }) _file: unknown) {
    return this.handled();
  }

  private handled() {
    ran.push('the handler');
    return { by: 'the handler' };
  }
}

@JsonController('/alone')
class AloneController {
  permissionClasses = [permission('a permission')];
  @Get('/') list() {
    ran.push('the handler');
    return { by: 'the handler' };
  }
  @Get('/header') @UseBefore(sendHeader) withHeader(@HeaderParam('x') _x: string) {
    ran.push('the handler');
    return {};
  }
}

function sendHeader(_request: Request, response: Response, next: NextFunction): void {
  response.writeHead(200).flushHeaders();
  setImmediate(() => response.end('by the middleware'));
  next();
}

/** Everything that runs for a request, in this order. */
const order = [
  'a plain function',
  'a global class',
  'an authentication class',
  'the next authentication class',
  "the class's function",
  'a class',
  'a function',
  'authorizationChecker',
  'a permission',
  'an inner permission',
  'another inner permission',
  'the last permission',
  'a throttle',
  'getObject',
  'the object rule',
  'a parameter',
  'currentUserChecker',
  'the handler',
  'an interceptor',
];

const silent = ['the next authentication class', 'the object rule', 'the handler', 'an interceptor'];
const policies = [
  'an authentication class',
  'authorizationChecker',
  'a permission',
  'an inner permission',
  'another inner permission',
  'the last permission',
  'a throttle',
  'getObject',
];

function waysOf(place: string): readonly How[] {
  if (policies.includes(place))
    return ['goes on', 'goes on later', 'returns the response', 'refuses', 'throws a refusal'];
  return place === 'a parameter' ? ['goes on'] : ['goes on', 'goes on later'];
}

for (const defaultErrorHandler of [true, false])
  describe(`a response that is sent before the handler, with defaultErrorHandler: ${String(defaultErrorHandler)}`, () => {
    forbidStrayErrors();

    const logger = new RecordingLogger();
    let issuer: TestIssuer;
    let app: express.Express;
    let connection: OneConnection;
    before(async () => {
      issuer = await TestIssuer.start();
      app = express();
      app.set('env', 'test');
      app.use(middleware('a plain function'));
      withGlobals({ before: [GlobalMiddleware] }, () =>
        useExpressServer(app, {
          controllers: [AnsweredController, AloneController],
          middlewares: [GlobalMiddleware],
          defaultErrorHandler,
          authorizationChecker: async ({ response }) =>
            (await answered('authorizationChecker', response as Response, true)) as boolean,
          currentUserChecker: async ({ response }) => answered('currentUserChecker', response as Response, {}),
          axioms: { ...issuer.settings(), logger },
        }),
      );
      app.get('/plain', middleware('a function'), requireAccessToken(), (_request, response: Response) => {
        ran.push('the handler');
        response.json({});
      });
      app.use((_error: unknown, _request: Request, response: Response, next: NextFunction) => {
        ran.push('the error middleware');
        if (response.headersSent) next();
        else response.status(599).end();
      });
      connection = await OneConnection.open(app);
    });
    beforeEach(() => {
      ran.length = logger.entries.length = 0;
      answering = undefined;
    });
    after(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await connection.close();
      await issuer.close();
    });

    const headers = () => ({ Authorization: `Bearer ${issuer.token()}`, 'Content-Type': 'application/json' });
    const send = () => connection.send('/answered', { method: 'POST', headers: headers(), body: '{"size":1}' });

    it('is not assumed where nothing answers: everything runs, in this order', async () => {
      expect((await send()).text).to.equal('{"by":"the handler"}');
      expect(ran).to.deep.equal(order);
    });

    for (const place of order.filter(one => !silent.includes(one)))
      for (const how of waysOf(place))
        it(`is the only answer, and nothing further runs, where ${place} answers and ${how}`, async () => {
          answering = { place, how };
          const reply = await send();
          await new Promise(resolve => setImmediate(resolve));
          expect([reply.status, reply.text]).to.deep.equal([401, JSON.stringify({ by: place })]);
          const expected = order.slice(0, order.indexOf(place) + 1);
          // Middlewares of the app in front of the server are not the server's.
          expect(ran).to.deep.equal(place === 'a plain function' ? order.slice(0, 2) : runUntil(place, expected));
          expect(logger.text('error', 'warn')).to.equal('');
          expect(logger.text('debug')).to.include('before the handler could run');
          answering = undefined;
          expect((await send()).status).to.equal(200);
          expect(connection.connections).to.equal(1);
        });

    it('stores no upload', async () => {
      const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbegun\r\n--x--\r\n';
      for (const place of ['', 'authorizationChecker']) {
        ran.length = 0;
        answering = { place, how: 'goes on' };
        const type = { 'Content-Type': 'multipart/form-data; boundary=x' };
        const sent = { method: 'POST', headers: { ...headers(), ...type }, body };
        expect((await connection.send('/answered/upload', sent)).status).to.equal(place === '' ? 200 : 401);
        expect(ran.includes('the upload')).to.equal(place === '');
      }
    });

    it('leaves out a handler that nothing needs to be waited for, and a plain route', async () => {
      for (const [path, place] of [
        ['/alone', 'a permission'],
        ['/plain', 'a function'],
      ] as const) {
        ran.length = 0;
        answering = { place, how: 'goes on' };
        const reply = await connection.send(path, { headers: headers() });
        expect([reply.status, reply.text]).to.deep.equal([401, JSON.stringify({ by: place })]);
        expect(ran).not.to.include('the handler').and.not.to.include('the error middleware');
      }
    });

    it('may only be begun, and the code that began it finishes it; one warning per route says why', async () => {
      for (let turn = 0; turn < 2; turn++) {
        const reply = await connection.send('/alone/header', { headers: headers() });
        expect([reply.status, reply.text]).to.deep.equal([200, 'by the middleware']);
      }
      expect(ran).not.to.include('the handler');
      expect(logger.entries.filter(({ level }) => level === 'warn')).to.have.length(1);
      expect(logger.text('warn'))
        .to.include('AloneController.withHeader')
        .and.include('send the header in the handler');
    });
  });

// The parameters are computed beside each other, as routing-controllers has it.
function runUntil(place: string, expected: readonly string[]): readonly string[] {
  return place === 'a parameter' ? [...expected, 'currentUserChecker'] : expected;
}
