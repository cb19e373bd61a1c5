/**
 * A `sessionUser()` that makes its object anew each time, as `{ ...session.user }` does, changed the caller with each look: no
 * filter counted as used for that caller, so that each list was a 500.
 */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController, Req } from 'routing-controllers';
import { ApiController, IsSubOwner, SessionAuthentication, callerOf } from 'axioms-routing-controllers';
import { matching } from 'axioms-routing-controllers/filters';
import { Api } from '../api';

const notes = [
  { id: 1, user: 'alice' },
  { id: 2, user: 'bob' },
];

class PlainSession extends SessionAuthentication {
  override sessionUser(request: Request): unknown {
    const sub = request.get('x-user');
    return sub === undefined ? undefined : { sub, groups: [{ name: 'readers' }] };
  }
}

class Account {
  readonly #sub: string;
  constructor(sub: string) {
    this.#sub = sub;
  }
  get sub(): string {
    return this.#sub;
  }
}

class AccountSession extends SessionAuthentication {
  override sessionUser(request: Request): unknown {
    return new Account(request.get('x-user') ?? '');
  }
}

abstract class Notes extends ApiController {
  override permissionClasses = [IsSubOwner];
  async listed() {
    return matching(await this.authorizedFilter(), notes);
  }
  changed(request: Request) {
    request.headers['x-user'] = 'bob';
    return [(callerOf(request) as { sub?: string }).sub];
  }
}

@JsonController('/plain')
class PlainController extends Notes {
  override authenticationClasses = [PlainSession];
  override unfilteredActions = ['change'];
  @Get('/') list() {
    return this.listed();
  }
  @Get('/change') change(@Req() request: Request) {
    return this.changed(request);
  }
}

@JsonController('/accounts')
class AccountController extends Notes {
  override authenticationClasses = [AccountSession];
  override unfilteredActions = ['change'];
  @Get('/') list() {
    return this.listed();
  }
  @Get('/change') change(@Req() request: Request) {
    return this.changed(request);
  }
}

describe('regression: a sessionUser() that makes its object anew', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [PlainController, AccountController] });
  });
  after(() => api.close());

  const asked = (path: string) => api.as(null, 'get', path).set('x-user', 'alice');

  it('gives the same caller for equal plain data', async () => {
    const { status, body } = (await asked('/plain')) as { status: number; body: unknown };
    expect([status, body]).to.deep.equal([200, [notes[0]]]);
  });

  // Two objects of a class may look alike and differ in what is private.
  it('gives another caller for each object of a class, whose list is withheld', async () => {
    const { status, text } = await asked('/accounts');
    expect(status).to.equal(500);
    expect(text).not.to.include('alice');
  });

  for (const path of ['/plain/change', '/accounts/change'])
    it(`gives the other caller once the session has another user (${path})`, async () => {
      const { status, body } = (await asked(path)) as { status: number; body: unknown };
      expect([status, body]).to.deep.equal([200, ['bob']]);
    });
});
