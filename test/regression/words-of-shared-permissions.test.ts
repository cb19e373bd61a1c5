/** A permission with @Service() is one object for all requests. */
import { expect } from 'chai';
import type { Request } from 'express';
import { Get, JsonController } from 'routing-controllers';
import { Service } from 'typedi';
import { BasePermission, or, type ApiView } from 'axioms-routing-controllers';
import { Api } from '../api';

class Meeting {
  #waiting: (() => void)[] = [];

  /** Resolves when two requests are here. */
  async ofTwo(): Promise<void> {
    const all = new Promise<void>(resolve => this.#waiting.push(resolve));
    if (this.#waiting.length === 2) for (const goOn of this.#waiting.splice(0)) goOn();
    await all;
  }
}

const meeting = new Meeting();
const accountOf = (request: Request): string => String(request.get('X-Account'));

@Service()
class OpenAccount extends BasePermission {
  override hasPermission(request: Request): boolean {
    const account = accountOf(request);
    this.message = `The account ${account} is closed`;
    this.code = `closed_${account}`;
    return false;
  }
}

@Service()
class OpenRecord extends BasePermission {
  override hasObjectPermission(request: Request): boolean {
    this.message = `The record of ${accountOf(request)} is closed`;
    return false;
  }
}

/** Refuses once both requests have been asked what stands before it. */
class Slow extends BasePermission {
  override async hasPermission(): Promise<boolean> {
    await meeting.ofTwo();
    return false;
  }
}

class SlowRecord extends BasePermission {
  override async hasObjectPermission(): Promise<boolean> {
    await meeting.ofTwo();
    return false;
  }
}

@JsonController('/accounts')
class AccountController {
  permissionClasses = [or(OpenAccount, Slow)];

  @Get('/') list() {
    return [];
  }
}

@JsonController('/records')
class RecordController {
  declare checkObjectPermissions: ApiView['checkObjectPermissions'];
  permissionClasses = [or(OpenRecord, SlowRecord)];

  getObject() {
    return {};
  }

  @Get('/:id') get() {
    return {};
  }
}

describe('the message of a permission that all requests share', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [AccountController, RecordController] });
  });
  after(() => api.close());

  const bodies = async (path: string): Promise<unknown[]> => {
    const answers = await Promise.all(
      ['alice', 'bob'].map(async account => api.as({}, 'get', path).set('X-Account', account)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([403, 403]);
    return answers.map(({ body }) => body as unknown);
  };

  it('is that of the own request, not of one at the same time', async () => {
    expect(await bodies('/accounts')).to.deep.equal([
      { error: 'closed_alice', error_description: 'The account alice is closed' },
      { error: 'closed_bob', error_description: 'The account bob is closed' },
    ]);
  });

  it('is that of the own request where it is about an object', async () => {
    expect(await bodies('/records/1')).to.deep.equal([
      { error: 'permission_denied', error_description: 'The record of alice is closed' },
      { error: 'permission_denied', error_description: 'The record of bob is closed' },
    ]);
  });
});
