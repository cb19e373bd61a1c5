/**
 * An object with a `then` method and without `catch`, as the queries of some database packages are: routing-controllers calls
 * `then().catch()`. That was a 500 although the handler succeeded, and the rejection ended the process.
 */
import { expect } from 'chai';
import { Get, JsonController, QueryParams } from 'routing-controllers';
import { AllowAny, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

type Callback = (value: unknown) => void;

/** Returns an object that resolves or rejects a turn later, by a `then` that returns nothing. */
function query(value: unknown): PromiseLike<unknown> {
  const then = (resolve: Callback, reject: Callback): void => {
    setImmediate(value instanceof Error ? reject : resolve, value);
  };
  return { then: then as PromiseLike<unknown>['then'] };
}

const outcomes: Readonly<Record<string, () => unknown>> = {
  object: () => query({ title: 'Emma' }),
  nested: () => query(query({ title: 'Emma' })),
  nothing: () => query(undefined),
  failure: () => query(new Error('The database is away')),
};

@JsonController('/queries')
class QueriesController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/at-once')
  atOnce() {
    return outcomes[this.request.query.outcome as string]?.();
  }

  // upstream reads the parameter, and then calls the handler.
  @Get('/by-upstream')
  byUpstream(@QueryParams() { outcome }: { outcome?: string }) {
    return outcomes[String(outcome)]?.();
  }
}

describe('regression: a handler returns an object with then() and without catch()', () => {
  forbidStrayErrors();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [QueriesController] });
  });
  after(() => api.close());

  for (const path of ['/queries/at-once', '/queries/by-upstream'])
    for (const [outcome, status] of Object.entries({ object: 200, nested: 200, nothing: 404, failure: 500 }))
      it(`answers ${status} at ${path} to an object that resolves or rejects with: ${outcome}`, async () => {
        const response = await api.as(null, 'get', `${path}?outcome=${outcome}`);
        expect(response.status).to.equal(status);
        if (status === 200) expect(response.body).to.deep.equal({ title: 'Emma' });
        else expect(response.body).to.have.property('error', status === 404 ? 'not_found' : 'server_error');
      });
});
