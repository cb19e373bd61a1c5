import { expect } from 'chai';
import fc from 'fast-check';
import {
  carriesErrors,
  challenge,
  offeredChallenge,
  readChallenge,
  withParameters,
  writeChallenge,
  type AddedParameters,
  type AuthParam,
  type Challenge,
} from '../../../src/core/http/challenge';

// What is sent for a class that returns `header`.
function sent(header: string, ...sources: (AddedParameters | undefined)[]): string {
  return writeChallenge(withParameters(offeredChallenge(header)!, ...sources));
}

function paramsOf(text: string): (readonly [name: string, value: string])[] | undefined {
  return readChallenge(text)?.params.map(({ name, value }) => [name, value]);
}

const error = { error: 'invalid_token', error_description: 'No' };

describe('challenge', () => {
  it('names the scheme and the realm', () => {
    expect(writeChallenge(challenge('Bearer', { realm: 'books of the house' }))).to.equal(
      'Bearer realm="books of the house"',
    );
  });

  it('adds the error, its description and the scopes in this order', () => {
    const parameters = { scope: 'a b', error_description: 'No', error: 'insufficient_scope' };
    expect(sent('Bearer realm="api"', parameters)).to.equal(
      'Bearer realm="api", error="insufficient_scope", error_description="No", scope="a b"',
    );
  });

  it('begins the parameters of a scheme that has none yet', () => {
    expect(sent('Bearer', error)).to.equal('Bearer error="invalid_token", error_description="No"');
  });

  it('adds the address of the metadata as the last parameter, once', () => {
    const url = 'https://api.example.com/.well-known/oauth-protected-resource';
    const added = sent('Bearer realm="api"', { resource_metadata: url }, error);
    expect(added).to.equal(
      `Bearer realm="api", error="invalid_token", error_description="No", resource_metadata="${url}"`,
    );
    expect(sent(added, { resource_metadata: 'https://elsewhere.example' })).to.equal(added);
    expect(sent('Bearer', { resource_metadata: url })).to.equal(`Bearer resource_metadata="${url}"`);
    expect(sent('Bearer realm="a"', { resource_metadata: 'https://a"b' })).to.equal(
      'Bearer realm="a", resource_metadata="https://a b"',
    );
  });

  it('takes a parameter from the first source that has it', () => {
    const sources = [undefined, { ...error, scope: undefined }, { scope: 'a' }, { scope: 'b', error: 'other' }];
    expect(sent('Bearer', ...sources)).to.equal('Bearer error="invalid_token", error_description="No", scope="a"');
  });

  it('keeps a parameter that the class names itself, in any case, and sends it once', () => {
    const own = 'DPoP algs="ES256", Error="use_dpop_nonce", SCOPE="own"';
    expect(sent(own, { ...error, scope: 'a' })).to.equal(`${own}, error_description="No"`);
  });

  it('looks for parameters by their names, and not in the values of others', () => {
    const own = 'Bearer realm="see , scope= and , resource_metadata="';
    expect(sent(own, { scope: 'a', resource_metadata: 'https://a.example' })).to.equal(
      `${own}, scope="a", resource_metadata="https://a.example"`,
    );
  });

  const outside = ['"', '\\', '\r', '\n', '\0', '\t', '\u007f', '\u00e4', '\u2028', '\ud83d\ude00'];
  for (const text of outside) {
    it(`sends a space for what RFC 6750 does not allow: ${JSON.stringify(text)}`, () => {
      const spaces = ' '.repeat(text.length);
      expect(writeChallenge(challenge('Bearer', { realm: `a${text}b` }))).to.equal(`Bearer realm="a${spaces}b"`);
      const parameters = { error: `a${text}b`, error_description: `a${text}b`, scope: `a${text}b` };
      expect(sent('Bearer', parameters)).to.equal(
        `Bearer error="a${spaces}b", error_description="a${spaces}b", scope="a${spaces}b"`,
      );
    });
  }

  it('sends every character that RFC 6750 allows as it is', () => {
    const codes = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
    const allowed = codes.filter(character => character !== '"' && character !== '\\').join('');
    expect(writeChallenge(challenge('Bearer', { realm: allowed }))).to.equal(`Bearer realm="${allowed}"`);
  });

  const carriers: [string, boolean][] = [
    ['Bearer', true],
    ['bearer realm="api"', true],
    ['DPoP algs="ES256"', true],
    ['Basic realm="api"', false],
    ['BearerToken realm="api"', false],
    ['ApiKey realm="Bearer"', false],
    ['Bearer realm="a", DPoP algs="ES256"', false],
  ];
  for (const [text, carries] of carriers) {
    it(`${carries ? 'may' : 'must not'} carry an error: ${text}`, () => {
      expect(carriesErrors(offeredChallenge(text)!)).to.equal(carries);
    });
  }

  it('is left out where a class returns nothing or an empty text', () => {
    expect(offeredChallenge(undefined)).to.equal(undefined);
    expect(offeredChallenge('')).to.equal(undefined);
    expect(offeredChallenge(null as never)).to.equal(undefined);
  });
});

