import { expect } from 'chai';
import { isJwtShaped, objectsIn, parseCompactJws } from '../../../src/core/jws/compact-jws';
import { InvalidToken } from '../../../src/core/http/exceptions';
import { base64url } from '../../issuer/test-issuer';

const header = base64url({ alg: 'ES256' });
const claims = base64url({ sub: 'alice' });
const signature = 'c2lnbmF0dXJl';
const largest = 100_000;

function parse(token: string) {
  return parseCompactJws(token, largest);
}

function withHeader(json: string | Buffer) {
  return `${Buffer.from(json).toString('base64url')}.${claims}.${signature}`;
}

function withClaims(json: string | Buffer) {
  return `${header}.${Buffer.from(json).toString('base64url')}.${signature}`;
}

function expectMalformed(token: string): void {
  expect(() => parse(token)).to.throw(InvalidToken, /^The access token is (?:malformed|encrypted|opaque, not a JWT)$/);
}

const forms: readonly (readonly [title: string, reason: string, token: string])[] = [
  ['a random text', 'token_opaque', '2YotnFZFEjr1zCsicMWpAA'],
  ['a random text with a dot', 'token_opaque', 'ory_at_abc.def-ghi'],
  ['a random text of three parts', 'token_opaque', 'v4.public.abcd'],
  ['five parts, the first of them no JSON', 'token_opaque', 'a.b.c.d.e'],
  ['five parts, the first of them a JSON array', 'token_opaque', `${base64url([])}.b.c.d.e`],
  ['a first part that is the JSON null', 'token_opaque', `${base64url('null')}.b.c`],
  ['a JWE', 'token_encrypted', `${base64url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
  ['a JWE with a key that is agreed on', 'token_encrypted', `${base64url({ alg: 'dir', enc: 'A256GCM' })}..b.c.d`],
  ['a JWT without its signature', 'token_malformed', `${header}.${claims}.`],
  ['a JWE with an empty part in front', 'token_malformed', `.${base64url({ alg: 'dir' })}.a.b.c.d`],
  ['a JWT with empty parts', 'token_malformed', `.${header}..${claims}..${signature}.`],
  ['five parts, two of them empty', 'token_malformed', `${header}..${claims}..${signature}`],
  ['a JWT that is cut off', 'token_malformed', `${header}.${claims}`],
  ['four parts', 'token_malformed', `${header}.${claims}.a.b`],
  ['six parts', 'token_malformed', `${header}.${claims}.a.b.c.d`],
  ['a JWT with padding', 'token_malformed', `${header}=.${claims}.${signature}`],
  ['a JWT whose claims are no JSON', 'token_malformed', `${header}.abcd.${signature}`],
];

describe('a token that cannot be read', () => {
  for (const [title, reason, token] of forms)
    it(`is named: ${title}`, () => {
      expect(() => parse(token))
        .to.throw(InvalidToken)
        .with.property('reason', reason);
    });
});

describe('isJwtShaped', () => {
  for (const [title, isIt, token] of [
    ['a JWT', true, `${header}.${claims}.${signature}`],
    ['a JWT without its signature', true, `${header}.${claims}.`],
    ['a JWT without its claims', true, `${header}..${signature}`],
    ['a JWT with ten empty parts in front', true, `${'.'.repeat(10)}${header}.${claims}.${signature}`],
    ['a JWT with empty parts between the others', true, `${header}..${claims}...${signature}`],
    ['two parts', false, `${header}.${claims}`],
    ['four parts', false, `${header}.${claims}.${signature}.x`],
    ['a JWE', false, `${header}.a.b.c.d`],
    ['a JWE without an encrypted key', false, `${header}..b.c.d`],
    ['three parts, the first of them no JSON', false, `v4.${claims}.${signature}`],
    ['a text that begins with a dot', false, '.abc'],
    ['nothing but dots', false, '...'],
  ] as const)
    it(`${isIt ? 'takes' : 'does not take'} ${title} for a JWT`, () => {
      expect(isJwtShaped(token)).to.equal(isIt);
    });
});

describe('objectsIn', () => {
  it('finds the header and the claims of a JWT, in their order', () => {
    expect(objectsIn(`.${header}..${claims}.${signature}`)).to.deep.equal([{ alg: 'ES256' }, { sub: 'alice' }]);
  });

  it('finds the claims of a JWT in a JWT, and behind a byte order mark', () => {
    const inner = `${header}.${base64url('\ufeff{"sub":"bob"}')}.${signature}`;
    expect(objectsIn(`${header}.${base64url(inner)}.${signature}`)).to.deep.equal([
      { alg: 'ES256' },
      { alg: 'ES256' },
      { sub: 'bob' },
    ]);
  });

  it('finds nothing in a text that is opaque', () => {
    for (const token of ['', '...', '2YotnFZFEjr1zCsicMWpAA', 'v4.public.abcd', base64url([{ a: 1 }])])
      expect(objectsIn(token), token).to.deep.equal([]);
  });

  it('ends soon for a JWT in a JWT, as deep as a token can have it', () => {
    let token = `${header}.${claims}.${signature}`;
    while (token.length < 75_000) token = `${header}.${base64url(token)}.${signature}`;
    expect(objectsIn(token).at(-1)).to.deep.equal({ sub: 'alice' });
    const begun = process.cpuUsage();
    for (const piece of ['.', 'e.', 'eyJ', '.eyJ9'])
      expect(objectsIn(piece.repeat(100_000 / piece.length))).to.be.an('array');
    expect(process.cpuUsage(begun).user / 1000).to.be.below(2000);
  });
});

describe('parseCompactJws', () => {
  it('takes a token apart', () => {
    const token = `${header}.${claims}.${signature}`;
    const parsed = parse(token);
    expect(parsed.header).to.deep.equal({ alg: 'ES256' });
    expect(parsed.claims).to.deep.equal({ sub: 'alice' });
    expect(parsed.signingInput).to.equal(`${header}.${claims}`);
    expect(parsed.signature.toString()).to.equal('signature');
  });

  it('takes a token that is as long as is allowed, and none that is longer', () => {
    const token = `${header}.${claims}.${signature}`;
    expect(parseCompactJws(token, token.length).claims).to.deep.equal({ sub: 'alice' });
    expect(() => parseCompactJws(token, token.length - 1)).to.throw(InvalidToken, /^The access token is too long$/);
  });

  const spelledOtherwise: [string, string][] = [
    ['one part', header],
    ['two parts', `${header}.${claims}`],
    ['four parts', `${header}.${claims}.${signature}.${signature}`],
    ['five parts', `${header}.${claims}.${signature}.${signature}.${signature}`],
    ['a dot at the end', `${header}.${claims}.${signature}.`],
    ['a dot at the beginning', `.${header}.${claims}.${signature}`],
    ['an empty header', `.${claims}.${signature}`],
    ['empty claims', `${header}..${signature}`],
    ['an empty signature', `${header}.${claims}.`],
    ['nothing but dots', '..'],
    ['nothing', ''],
    ['padding of the header', `${base64url({ a: 1, b: 22 })}=.${claims}.${signature}`],
    ['padding of the signature', `${header}.${claims}.YQ==`],
    ['white space in a part', `${header}.${claims.slice(0, 4)} ${claims.slice(4)}.${signature}`],
    ['a line break in a part', `${header}.${claims.slice(0, 4)}\n${claims.slice(4)}.${signature}`],
    ['a line break at the end', `${header}.${claims}.${signature}\n`],
    ['stray bits at the end of the signature', `${header}.${claims}.YR`],
    ['a character too many in the signature', `${header}.${claims}.YWFhY`],
    ['the other alphabet in the signature', `${header}.${claims}.++//`],
    ['a character of no alphabet', `${header}.${claims}.${signature}!`],
    ['a letter outside of ASCII', `${header}.${claims}.${signature}\u00e4`],
  ];
  for (const [title, token] of spelledOtherwise) {
    it(`refuses ${title}`, () => {
      expectMalformed(token);
    });
  }

  it('refuses every other spelling of the last character', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const accepted = Array.from(alphabet).filter(last => {
      try {
        return parse(`${header}.${claims}.Y${last}`).signature.toString('latin1').startsWith('a');
      } catch {
        return false;
      }
    });
    expect(accepted).to.deep.equal(['Q']);
  });

  it('takes the parts that base64url spells so, and no others', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= ~';
    const endings = Array.from(alphabet).flatMap(one => Array.from(alphabet, other => one + other));
    for (const ending of endings)
      for (const length of [0, 1, 2, 3, 4]) {
        const part = 'YWFh'.slice(0, length) + ending;
        const isSpelledSo = Buffer.from(part, 'base64url').toString('base64url') === part;
        if (isSpelledSo)
          expect(parse(`${header}.${claims}.${part}`).signature).to.deep.equal(Buffer.from(part, 'base64url'));
        else expectMalformed(`${header}.${claims}.${part}`);
      }
  });

  it('refuses a foreign character wherever it stands', () => {
    const token = `${header}.${claims}.${signature}`;
    for (const foreign of ['+', '/', '=', '~', ' ', '\n', '\0', '.', 'ä', 'Ł', '\ud83d'])
      for (let place = 0; place <= token.length; place++) {
        expectMalformed(token.slice(0, place) + foreign + token.slice(place));
        if (token[place] !== '.') expectMalformed(token.slice(0, place) + foreign + token.slice(place + 1));
      }
  });

  const noObjects: [string, string | Buffer][] = [
    ['null', 'null'],
    ['an array', '[{"sub":"alice"}]'],
    ['a number', '7'],
    ['text', '"alice"'],
    ['true', 'true'],
    ['nothing but a space', ' '],
    ['a byte order mark', '\ufeff{}'],
    ['two objects', '{}{}'],
    ['a comma at the end', '{"a":1,}'],
    ['a comment', '{/**/}'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['a nul at the end', '{}\0'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-8 that is longer than needed', Buffer.from([0x7b, 0x22, 0xc0, 0xa2, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
  ];
  for (const [title, json] of noObjects) {
    it(`refuses, for a header or for claims, ${title}`, () => {
      expectMalformed(withHeader(json));
      expectMalformed(withClaims(json));
    });
  }

  const twice: [string, string][] = [
    ['a member twice', '{"sub":"alice","sub":"bob"}'],
    ['a member twice with one value', '{"sub":"alice","sub":"alice"}'],
    ['a member twice, once escaped', '{"sub":"alice","\\u0073ub":"bob"}'],
    ['a member twice, escaped in two ways', '{"\\u002F":1,"\\/":2}'],
    ['a member twice in a member', '{"a":{"b":1,"b":2}}'],
    ['a member twice in a list', '{"a":[[{"b":1,"b":2}]]}'],
    ['a member twice with objects', '{"a":{"x":1},"a":{"y":2}}'],
    ['an empty name twice', '{"":1,"":2}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['__proto__ twice, once escaped', '{"__proto__":1,"\\u005f_proto__":2}'],
    ['a member twice beside colons in text', '{"a:b":"c:d","a:b":"\\":"}'],
  ];
  for (const [title, json] of twice) {
    it(`refuses, in a header or in claims, ${title}`, () => {
      expectMalformed(withHeader(json));
      expectMalformed(withClaims(json));
    });
  }

  const once = [
    '{}',
    ' {"a" : 1}\n',
    '{"sub":"alice","Sub":"bob","s\\u0000ub":"carol"}',
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
    '{"a":"\\"b\\":\\"c\\"","d\\\\":"e\\\\"}',
    '{"a:b":"c:d","{":"}","[":"]"}',
    '{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":"x"}',
    '{"\\ud83d\\ude00":"\ud83d\ude00","lone":"\\ud800"}',
    '{"10":1,"9":2,"a":[1,2,[3,[]],{}]}',
  ];
  for (const json of once) {
    it(`takes what stands once: ${JSON.stringify(json)}`, () => {
      expect(parse(withClaims(json)).claims).to.deep.equal(JSON.parse(json));
      expect(parse(withHeader(json)).header).to.deep.equal(JSON.parse(json));
    });
  }

  it('takes names of the language for names', () => {
    const { claims } = parse(withClaims('{"__proto__":{"admin":true},"constructor":1}'));
    expect(Object.keys(claims)).to.deep.equal(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(claims)).to.equal(Object.prototype);
    expect(claims['admin']).to.equal(undefined);
    expect(({} as Record<string, unknown>)['admin']).to.equal(undefined);
  });

  it('freezes what it found, to the bottom', () => {
    const { header, claims } = parse(withClaims('{"a":{"b":[{"c":1}]}}'));
    const { a } = claims as { a: { b: { c: number }[] } };
    for (const part of [header, claims, a, a.b, a.b[0]]) expect(Object.isFrozen(part)).to.equal(true);
  });

  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    it(`can be given 10,000 times ${open}`, () => {
      const deep = open.repeat(10_000) + '1' + close.repeat(10_000);
      expect(Object.keys(parse(withClaims(`{"sub":${deep}}`)).claims)).to.deep.equal(['sub']);
      expectMalformed(withClaims(`{"sub":${open.repeat(10_000)}1}`));
    });
  }
});
