/** What the pages have of the source is as the source has it, and nothing of the source is missing. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from 'axioms-routing-controllers';
import { errorCodes } from '../../docs/generate/answers';
import { pages, renewed } from '../../docs/generate/page';
import { groupOf, wholeTexts } from '../../docs/generate/regions';
import { filesIn, messagesOf, root } from '../../docs/generate/source';

describe('the generated parts of the documentation', function () {
  this.timeout(60_000);

  for (const page of pages())
    it(`are up to date: ${page}`, async () => {
      const text = await renewed(page);
      expect(readFileSync(join(root, page), 'utf8') === text, 'run npm run docs:generate').to.equal(true);
    });

  it('explain every error code that a class of the source has', () => {
    const codes = filesIn('src').flatMap(file =>
      [
        ...readFileSync(join(root, file), 'utf8').matchAll(
          /^ {2}(?:static )?(?:override )?readonly code(?:: string)? = '(\w+)'/gm,
        ),
      ].map(([, code]) => code),
    );
    expect(codes).to.have.length.greaterThan(8);
    expect([...new Set(codes)].filter(code => !Object.hasOwn(errorCodes, code ?? ''))).to.deep.equal([]);
    expect(Object.keys(errorCodes)).to.include(new library.InvalidToken().code);
  });

  it('have every startup error, with its text', () => {
    const messages = messagesOf('ImproperlyConfigured');
    const sites = filesIn('src').flatMap(
      file => readFileSync(join(root, file), 'utf8').match(/new ImproperlyConfigured\(/g) ?? [],
    );
    expect(messages).to.have.lengthOf(sites.length);
    expect(messages.filter(message => groupOf(message) === undefined)).to.deep.equal([]);
    expect(messages.filter(message => wholeTexts(message).length === 0).map(({ file }) => file)).to.deep.equal([]);
  });

  it('have every reason for which a token is refused, with a text', () => {
    const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
    const messages = messagesOf('InvalidToken').filter(({ reason }) => reason !== undefined);
    expect(messages).to.have.length.greaterThan(20);
    expect(messages.filter(({ text }) => !page.includes(text))).to.deep.equal([]);
  });
});
