import { expect } from 'chai';
import { sentToken, type HeaderSource } from '../../../src/core/http/sent-token';
import { InvalidRequest } from '../../../src/core/http/exceptions';

const bearerToken = (request: HeaderSource): string | null => sentToken(request, false)?.token ?? null;

describe('sentToken', () => {
  const found: [string, string | undefined, string | null][] = [
    ['nothing without a header', undefined, null],
    ['nothing in an empty header', '', null],
    ['nothing of another scheme', 'Basic abc', null],
    ['nothing of a longer scheme', 'Bearer-ish abc', null],
    ['nothing of a second credential', 'Basic abc, Bearer abc', null],
    ['the token', 'Bearer abc', 'abc'],
    ['the token of a scheme in other letters', 'bEaReR abc', 'abc'],
    ['the token between spaces', 'Bearer   abc  ', 'abc'],
    ['every character that RFC 6750 allows', 'Bearer aZ09-._~+/==', 'aZ09-._~+/=='],
  ];
  for (const [title, authorization, token] of found) {
    it(`finds ${title}`, () => {
      expect(bearerToken({ headers: { authorization } })).to.equal(token);
    });
  }

  const none = 'The Authorization header has no token';
  const several = 'The Authorization header has more than one token';
  const illegal = 'The access token has illegal characters';
  const refused: [string, string, string][] = [
    ['no token', 'Bearer', none],
    ['only spaces', 'Bearer   ', none],
    ['only a comma', 'Bearer,', none],
    ['two tokens', 'Bearer abc def', several],
    ['two tokens with a comma', 'Bearer abc,def', several],
    ['two tokens with a tab', 'Bearer abc\tdef', several],
    ['a tab after the scheme', 'Bearer\tabc', illegal],
    ['a tab after the token', 'Bearer abc\t', illegal],
    ['a no-break space after the scheme', 'Bearer\u00a0abc', illegal],
    ['a no-break space after the token', 'Bearer abc\u00a0', illegal],
    ['a quoted token', 'Bearer "abc"', illegal],
    ['a parameter', 'Bearer token="abc"', illegal],
    ['padding in the middle', 'Bearer a=b', illegal],
    ['only padding', 'Bearer ==', illegal],
    ['a letter outside of ASCII', 'Bearer \u00e4bc', illegal],
    ['a control character', 'Bearer abc\u0000', illegal],
    ['a comma after the token', 'Bearer abc,', illegal],
  ];
  for (const [title, authorization, description] of refused) {
    it(`refuses ${title}`, () => {
      expect(() => bearerToken({ headers: { authorization } })).to.throw(InvalidRequest, description);
    });
  }

  it('refuses a repeated header, whatever its case and whichever comes first', () => {
    const rawHeaders = ['authorization', 'Basic abc', 'Host', 'Authorization', 'AUTHORIZATION', 'Bearer abc'];
    expect(() => bearerToken({ headers: { authorization: 'Basic abc' }, rawHeaders })).to.throw(
      InvalidRequest,
      'The Authorization header is repeated',
    );
  });

  it('takes no other header for a repeated one, and no value for a name', () => {
    const rawHeaders = ['X-Authorization', 'Authorization', 'Authorization', 'Bearer abc'];
    expect(bearerToken({ headers: { authorization: 'Bearer abc' }, rawHeaders })).to.equal('abc');
  });
});
