/**
 * A path of 11 KB with encoded backslashes and letters that should be encoded has many spellings, and every layer of the app was
 * compared with each of them: a stranger took thirty times the time of an ordinary request. Such a path is refused.
 */
import { expect } from 'chai';
import type { Response } from 'supertest';
import { Get, JsonController, Param } from 'routing-controllers';
import { HasValidAccessToken } from 'axioms-routing-controllers';
import { Api } from '../api';

let handled: string[] = [];

@JsonController('/files')
class FileController {
  authenticationClasses = [HasValidAccessToken];
  permissionClasses = [];
  @Get('/:name') one(@Param('name') name: string) {
    handled.push(name);
    return { name };
  }
}

describe('regression: a long path with other spellings', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [FileController] });
  });
  beforeEach(() => {
    handled = [];
  });
  after(() => api.close());

  function expectTooLong({ status, body, headers }: Response): void {
    expect([status, headers['www-authenticate'], body]).to.deep.equal([
      400,
      undefined,
      {
        error: 'invalid_request',
        error_description: 'The path is too long for one that has other spellings',
      },
    ]);
    expect(handled).to.deep.equal([]);
  }

  it('is refused, with and without a token', async () => {
    const path = `/files/${'X%5C%C3%A4'.repeat(1100)}|`;
    expectTooLong(await api.as({}, 'get', path));
    expectTooLong(await api.as(null, 'get', path));
  });

  it('is accepted while it is short, as an encoded URL is', async () => {
    const url = `https://example.com/${'ä/'.repeat(300)}?a=b`;
    expect((await api.as({}, 'get', `/files/${encodeURIComponent(url)}`)).status).to.equal(200);
    expect(handled).to.deep.equal([url]);
  });

  it('is accepted where it has one spelling only', async () => {
    const name = 'x'.repeat(11_000);
    expect((await api.as({}, 'get', `/files/${name}`)).status).to.equal(200);
    expect(handled).to.deep.equal([name]);
  });
});
