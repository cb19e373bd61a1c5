import { expect } from 'chai';
import { carriesErrors, challenge, withError, withResourceMetadata } from '../../src/core/challenge';

describe('challenge', () => {
  it('names the scheme and the realm', () => {
    expect(challenge('Bearer', 'books of the house')).to.equal('Bearer realm="books of the house"');
  });

  it('adds the error, its description and the scopes in this order', () => {
    const parameters = { scope: 'a b', error_description: 'No', error: 'insufficient_scope' };
    expect(withError('Bearer realm="api"', parameters)).to.equal(
      'Bearer realm="api", error="insufficient_scope", error_description="No", scope="a b"',
    );
  });

  it('begins the parameters of a scheme that has none yet', () => {
    expect(withError('Bearer', { error: 'invalid_token', error_description: 'No' })).to.equal(
      'Bearer error="invalid_token", error_description="No"',
    );
  });

  it('adds the address of the metadata as the last parameter, once', () => {
    const url = 'https://api.example.com/.well-known/oauth-protected-resource';
    const error = withError('Bearer realm="api"', { error: 'invalid_token', error_description: 'No' });
    const added = withResourceMetadata(error, url);
    expect(added).to.equal(
      `Bearer realm="api", error="invalid_token", error_description="No", resource_metadata="${url}"`,
    );
    expect(withResourceMetadata(added, 'https://elsewhere.example')).to.equal(added);
    expect(withResourceMetadata('Bearer', url)).to.equal(`Bearer resource_metadata="${url}"`);
    expect(withResourceMetadata('Bearer realm="a"', 'https://a"b')).to.equal(
      'Bearer realm="a", resource_metadata="https://a b"',
    );
  });

  const outside = ['"', '\\', '\r', '\n', '\0', '\t', '\u007f', '\u00e4', '\u2028', '\ud83d\ude00'];
  for (const text of outside) {
    it(`sends a space for what RFC 6750 does not allow: ${JSON.stringify(text)}`, () => {
      const spaces = ' '.repeat(text.length);
      expect(challenge('Bearer', `a${text}b`)).to.equal(`Bearer realm="a${spaces}b"`);
      const parameters = { error: `a${text}b`, error_description: `a${text}b`, scope: `a${text}b` };
      expect(withError('Bearer', parameters)).to.equal(
        `Bearer error="a${spaces}b", error_description="a${spaces}b", scope="a${spaces}b"`,
      );
    });
  }

  it('sends every character that RFC 6750 allows as it is', () => {
    const codes = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
    const allowed = codes.filter(character => character !== '"' && character !== '\\').join('');
    expect(challenge('Bearer', allowed)).to.equal(`Bearer realm="${allowed}"`);
  });

  const carriers: [string, boolean][] = [
    ['Bearer', true],
    ['bearer realm="api"', true],
    ['DPoP algs="ES256"', true],
    ['Basic realm="api"', false],
    ['BearerToken realm="api"', false],
    ['ApiKey realm="Bearer"', false],
  ];
  for (const [text, carries] of carriers) {
    it(`${carries ? 'may' : 'must not'} carry an error: ${text}`, () => {
      expect(carriesErrors(text)).to.equal(carries);
    });
  }
});
