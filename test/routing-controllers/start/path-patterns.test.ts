/** The path that stands for all that a regex takes: the start compares rules of routes by it. */
import { expect } from 'chai';
import { exampleOf } from '../../../src/routing-controllers/start/path-patterns';

const options = { isCaseSensitive: false, isStrict: false };

describe('the example of a regex path', () => {
  for (const [pattern, example] of [
    [/^\/books$/, '/books'],
    [/^\/books\/\d+$/, '/books/1'],
    [/^\/books\/\d{3}$/, '/books/111'],
    [/^\/books\/[a-f]?$/, '/books/'],
    [/^\/bo{0}ks$/, '/bks'],
    [/^\/bo{0,3}ks$/, '/bks'],
    [/^\/(?:books|papers)$/, '/books'],
    [/^\/b.?oks$/, '/boks'],
    [/^\/(?=b)books$/, '/books'],
    [/^\/(?!papers(?:x|y))(\w+)(?<!z)$/, '/1'],
  ] as const)
    it(`of ${String(pattern)} is ${example}`, () => {
      expect(exampleOf(pattern, options)).to.equal(example);
    });

  for (const pattern of [/^\/(b)\1$/, new RegExp('^/[[a-z]--b]oks$', 'v'), new RegExp('^/books$', 'v')])
    it(`of ${String(pattern)} is not there`, () => {
      expect(exampleOf(pattern, options)).to.equal(undefined);
    });
});
