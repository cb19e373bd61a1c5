/** Renews what is generated in the pages: `npm run docs:generate`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, renewed } from './page';
import { root } from './source';

async function main(): Promise<void> {
  for (const page of pages()) {
    const text = await renewed(page);
    if (text === readFileSync(join(root, page), 'utf8')) continue;
    writeFileSync(join(root, page), text);
    console.log(`${page} was renewed`);
  }
}

void main();
