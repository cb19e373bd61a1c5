import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Request, RequestHandler } from 'express';
import { Get, JsonController, UseBefore } from 'routing-controllers';
import {
  APIException,
  ApiController,
  BaseAuthentication,
  BasePermission,
  type ApiView,
  type AuthenticationResult,
} from 'axioms-routing-controllers';
import { BaseThrottle } from 'axioms-routing-controllers/throttling';
import { Api } from '../api';
import { RecordingLogger } from '../issuer/recording-logger';
import { expectExactRefusal } from '../refusals';
import { forbidStrayErrors } from './stray-errors';

function secret(): never {
  throw new Error('secret');
}

function withGetter(error: Error, name: string): Error {
  return Object.defineProperty(error, name, { get: secret });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

class Untellable extends APIException {
  override toJSON(): never {
    return secret();
  }
}

/** Values of which something cannot be read. */
const values: Readonly<Record<string, () => unknown>> = {
  'a revoked proxy': revoked,
  'a proxy whose traps throw': () => new Proxy(new Error('x'), { get: secret, getPrototypeOf: secret }),
  'an error whose message throws': () => withGetter(new Error('x'), 'message'),
  'an error whose stack throws': () => withGetter(new Error('x'), 'stack'),
  'an error whose status throws': () => withGetter(new Error('x'), 'status'),
  'an error whose getter throws a revoked proxy': () =>
    Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw revoked() as Error;
      },
    }),
  'an answer whose status throws': () => withGetter(new APIException('x'), 'httpCode'),
  'an answer whose body throws': () => new Untellable('x'),
};

function thrown({ query }: Request): unknown {
  return values[query['value'] as string]?.();
}

const places = (request: Request): string => request.query['at'] as string;

class Who extends BaseAuthentication {
  authenticate(request: Request): AuthenticationResult | null {
    if (places(request) === 'authentication') throw thrown(request) as Error;
    return null;
  }
}

class May extends BasePermission {
  override hasPermission(request: Request) {
    if (places(request) === 'permission') throw thrown(request) as Error;
    return true;
  }
  override async hasObjectPermission(request: Request, _controller: ApiView, object: unknown): Promise<boolean> {
    await turn();
    if (object === 'good') return true;
    throw thrown(request) as Error;
  }
}

class HowOften extends BaseThrottle {
  override allowRequest(request: Request) {
    if (places(request) === 'throttle') throw thrown(request) as Error;
    return true;
  }
}

const failing: RequestHandler = (request, _response, next) => {
  next(places(request) === 'middleware' ? thrown(request) : undefined);
};

const ran: string[] = [];

@JsonController('/unreadable')
class UnreadableController extends ApiController {
  override authenticationClasses = [Who];
  override permissionClasses = [May];
  override throttleClasses = [HowOften];

  @UseBefore(failing) @Get('/none') none() {
    if (places(this.request) === 'handler') throw thrown(this.request) as Error;
    ran.push('none');
    return {};
  }
  @Get('/awaited/:id') async awaited() {
    await this.checkObjectPermissions({});
    ran.push('awaited');
  }
  @Get('/forgotten/:id') forgotten() {
    void this.checkObjectPermissions({});
    return { secret: true };
  }
  @Get('/written/:id') written() {
    void this.checkObjectPermissions({}).then(() => ran.push('written'));
    this.response.write('secret');
    return this.response;
  }
  @Get('/raced/:id') async raced() {
    await Promise.race([this.checkObjectPermissions({}), turn().then(turn)]);
    return { secret: true };
  }
  // The check refuses after the answer has left.
  @Get('/late/:id') async late() {
    this.response.once('finish', () => void this.checkObjectPermissions({}));
    await this.checkObjectPermissions('good');
    return { secret: false };
  }
  @Get('/refused/:id') async refused() {
    await this.checkObjectPermissions({}).catch(() => undefined);
    void this.checkObjectPermissions({});
    await turn();
    throw thrown(this.request) as Error;
  }
}

const serverError = {
  status: 500,
  error: 'server_error',
  description: 'The server could not handle the request',
};

describe('a thrown value that cannot be read', () => {
  forbidStrayErrors();

  const logger = new RecordingLogger();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [UnreadableController], axioms: { logger } });
  });
  after(() => api.close());
  beforeEach(() => {
    logger.entries.length = ran.length = 0;
  });

  const ask = (path: string, value: string) =>
    api.as({}, 'get', `/unreadable/${path}${path.includes('?') ? '&' : '?'}value=${encodeURIComponent(value)}`);

  for (const value of Object.keys(values)) {
    for (const at of ['authentication', 'permission', 'throttle', 'middleware', 'handler'])
      it(`is a 500, and ends no process: ${value}, of a ${at}`, async () => {
        const answer = await ask(`none?at=${at}`, value);
        expectExactRefusal(answer, serverError);
        expect(ran).to.deep.equal([]);
        expect(logger.text('error')).to.include('UnreadableController.none');
      });

    for (const way of ['awaited', 'forgotten', 'written', 'raced', 'refused'])
      it(`is a 500, and nothing hangs: ${value}, of an object rule that is ${way}`, async () => {
        const answer = await ask(`${way}/1`, value);
        expectExactRefusal(answer, serverError);
        expect(ran).to.deep.equal([]);
        expect(logger.text('error')).to.include(`UnreadableController.${way}`);
      });

    it(`is logged, where the answer has been sent: ${value}`, async () => {
      expect((await ask('late/1', value)).body).to.deep.equal({ secret: false });
      for (let turns = 0; turns < 100 && logger.text('error') === ''; turns++) await turn();
      expect(logger.text('error')).to.include('A check of an object refused after the answer had been sent');
    });
  }
});
