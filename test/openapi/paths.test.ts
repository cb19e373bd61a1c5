import { expect } from 'chai';
import { pathTemplates } from '../../src/openapi/paths';

const templates = (path: string | RegExp, prefix = ''): string[] => pathTemplates(path, prefix).map(one => one.path);

describe('Express paths as templates', () => {
  for (const [path, ...expected] of [
    ['/', '/'],
    ['/books', '/books'],
    ['/books/', '/books'],
    ['//books', '/books'],
    ['/books/:id', '/books/{id}'],
    ['/books/:id/pages/:page', '/books/{id}/pages/{page}'],
    ['/books/:from-:to', '/books/{from}-{to}'],
    ['/books/:id.json', '/books/{id}.json'],
    ['/books/:book/:book', '/books/{book}/{book1}'],
    // Express 5
    ['/*splat', '/{splat}'],
    ['/files/*path', '/files/{path}'],
    ['/books{/:id}', '/books/{id}', '/books'],
    ['/a{/b{/c}}', '/a/b/c', '/a/b', '/a'],
    ['/:"odd name"', '/{odd_name}'],
    ['/a\\:b', '/a:b'],
    // Express 4
    ['/books/:id(\\d+)', '/books/{id}'],
    ['/books/:id?', '/books/{id}', '/books'],
    ['/books/:id(\\d+(?:-\\d+)?)/x', '/books/{id}/x'],
    ['*', '/{path}'],
    ['/files/(.*)', '/files/{group}'],
    ['/colou?r', '/colour', '/color'],
    ['/a(b', '/a{group}'],
    ['/a b?c', '/a%20bc', '/a%20c'],
  ] as const)
    it(`${path} is ${expected.join(' and ')}`, () => {
      expect(templates(path)).to.deep.equal(expected);
    });

  it('keeps the pattern of a parameter, and says what a wildcard takes', () => {
    expect(pathTemplates('/books/:id(\\d+)', '')[0]?.parameters).to.deep.equal([{ name: 'id', pattern: '^(?:\\d+)$' }]);
    expect(pathTemplates('/*splat', '')[0]?.parameters[0]?.description).to.contain('slashes');
  });

  it('show where a regex begins, and its text', () => {
    const [template] = pathTemplates(/^\/files\/(?:\d+)\/?$/, '/files');
    expect(template?.path).to.equal('/files/{match}');
    expect(template?.remark).to.contain('\\d+');
    expect(templates(/^\/x/)).to.deep.equal(['/{match}']);
    const below = pathTemplates(/^\/of\/(?<tenant>[^/]+?)(?:\/\d+)\/?$/, '/of/:tenant');
    expect(below.map(({ path, parameters }) => [path, ...parameters.map(({ name }) => name)])).to.deep.equal([
      ['/of/{tenant}/{match}', 'tenant', 'match'],
    ]);
  });

  it('does not list a thousand variants', () => {
    const path = Array.from({ length: 30 }, (_, index) => `{/p${index}}`).join('');
    expect(templates(path).length).to.be.within(2, 16);
  });
});