describe('A challenge that an authentication class writes itself (RFC 9110 §11.6.1)', () => {
  const read: [text: string, params: [string, string][]][] = [
    ['Bearer', []],
    ['Bearer realm="api"', [['realm', 'api']]],
    ['Bearer   realm="api"', [['realm', 'api']]],
    ['Bearer realm=api', [['realm', 'api']]],
    ['Bearer realm=""', [['realm', '']]],
    ['Bearer realm \t=  "api"', [['realm', 'api']]],
    ["Bearer realm='api'", [['realm', "'api'"]]],
    ['Bearer a="1",b=2 \t,\t c="3"', [['a', '1'], ['b', '2'], ['c', '3']]], // prettier-ignore
    ['Bearer realm="a, b=\\"c\\" \\\\ \\d"', [['realm', 'a, b="c" \\ d']]],
    ['Bearer realm="\u00e4\t"', [['realm', '\u00e4\t']]],
    ['Bearer REALM="api", __proto__=1, 7=x', [['REALM', 'api'], ['__proto__', '1'], ['7', 'x']]], // prettier-ignore
    ["a!#$%&'*+-.^_`|~0 x!#$%&'*+-.^_`|~0=!#$%&'*+-.^_`|~0", [["x!#$%&'*+-.^_`|~0", "!#$%&'*+-.^_`|~0"]]],
  ];
  for (const [text, params] of read)
    it(`is read: ${JSON.stringify(text)}`, () => {
      expect(paramsOf(text)).to.deep.equal(params);
    });

  const unread: [what: string, text: string][] = [
    ['a token68', 'Bearer abc=='],
    ['a token68 without padding', 'Bearer abc'],
    ['a token68 that looks like a parameter without a value', 'Bearer realm='],
    ['several challenges', 'Bearer realm="a", DPoP algs="ES256"'],
    ['several schemes alone', 'Bearer, DPoP'],
    ['a parameter, then another scheme alone', 'Bearer realm="a", Negotiate'],
    ['a parameter that is given twice', 'Bearer scope="a", Scope="b"'],
    ['a quote that is not closed', 'Bearer realm="a'],
    ['a quote that only an escape closes', 'Bearer realm="a\\"'],
    ['text after a quote', 'Bearer realm="a"b'],
    ['no comma', 'Bearer realm="a" scope="b"'],
    ['an empty place in the list', 'Bearer realm="a",, scope="b"'],
    ['a comma at the end', 'Bearer realm="a",'],
    ['a comma at the start', 'Bearer , realm="a"'],
    ['a space at the end', 'Bearer realm="a" '],
    ['a space after a scheme alone', 'Bearer '],
    ['a space at the start', ' Bearer realm="a"'],
    ['a tab after the scheme', 'Bearer\trealm="a"'],
    ['a line break at the end', 'Bearer realm="a"\n'],
    ['a line break in a value', 'Bearer realm="a\r\nX-Other: b"'],
    ['an escaped line break', 'Bearer realm="a\\\nb"'],
    ['a control character in a value', 'Bearer realm="\x7f"'],
    ['a character that no header field can have', 'Bearer realm="\u0101"'],
    ['a URL without quotes', 'Bearer realm=https://api.example.com'],
    ['a name that is no token', 'Bearer r\u00e4alm="a"'],
    ['a parameter without a name', 'Bearer ="a"'],
    ['a scheme that is no token', '"Bearer" realm="a"'],
    ['no text', ''],
  ];
  for (const [what, text] of unread)
    it(`is sent as it is, without an error, where it has ${what}`, () => {
      expect(readChallenge(text)).to.equal(undefined);
      if (text !== '') expect(sent(text, error, { scope: 'a', resource_metadata: 'https://a.example' })).to.equal(text);
    });

  it('keeps its order, its spelling and its quotes when parameters are added', () => {
    expect(sent('bearer  Charset=UTF-8 ,realm = "a \\"b\\" \\\\ \\c"', error)).to.equal(
      'bearer Charset=UTF-8, realm="a \\"b\\" \\\\ c", error="invalid_token", error_description="No"',
    );
  });

  it('gets no parameters where its scheme has none of them', () => {
    const digest = 'Digest realm="a", qop="auth", algorithm=SHA-256, stale=true, nonce="x"';
    expect(sent(digest, error, { scope: 'a', resource_metadata: 'https://a.example' })).to.equal(digest);
  });
});

