import { expect } from 'chai';
import fc from 'fast-check';
import { isSameUri, normalUri, targetUris } from '../../../src/core/proofs/http-uri';

describe('the normal form of a URI (RFC 3986 §6.2)', () => {
  for (const [uri, normal] of [
    ['https://a.example', 'https://a.example/'],
    ['HTTPS://A.Example:443/b', 'https://a.example/b'],
    ['http://a.example:80/b', 'http://a.example/b'],
    ['http://a.example:443/b', 'http://a.example:443/b'],
    ['https://a.example:/b', 'https://a.example/b'],
    ['https://a.example/%7eb%2f%2F', 'https://a.example/~b%2F%2F'],
    ['https://a.example/%zz', 'https://a.example/%zz'],
    ['https://a.example/a/./b/../c', 'https://a.example/a/c'],
    ['https://a.example/a/b/..', 'https://a.example/a/'],
    ['https://a.example/a/.', 'https://a.example/a/'],
    ['https://a.example/..', 'https://a.example/'],
    ['https://a.example/../..//b', 'https://a.example//b'],
    ['https://a.example/a//b', 'https://a.example/a//b'],
    ['https://a.example/%2e%2E/b', 'https://a.example/b'],
    ['https://a.example/b?c#d', 'https://a.example/b'],
    ['https://a.example#d', 'https://a.example/'],
    ['https://[::1]:8443/b', 'https://[::1]:8443/b'],
  ] as const)
    it(`of ${uri} is ${normal}`, () => {
      expect(normalUri(uri)).to.equal(normal);
    });

  for (const uri of [
    '',
    'a.example/b',
    '//a.example/b',
    '/b',
    'ftp://a.example/b',
    'https:/a.example',
    'https:a.example',
    'https://',
    'https://u@a.example/b',
    'https://a.example\\b',
    'https://a.example/b\\c',
    'https://a.example/b c',
    'https://a.example/é',
    ' https://a.example/',
    'https://a.example/\n',
    'https://a.exa\tmple/',
    'https://a.example:99999/',
    'https://%zz/',
  ])
    it(`does not exist for ${JSON.stringify(uri)}`, () => {
      expect(normalUri(uri)).to.equal(undefined);
    });

  it('is the same of the normal form, and never throws', () => {
    const part = fc.stringMatching(/^[-a-z%2eEfF./:?#@ ~]*$/);
    fc.assert(
      fc.property(fc.oneof(part, fc.string(), fc.webUrl()), text => {
        const normal = normalUri(`https://a.example/${text}`) ?? normalUri(text);
        if (normal !== undefined) expect(normalUri(normal)).to.equal(normal);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with the URL of the platform about host, port and dot segments', () => {
    fc.assert(
      fc.property(fc.webUrl(), text => {
        const { origin, pathname } = new URL(text);
        const normal = normalUri(text);
        expect(normal).to.equal(normalUri(origin + pathname));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the URI of a target', () => {
  const externalUrl = 'https://example.com/api';
  for (const [target, uri] of [
    ['/books', 'https://example.com/api/books'],
    ['/books?a=b', 'https://example.com/api/books'],
    ['/', ['https://example.com/api/', 'https://example.com/api']],
    ['/?a=b', ['https://example.com/api/', 'https://example.com/api']],
    ['//', 'https://example.com/api//'],
    ['//evil.example/books', 'https://example.com/api//evil.example/books'],
    ['http://evil.example/books', 'https://example.com/api/books'],
    ['HTTP://evil.example', ['https://example.com/api/', 'https://example.com/api']],
    ['http://evil.example:8080?a=/x', ['https://example.com/api/', 'https://example.com/api']],
    ['http://[::1]:80/books', 'https://example.com/api/books'],
    ['http://u@evil.example/books', undefined],
    ['http:///books', undefined],
    ['http://evil.example:8a/books', undefined],
    ['http://evil.example;admin/books', undefined],
    ["http://evil.example'admin/books", undefined],
    ['http://evil.example%2fadmin/books', undefined],
    ['http://evil.example\\admin/books', undefined],
    ['ftp://evil.example/books', undefined],
    ['/files/../books', undefined],
    ['/files/..', undefined],
    ['/files/./books', undefined],
    ['/.', undefined],
    ['/files/%2E%2e/books', undefined],
    ['/files/.%2e/books', undefined],
    ['/files/x/../../books', undefined],
    ['http://evil.example/files/../books', undefined],
    ['/files/..?a', undefined],
    ['/files/.../books', 'https://example.com/api/files/.../books'],
    ['/files/..a/b../.c', 'https://example.com/api/files/..a/b../.c'],
    ['/books?a=/../b', 'https://example.com/api/books'],
    ['*', undefined],
    ['evil.example:443', undefined],
  ] as const)
    it(`${target} is ${String(uri)}`, () => {
      const uris = uri === undefined ? [] : [uri].flat();
      expect(targetUris(externalUrl, target)).to.deep.equal(uris);
      expect(targetUris(`${externalUrl}/`, target)).to.deep.equal(uris);
    });

  it('is no other one: a path of another host, a path above that of the app', () => {
    const [uri = ''] = targetUris(externalUrl, '/books');
    expect(isSameUri('https://example.com/api/x/../books', uri)).to.equal(true);
    for (const htu of ['https://example.com/books', 'https://example.com/api/../books', 'https://example.com/apibooks'])
      expect(isSameUri(htu, uri)).to.equal(false);
  });
});
