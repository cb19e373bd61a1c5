import { expect } from 'chai';
import fc from 'fast-check';
import { basicCredentials } from '../../../src/core/http/basic-credentials';
import { InvalidRequest } from '../../../src/core/http/exceptions';

function read(authorization: string | undefined, rawHeaders?: string[]) {
  return basicCredentials({ headers: { authorization }, ...(rawHeaders === undefined ? {} : { rawHeaders }) });
}

function encoded(text: string | Buffer): string {
  return `Basic ${Buffer.from(text as string).toString('base64')}`;
}

describe('Basic credentials (RFC 7617)', () => {
  for (const [header, userid, password] of [
    // RFC 7617 §2 and §2.1.
    ['Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin', 'open sesame'],
    ['Basic dGVzdDoxMjPCow==', 'test', '123£'],
    ['basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin', 'open sesame'],
    ['BASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ==  ', 'Aladdin', 'open sesame'],
    [encoded('a:b:c'), 'a', 'b:c'],
    [encoded(':secret'), '', 'secret'],
    [encoded('a:'), 'a', ''],
    [encoded(':'), '', ''],
    [encoded('名前:パスワード'), '名前', 'パスワード'],
    [encoded('\uFEFFa:b'), '\uFEFFa', 'b'],
  ] as const)
    it(`reads ${header}`, () => {
      expect(read(header)).to.deep.equal({ userid, password });
    });

  for (const header of [undefined, '', 'Bearer QTpi', 'Basics QTpi', 'Basic-x QTpi', 'Digest username="a"'])
    it(`leaves ${String(header)} to others`, () => {
      expect(read(header)).to.equal(null);
    });

  for (const [what, header] of [
    ['nothing', 'Basic'],
    ['nothing but spaces', 'Basic   '],
    ['two of them', 'Basic QTpi QTpi'],
    ['two with a comma', 'Basic QTpi, Basic QTpi'],
    ['a tab', 'Basic\tQTpi'],
    ['no padding', 'Basic QTpiYg'],
    ['too much padding', 'Basic QTpi='],
    ['bits that mean nothing', 'Basic QTpiYh=='],
    ['the other alphabet', 'Basic Pj8-Og=='],
    ['other characters', 'Basic QTp%'],
    ['quotes', 'Basic "QTpi"'],
    ['no colon', encoded('alice')],
    ['no UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xa3]).toString('base64')}`],
    ['half a character', `Basic ${Buffer.from([0x61, 0x3a, 0xc2]).toString('base64')}`],
    ['NUL', encoded('a\0:b')],
    ['a line break', encoded('a:b\n')],
    ['DEL', encoded('a\x7f:b')],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => read(header)).to.throw(InvalidRequest, 'The Basic credentials are malformed');
    });

  it('refuses a repeated header', () => {
    expect(() => read('Basic QTpi', ['Authorization', 'Basic QTpi', 'authorization', 'Bearer x'])).to.throw(
      InvalidRequest,
      'The Authorization header is repeated',
    );
  });

  it('reads what any client wrote, and throws nothing but its own error', () => {
    const word = fc.string({ unit: 'grapheme' }).filter(text => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(word, word, (userid, password) => {
        fc.pre(!userid.includes(':'));
        expect(read(encoded(`${userid}:${password}`))).to.deep.equal({ userid, password });
      }),
    );
    fc.assert(
      fc.property(fc.string(), text => {
        try {
          read(`Basic ${text}`);
        } catch (error) {
          expect(error).to.be.instanceOf(InvalidRequest);
        }
      }),
    );
  });
});
