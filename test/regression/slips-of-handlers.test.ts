/**
 * Slips of a handler that ended the process: it returns a stream of objects, or an object with pipe() that is no stream, or it
 * throws a promise that rejects.
 */
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { Get, JsonController, UseInterceptor, type Action } from 'routing-controllers';
import { AllowAny, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';
import { forbidStrayErrors } from '../routing-controllers/stray-errors';

let made: Readable | undefined;

function streamOf(...chunks: readonly unknown[]): Readable {
  return (made = Readable.from(chunks));
}

const results: Readonly<Record<string, () => unknown>> = {
  objects: () => streamOf({ row: 1 }, { row: 2 }),
  late: () => streamOf('[', { row: 1 }, ']'),
  text: () => streamOf('[', Buffer.from('1'), ']'),
  emitter: () => ({ pipe: () => undefined, once: () => undefined, on: () => undefined }),
};

const rejected = (): Promise<never> => Promise.reject(new Error('The database is away'));

@JsonController('/slips')
class SlipsController {
  permissionClasses = [AllowAny];
  declare request: AxiomsRequest;

  @Get('/returned')
  returned() {
    return results[this.request.query.of as string]?.();
  }

  @Get('/intercepted')
  @UseInterceptor((_action: Action, result: unknown) => result)
  intercepted() {
    return this.returned();
  }

  @Get('/thrown')
  thrown() {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the slip
    throw rejected();
  }
}

class ThrowsPromise extends AllowAny {
  override hasPermission(): boolean {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the slip
    throw rejected();
  }
}

@JsonController('/rules')
class RulesController {
  permissionClasses = [ThrowsPromise];
  @Get('/') show() {
    return {};
  }
}

describe('regression: a slip of a handler does not end the process', () => {
  forbidStrayErrors();
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [SlipsController, RulesController] });
  });
  after(() => api.close());

  for (const path of ['/slips/returned', '/slips/intercepted']) {
    it(`answers 500 to a stream of objects, and destroys it: ${path}`, async () => {
      const { status, body } = (await api.as(null, 'get', `${path}?of=objects`)) as { status: number; body: object };
      expect(status).to.equal(500);
      expect(body).to.have.property('error', 'server_error');
      expect(made?.destroyed).to.equal(true);
    });

    it(`cuts the answer off where an object follows text: ${path}`, async () => {
      const failure: unknown = await api.as(null, 'get', `${path}?of=late`).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(Error);
      expect(made?.destroyed).to.equal(true);
    });

    it(`still answers with a stream of texts and bytes: ${path}`, async () => {
      const response = await api.as(null, 'get', `${path}?of=text`).responseType('blob');
      const bytes = response.body as Buffer;
      expect([response.status, bytes.toString()]).to.deep.equal([200, '[1]']);
    });

    it(`answers 500 to an object with pipe() that is no stream: ${path}`, async () => {
      expect((await api.as(null, 'get', `${path}?of=emitter`)).status).to.equal(500);
    });
  }

  it('answers 500 to a promise that a handler or a rule throws', async () => {
    expect((await api.as(null, 'get', '/slips/thrown')).status).to.equal(500);
    expect((await api.as({ sub: 'alice' }, 'get', '/rules')).status).to.equal(500);
  });
});
