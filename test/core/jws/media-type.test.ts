import 'reflect-metadata';
import { expect } from 'chai';
import { Get, JsonController } from 'routing-controllers';
import { isNestedToken, shortMediaType } from '../../../src/core/jws/media-type';
import { Api } from '../../api';
import { expectExactRefusal, invalidToken } from '../../refusals';

let calls = 0;

@JsonController('/notes')
class NoteController {
  @Get('/')
  list() {
    calls++;
    return { ok: true };
  }
}

describe('a media type in a header', () => {
  for (const [type, short] of [
    ['at+jwt', 'at+jwt'],
    ['AT+JWT', 'at+jwt'],
    ['application/at+jwt', 'at+jwt'],
    ['Application/JWT', 'jwt'],
    ['application/text/plain', 'application/text/plain'],
    ['application/application/jwt', 'application/application/jwt'],
    ['text/plain', 'text/plain'],
    ['xapplication/jwt', 'xapplication/jwt'],
    ['application/', ''],
  ] as const)
    it(`${type} is ${short || 'nothing'} for short`, () => {
      expect(shortMediaType(type)).to.equal(short);
    });

  it('says nothing about the payload where there is no cty', () => {
    expect(isNestedToken({})).to.equal(false);
  });
});

describe('a token whose header says what its payload is', () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ controllers: [NoteController] });
  });
  after(() => api.close());
  beforeEach(() => {
    calls = 0;
  });

  for (const cty of ['JWT', 'jwt', 'application/jwt', 'APPLICATION/JWT', null, 7, ['JWT'], { a: 1 }, true])
    it(`is refused: cty ${JSON.stringify(cty)}`, async () => {
      const answer = await api.with(api.issuer.token({}, { cty }), 'get', '/notes');
      expectExactRefusal(answer, invalidToken('The access token holds another token'));
      expect(calls).to.equal(0);
    });

  for (const cty of ['application/json', 'json', 'at+jwt-claims', 'text/jwt', 'application/x/jwt'])
    it(`is accepted: cty ${JSON.stringify(cty)}`, async () => {
      const answer = await api.with(api.issuer.token({}, { cty }), 'get', '/notes');
      expect([answer.status, calls]).to.deep.equal([200, 1]);
    });
});
