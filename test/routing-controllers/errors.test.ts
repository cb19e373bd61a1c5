import { expect } from 'chai';
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import {
  ForbiddenError,
  Get,
  JsonController,
  UseAfter,
  UseBefore,
  UseInterceptor,
  createParamDecorator,
  type Action,
  type ExpressMiddlewareInterface,
  type InterceptorInterface,
} from 'routing-controllers';
import {
  AllowAny,
  APIException,
  BasePermission,
  ImproperlyConfigured,
  InsufficientScope,
  InvalidToken,
  NotAuthenticated,
  PermissionDenied,
  ServiceUnavailable,
  Throttled,
  useExpressServer,
  type AxiomsServer,
} from 'axioms-routing-controllers';
import { TestIssuer } from '../issuer/test-issuer';
import { withGlobals } from './global-classes';
import { OneConnection } from './one-connection';
import { forbidStrayErrors } from './stray-errors';

type How = 'throws' | 'rejects with' | 'hands on';

/** What goes wrong during the next request, and where. */
let failure: { readonly place: string; readonly how: How; readonly error: unknown } | undefined;
let handled = 0;

function goThrough(place: string, next?: NextFunction): unknown {
  if (failure?.place !== place) {
    next?.();
    return undefined;
  }
  const { how, error } = failure;
  if (how === 'throws') throw error;
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  if (how === 'rejects with') return Promise.reject(error);
  next?.(error);
  return undefined;
}

function functionAt(place: string) {
  return (_request: Request, _response: Response, next: NextFunction): unknown => goThrough(place, next);
}

function classAt(place: string): new () => ExpressMiddlewareInterface {
  return class implements ExpressMiddlewareInterface {
    use(_request: unknown, _response: unknown, next: NextFunction): unknown {
      return goThrough(place, next);
    }
  };
}

class GlobalBefore implements ExpressMiddlewareInterface {
  use(_request: unknown, _response: unknown, next: NextFunction): unknown {
    return goThrough('a global middleware', next);
  }
}

class GlobalAfter implements ExpressMiddlewareInterface {
  use(_request: unknown, _response: unknown, next: NextFunction): unknown {
    return goThrough('a global middleware after', next);
  }
}

class GlobalInterceptor implements InterceptorInterface {
  intercept(_action: Action, content: unknown): unknown {
    return goThrough('a global interceptor') ?? content;
  }
}

class Permission extends BasePermission {
  override hasPermission(): boolean | Promise<boolean> {
    return (goThrough('a permission') as Promise<boolean> | undefined) ?? true;
  }
}

function Parameter(): ParameterDecorator {
  return createParamDecorator({ value: () => goThrough('a parameter') }) as ParameterDecorator;
}

@JsonController('/places')
@UseBefore(functionAt("the class's function"))
class PlaceController {
  permissionClasses = [AllowAny, Permission];

  @Get('/')
  @UseBefore(functionAt('a function'), classAt('a class'))
  @UseAfter(functionAt('a function after'), classAt('a class after'))
  @UseInterceptor((_action: Action, content: unknown) => goThrough('an interceptor') ?? content)
  list(@Parameter() _parameter: unknown): unknown {
    handled += 1;
    return goThrough('the handler') ?? { ok: true };
  }
}

interface Thrown {
  readonly name: string;
  readonly error: unknown;
  /** The status where the default error handling answers. */
  readonly status: number;
}

const ours: readonly Thrown[] = [
  { name: 'PermissionDenied', error: new PermissionDenied('Not you', { code: 'not_you' }), status: 403 },
  { name: 'NotAuthenticated', error: new NotAuthenticated(), status: 401 },
  { name: 'InvalidToken', error: new InvalidToken('Expired'), status: 401 },
  { name: 'InsufficientScope', error: new InsufficientScope(['a', 'b']), status: 403 },
  { name: 'Throttled', error: new Throttled(3), status: 429 },
  { name: 'ServiceUnavailable', error: new ServiceUnavailable(undefined, 7), status: 503 },
  { name: 'ImproperlyConfigured', error: new ImproperlyConfigured('A secret of the server'), status: 500 },
  { name: 'APIException', error: new APIException('Gone', { httpCode: 410, code: 'gone' }), status: 410 },
];

class ThrowingGetter extends Error {
  get httpCode(): number {
    throw new Error('odd');
  }
}

const circular = Object.assign(new Error('circular'), { self: {} });
circular.self = circular;

const others: readonly Thrown[] = [
  { name: 'an HttpError', error: new ForbiddenError('Not here'), status: 403 },
  { name: 'an Error', error: new Error('plain'), status: 500 },
  { name: 'a frozen Error', error: Object.freeze(new Error('frozen')), status: 500 },
  { name: 'a string', error: 'text', status: 500 },
  { name: 'a circular Error', error: circular, status: 500 },
  { name: 'an Error whose httpCode throws', error: new ThrowingGetter(), status: 500 },
  ...[0, -1, 42, 150, 1000, 404.5, NaN, 'abc', '150', {}].map(httpCode => ({
    name: `an Error with the httpCode ${JSON.stringify(httpCode)} (${typeof httpCode})`,
    error: Object.assign(new Error('odd'), { httpCode }),
    status: 500,
  })),
];

const nothings: readonly Thrown[] = [null, undefined, '', 0, false, NaN].map(error => ({
  name: error === '' ? 'an empty string' : String(error),
  error,
  status: 500,
}));

