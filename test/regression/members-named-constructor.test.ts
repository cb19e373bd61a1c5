/**
 * class-transformer takes a member named `constructor` for the class of its object, and throws if it is not a class. One row with
 * such JSON, which a client had stored, made a whole list a 500.
 */
import { expect } from 'chai';
import { Exclude, Expose, Type } from 'class-transformer';
import { Get, JsonController, ResponseClassTransformOptions } from 'routing-controllers';
import { AllowAny, type AxiomsRequest } from 'axioms-routing-controllers';
import { Api } from '../api';

class Account {
  readonly #id = 7;
  data: unknown = JSON.parse('{ "constructor": { "prototype": null }, "kept": [{ "constructor": 1, "deep": true }] }');
  @Exclude() password = 'hidden';
  @Type(() => Date) made = new Date(0);
  @Expose({ groups: ['staff'] }) salary = 5;
  @Expose() get id() {
    return this.#id;
  }
}

class Named {
  name = 'visible';
  @Exclude() password = 'hidden';

  constructor() {
    Object.assign(this, { constructor: 'a text' });
  }
}

const account = { data: { kept: [{ deep: true }] }, made: '1970-01-01T00:00:00.000Z', id: 7 };
const parsed = (text: string) => (): unknown => JSON.parse(text);

/** An object as the package `cookie` makes them: its prototype has no constructor. */
function withoutClass(members: object): object {
  return Object.assign(Object.create(Object.create(null) as object) as object, members);
}

/** What a handler returns, and what it answers. */
const results: Readonly<Record<string, readonly [() => unknown, unknown]>> = {
  number: [parsed('{ "constructor": 1, "a": 1 }'), { a: 1 }],
  object: [parsed('[{ "constructor": {} }, { "a": 1 }]'), [{}, { a: 1 }]],
  prototype: [
    parsed('{ "constructor": { "prototype": { "constructor": null } }, "a": { "b": [1] } }'),
    { a: { b: [1] } },
  ],
  prototypes: [parsed('{ "__proto__": { "isAdmin": true }, "constructor": null, "a": 1 }'), { a: 1 }],
  function: [() => ({ constructor: () => 1, a: 1 }), { a: 1 }],
  account: [() => [new Account()], [account]],
  named: [() => new Named(), { name: 'visible' }],
  // A handler that assigns what the client sent.
  assigned: [
    () => Object.assign(new Named(), JSON.parse('{ "constructor": { "prototype": {} } }') as object),
    { name: 'visible' },
  ],
  classes: [() => [Object.assign(new Named(), { constructor: class {} })], [{ name: 'visible' }]],
  // As the cookies of a request that are returned below a member.
  cookies: [() => ({ cookies: withoutClass({ constructor: '1', theme: 'dark' }) }), { cookies: { theme: 'dark' } }],
  'list of cookies': [() => [withoutClass({ constructor: '1', a: 1 }), { a: 1 }], [{ a: 1 }, { a: 1 }]],
  map: [() => new Map([['a', JSON.parse('{ "constructor": 1, "b": 2 }')]]), { a: { b: 2 } }],
};

abstract class Answers {
  declare request: AxiomsRequest;
  permissionClasses = [AllowAny];
  protected answer(): unknown {
    return results[this.request.query.of as string]?.[0]();
  }
}

@JsonController('/at-once')
class AtOnceController extends Answers {
  @Get('/') show() {
    return this.answer();
  }
}

// The options leave the whole answer to upstream.
@JsonController('/by-upstream')
class ByUpstreamController extends Answers {
  @Get('/')
  @ResponseClassTransformOptions({ groups: [] })
  show() {
    return this.answer();
  }

  @Get('/staff')
  @ResponseClassTransformOptions({ groups: ['staff'] })
  staff() {
    return this.answer();
  }

  @Get('/bad')
  bad() {
    return {
      constructor: 1,
      get own(): unknown {
        throw new TypeError('An error of the app');
      },
    };
  }
}

describe('regression: an answer holds a member named constructor', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [AtOnceController, ByUpstreamController] });
  });
  after(() => api.close());

  for (const path of ['/at-once', '/by-upstream'])
    for (const [of, [, expected]] of Object.entries(results))
      it(`leaves the member out, and shows nothing that is excluded, at ${path}: ${of}`, async () => {
        const response = await api.as(null, 'get', `${path}?of=${of}`);
        expect([response.status, response.body]).to.deep.equal([200, expected]);
      });

  it('keeps the options of class-transformer', async () => {
    const response = await api.as(null, 'get', '/by-upstream/staff?of=account');
    expect([response.status, response.body]).to.deep.equal([200, [{ ...account, salary: 5 }]]);
  });

  it('answers 500 where the app itself throws', async () => {
    const response = await api.as(null, 'get', '/by-upstream/bad');
    expect([response.status, response.body]).to.deep.equal([
      500,
      { error: 'server_error', error_description: 'An error of the app' },
    ]);
  });
});