const characters = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index));
const tokenCharacters = characters(0x21, 0x7e).filter(one => !'"(),/:;<=>?@[\\]{}'.includes(one));
const quotable = ['\t', ...characters(0x20, 0x7e), ...characters(0x80, 0xff)];
const textOf = (from: readonly string[], minLength: number) =>
  fc.string({ unit: fc.constantFrom(...from), minLength, maxLength: 12 });
const token = textOf(tokenCharacters, 1);
const param: fc.Arbitrary<AuthParam> = fc.oneof(
  fc.record({ name: token, value: token, isToken: fc.constant(true) }),
  fc.record({ name: token, value: textOf(quotable, 0), isToken: fc.constant(false) }),
);
const anyChallenge: fc.Arbitrary<Challenge> = fc.record({
  scheme: token,
  params: fc.uniqueArray(param, { selector: ({ name }) => name.toLowerCase(), maxLength: 6 }),
});

describe('Any challenge', () => {
  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(anyChallenge, one => {
        expect(readChallenge(writeChallenge(one))).to.deep.equal(one);
      }),
    );
  });

  it('is not read where a parameter is given twice', () => {
    fc.assert(
      fc.property(anyChallenge, param, ({ scheme, params }, twice) => {
        const others = params.filter(({ name }) => name.toLowerCase() !== twice.name.toLowerCase());
        const again = { ...twice, name: twice.name.toUpperCase() };
        expect(readChallenge(writeChallenge({ scheme, params: [twice, ...others, again] }))).to.equal(undefined);
      }),
    );
  });

  it('stays one challenge, with its own parameters first, when parameters are added', () => {
    const added = fc.record({ error: fc.string(), error_description: fc.string(), scope: fc.string() });
    fc.assert(
      fc.property(anyChallenge, fc.constantFrom('Bearer', 'dpop'), added, ({ params }, scheme, parameters) => {
        const read = readChallenge(writeChallenge(withParameters({ scheme, params }, parameters)));
        expect(read?.params.slice(0, params.length)).to.deep.equal(params);
        expect(read?.params.map(({ name }) => name.toLowerCase())).to.include.members(Object.keys(parameters));
      }),
    );
  });

  const pieces = ['Bearer', 'DPoP', 'realm', '=', '"', '\\', ',', ' ', '\t', '\r\n', '==', 'a', '\u00e4', '\u0101'];
  const junk = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...pieces), maxLength: 40 }),
  );

  it('of junk is read without throwing, and what is read stays the same', () => {
    fc.assert(
      fc.property(junk, text => {
        const read = readChallenge(text);
        if (read !== undefined) expect(readChallenge(writeChallenge(read))).to.deep.equal(read);
      }),
      { numRuns: 1000 },
    );
  });

  it('of junk that is not read is sent as it is', () => {
    fc.assert(
      fc.property(junk, text => {
        fc.pre(text !== '' && readChallenge(text) === undefined);
        expect(sent(text, error, { scope: 'a' })).to.equal(text);
      }),
    );
  });

  it('is read in a time that grows with its length only', () => {
    const parts = ['a="', 'a=b,', '\\"', ' ', 'a ', 'a', '="",'];
    for (const part of parts)
      // A time that grows with the square of this length is hours.
      readChallenge(`Bearer ${part.repeat(1_000_000)}\n`);
  });
});
