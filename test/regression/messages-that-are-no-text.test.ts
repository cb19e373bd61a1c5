/** The message of an error may be any value, such as one of the body: it must not leave the request without an answer. */
import { expect } from 'chai';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { BadRequestError, JsonController, Post, UseBefore } from 'routing-controllers';
import request from 'supertest';
import { AllowAny, useExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { isOfConverter } from '../../src/routing-controllers/driver/parameters';
import { parameterProblem } from '../../src/routing-controllers/driver/parameter-errors';
import { RecordingLogger } from '../issuer/recording-logger';
import { TestIssuer } from '../issuer/test-issuer';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

let handled = 0;

// Reads the stack first: source-map-support formats it then, and could not with such a message.
function withMessage(error: Error, message: unknown): Error {
  expect(error.stack).to.be.a('string');
  return Object.assign(error, { message });
}

function withReason({ body }: Request): Error {
  const { reason } = body as { reason: unknown };
  return withMessage(new BadRequestError(), reason);
}

/** An error whose members can be read, until the server looks for the mark of the body parser. */
function withType(): Error {
  return Object.defineProperty(new Error('x'), 'type', {
    get() {
      throw new Error('no type');
    },
  });
}

@JsonController('/messages')
class MessageController {
  permissionClasses = [AllowAny];
  @Post('/passed-on')
  @UseBefore((asked: Request, _response: Response, next: NextFunction) => {
    next(withReason(asked));
  })
  passedOn() {
    handled += 1;
  }
  @Post('/thrown')
  @UseBefore((asked: Request) => {
    throw withReason(asked);
  })
  thrown() {
    handled += 1;
  }
  @Post('/unreadable')
  @UseBefore((_asked: Request, _response: Response, next: NextFunction) => {
    next(withType());
  })
  unreadable() {
    handled += 1;
  }
}

describe('regression: an error whose message is no text', () => {
  forbidStrayErrors();

  let issuer: TestIssuer;
  let app: Express;
  before(async () => {
    issuer = await TestIssuer.start();
    app = express().set('env', 'test').use(express.json());
    const axioms = { ...issuer.settings(), logger: new RecordingLogger() };
    useExpressServer(app, { controllers: [MessageController], axioms });
  });
  beforeEach(() => (handled = 0));
  after(async () => {
    (app.locals.axioms as AxiomsServer).close();
    await issuer.close();
  });

  for (const path of ['passed-on', 'thrown'])
    for (const reason of [{ toString: 1 }, { a: 1 }, 5, null])
      it(`is answered where a middleware has it ${path}: ${JSON.stringify(reason)}`, async () => {
        const { status } = await request(app).post(`/messages/${path}`).timeout(2000).send({ reason });
        expect([status >= 400, handled]).to.deep.equal([true, 0]);
      });

  it('is answered, too, where the server cannot look at the error', async () => {
    const { status } = await request(app).post('/messages/unreadable').timeout(2000);
    expect([status, handled]).to.deep.equal([500, 0]);
  });

  it('is no error about a parameter', () => {
    const message = { toString: 1 };
    const error = Object.assign(withMessage(new Error(), message), { name: 'InvalidParamError' });
    expect(parameterProblem(error)).to.equal(undefined);
    expect(isOfConverter(withMessage(new TypeError(), message))).to.equal(false);
  });
});