/** How each place can fail; what is handed on as nothing is no failure. */
const beforeHandler: readonly (readonly [place: string, ways: readonly How[]])[] = [
  ['a global middleware', ['throws', 'rejects with', 'hands on']],
  ["the class's function", ['throws', 'rejects with', 'hands on']],
  ['a function', ['throws', 'rejects with', 'hands on']],
  ['a class', ['throws', 'rejects with', 'hands on']],
  ['a permission', ['throws', 'rejects with']],
  ['a parameter', ['throws', 'rejects with']],
];
const atHandler: typeof beforeHandler = [
  ['the handler', ['throws', 'rejects with']],
  ['an interceptor', ['throws', 'rejects with']],
  ['a global interceptor', ['throws', 'rejects with']],
];
const afterHandler: typeof beforeHandler = [
  ['a function after', ['throws', 'rejects with', 'hands on']],
  ['a class after', ['throws', 'rejects with', 'hands on']],
  ['a global middleware after', ['throws', 'rejects with', 'hands on']],
];

const anError: Thrown = { name: 'an Error', error: new Error('plain'), status: 500 };

interface Failure extends Thrown {
  readonly place: string;
  readonly how: How;
}

function failures(places: typeof beforeHandler, thrown: readonly Thrown[]): Failure[] {
  return places.flatMap(([place, ways]) =>
    ways.flatMap(how =>
      thrown.filter(({ error }) => how !== 'hands on' || Boolean(error)).map(one => ({ ...one, place, how })),
    ),
  );
}

for (const defaultErrorHandler of [true, false])
  describe(`what is thrown, with defaultErrorHandler: ${String(defaultErrorHandler)}`, () => {
    forbidStrayErrors();

    let issuer: TestIssuer;
    let app: Express;
    let connection: OneConnection;
    const received: unknown[] = [];

    before(async () => {
      issuer = await TestIssuer.start();
      app = express();
      // Express prints what nobody handles, except in its own tests.
      app.set('env', 'test');
      const globals = { before: [GlobalBefore], after: [GlobalAfter], interceptors: [GlobalInterceptor] };
      const options = { controllers: [PlaceController], defaultErrorHandler, axioms: issuer.settings() };
      withGlobals(globals, () => useExpressServer(app, options));
      const own: ErrorRequestHandler = (error: unknown, _request, response, next) => {
        received.push(error);
        if (response.headersSent) next(error);
        else response.status(599).json({ own: true });
      };
      if (!defaultErrorHandler) app.use(own);
      connection = await OneConnection.open(app);
    });
    beforeEach(() => {
      handled = 0;
      received.length = 0;
    });
    afterEach(async () => {
      failure = undefined;
      const next = await connection.send('/places');
      expect([next.status, next.text, connection.connections]).to.deep.equal([200, '{"ok":true}', 1]);
    });
    after(async () => {
      (app.locals.axioms as AxiomsServer).close();
      await connection.close();
      await issuer.close();
    });

    const answered = async (thrown: Failure) => {
      failure = thrown;
      return connection.send('/places');
    };

    for (const thrown of failures([...beforeHandler, ...atHandler], ours))
      it(`is answered where ${thrown.place} ${thrown.how} ${thrown.name}`, async () => {
        const { status, headers, text } = await answered(thrown);
        expect(handled).to.equal(isAtHandler(thrown) ? 1 : 0);
        const error = thrown.error as APIException;
        const hasChallenge = thrown.status === 401 || thrown.name === 'InsufficientScope';
        if (defaultErrorHandler) {
          expect([status, JSON.parse(text)]).to.deep.equal([thrown.status, error.toJSON()]);
          expect(headers).to.include({ 'content-type': 'application/json', 'cache-control': 'no-store' });
          expect('www-authenticate' in headers).to.equal(hasChallenge);
        } else {
          expect([status, received.length]).to.deep.equal([599, 1]);
          const told = received[0] as APIException;
          expect([told.httpCode, told.toJSON()]).to.deep.equal([thrown.status, error.toJSON()]);
          expect(told.headers).to.include({ 'Cache-Control': 'no-store' });
          expect('WWW-Authenticate' in told.headers).to.equal(hasChallenge);
        }
        expect(text).not.to.contain('secret');
      });

    for (const { place, how } of failures([...beforeHandler, ...atHandler], [anError]))
      it(`is refused where ${place} ${how} what is no error of ours`, async () => {
        for (const thrown of failures([[place, [how]]], [...others, ...nothings])) {
          handled = received.length = 0;
          const { status } = await answered(thrown);
          const isExpresss = how === 'hands on' || place.includes('function');
          if (!defaultErrorHandler) expect([status, received.length], thrown.name).to.deep.equal([599, 1]);
          else if (isExpresss) expect(status, thrown.name).to.be.within(400, 599);
          else expect(status, thrown.name).to.equal(thrown.status);
          expect(handled, thrown.name).to.equal(isAtHandler(thrown) ? 1 : 0);
        }
      });

    for (const { place, how } of failures(afterHandler, [anError]))
      it(`changes no answer where ${place} ${how} anything`, async () => {
        for (const thrown of failures([[place, [how]]], [...ours, ...others, ...nothings])) {
          handled = 0;
          const { status, text } = await answered(thrown);
          expect([status, text, handled], thrown.name).to.deep.equal([200, '{"ok":true}', 1]);
        }
      });

    it('is refused where it is ours and frozen', async () => {
      const error = Object.freeze(new PermissionDenied());
      for (const { place, how } of failures([...beforeHandler, ...atHandler], [anError])) {
        const { status } = await answered({ place, how, name: 'frozen', error, status: 403 });
        expect(status, place).to.be.oneOf([403, 500, 599]);
      }
    });
  });

function isAtHandler({ place }: Failure): boolean {
  return atHandler.some(([one]) => one === place);
}
