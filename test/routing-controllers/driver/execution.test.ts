import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Express, Response } from 'express';
import {
  ForbiddenError,
  Get,
  Header,
  HttpCode,
  JsonController,
  OnNull,
  OnUndefined,
  Redirect,
  Res,
  UseAfter,
  UseInterceptor,
  type Action,
  type InterceptorInterface,
} from 'routing-controllers';
import request from 'supertest';
import { AllowAny, PermissionDenied, createExpressServer, type AxiomsServer } from 'axioms-routing-controllers';
import { Api } from '../../api';
import { silentLogger } from '../../issuer/test-issuer';
import { forbidStrayErrors } from '../stray-errors';
import { withGlobals } from '../global-classes';

/** What handlers do, each of them at once and by a promise. */
const deeds: Readonly<Record<string, () => unknown>> = {
  value: () => ({ books: [] }),
  text: () => 'text',
  zero: () => 0,
  null: () => null,
  undefined: () => undefined,
  buffer: () => Buffer.from('bytes'),
  stream: () => Readable.from(['a', 'b'], { objectMode: false }),
  circular: () => {
    const object: Record<string, unknown> = {};
    return Object.assign(object, { self: object, toJSON: () => object });
  },
  throws: () => {
    throw new ForbiddenError('Not today');
  },
  denies: () => {
    throw new PermissionDenied('Not you');
  },
  breaks: () => {
    throw new TypeError('broken');
  },
};

const forms: Readonly<Record<string, (deed: () => unknown) => unknown>> = {
  'at once': deed => deed(),
  'by a promise': async deed => Promise.resolve().then(deed),
  'by a thenable': deed => ({
    then: (done: (value: unknown) => void, failed: (error: unknown) => void) =>
      Promise.resolve().then(deed).then(done, failed),
  }),
};

/** A handler without parameters, and the same with one: upstream runs that. */
function controllerOf(deed: () => unknown, decorate: MethodDecorator, ran: string[]) {
  @JsonController('/things')
  class ThingController {
    permissionClasses = [AllowAny];

    @Get('/alone')
    @UseAfter((_request: unknown, _response: unknown, next: () => void) => {
      ran.push('after');
      next();
    })
    alone() {
      return deed();
    }

    @Get('/with-parameter')
    @UseAfter((_request: unknown, _response: unknown, next: () => void) => {
      ran.push('after');
      next();
    })
    withParameter(@Res() _response: Response) {
      return deed();
    }
  }
  for (const name of ['alone', 'withParameter'] as const) {
    const descriptor = Object.getOwnPropertyDescriptor(ThingController.prototype, name);
    decorate(ThingController.prototype, name, descriptor as PropertyDescriptor);
  }
  return ThingController;
}

const decorations: Readonly<Record<string, MethodDecorator>> = {
  'says nothing': () => undefined,
  'has a status': HttpCode(201) as MethodDecorator,
  'has a header': Header('X-Kind', 'thing') as MethodDecorator,
  'has a status for undefined': OnUndefined(204) as MethodDecorator,
  'has an error for null': OnNull(404) as MethodDecorator,
  redirects: Redirect('/elsewhere') as MethodDecorator,
};

describe('a handler that nothing needs to be waited for', () => {
  forbidStrayErrors();

  for (const [decoration, decorate] of Object.entries(decorations))
    for (const [form, run] of Object.entries(forms))
      it(`answers as upstream has it, where it ${decoration} and answers ${form}`, async () => {
        for (const [name, deed] of Object.entries(deeds)) {
          const ran: string[] = [];
          const api = await Api.start({
            controllers: [controllerOf(() => run(deed), decorate, ran)],
            // Without the stacks of errors, which differ.
            development: false,
          });
          const answers = [];
          for (const path of ['/things/alone', '/things/with-parameter']) {
            const { status, headers, text } = await api.as(null, 'get', path);
            const fields = { ...(headers as Record<string, string>), date: undefined };
            answers.push({ status, fields, text, ran: ran.splice(0) });
          }
          await api.close();
          expect(answers[0], name).to.deep.equal(answers[1]);
        }
      });

  describe('does not skip an interceptor', () => {
    const enveloped = (_action: Action, data: unknown): object => ({ data });

    class OfTheApp implements InterceptorInterface {
      intercept(_action: Action, data: unknown): object {
        return { data };
      }
    }

    @JsonController('/things')
    class OfTheHandler {
      permissionClasses = [AllowAny];
      @Get() @UseInterceptor(enveloped) list() {
        return [];
      }
    }

    @JsonController('/things')
    @UseInterceptor(enveloped)
    class OfTheClass {
      permissionClasses = [AllowAny];
      @Get() list() {
        return [];
      }
    }

    @JsonController('/things')
    class Inheriting extends OfTheClass {}

    @JsonController('/things')
    class Plain {
      permissionClasses = [AllowAny];
      @Get() list() {
        return [];
      }
    }

    for (const [name, controller, interceptors] of [
      ['of the handler', OfTheHandler, []],
      ['of the class', OfTheClass, []],
      ['of a base class', Inheriting, []],
      ['of the app', Plain, [OfTheApp]],
    ] as const)
      it(name, async () => {
        const axioms = { audience: 'api', issuerUrl: 'http://127.0.0.1:9', jwksPrefetch: false, logger: silentLogger };
        const start = (): Express => createExpressServer({ controllers: [controller], axioms });
        const app = withGlobals({ interceptors }, start);
        expect((await request(app).get('/things')).body).to.deep.equal({ data: [] });
        (app.locals.axioms as AxiomsServer).close();
      });
  });
});
