/** A page, with what is generated in it as it has to be. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve, dirname } from 'node:path';
import type * as Prettier from 'prettier';
import { regions } from './regions';
import { root } from './source';

/** Returns the pages of the documentation, by their path in the repository. */
export function pages(): readonly string[] {
  return readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map(name => `docs/${name.replaceAll('\\', '/')}`)
    .filter(name => name.endsWith('.md') && !/node_modules|\.vitepress/.test(name))
    .sort();
}

/** Returns the page with its generated parts renewed, formatted as all pages are. */
export async function renewed(page: string): Promise<string> {
  const before = readFileSync(join(root, page), 'utf8');
  const text = withCode(withRegions(before, page), page);
  if (text === before) return before;
  const prettier = (await import('prettier')) as typeof Prettier;
  const options = await prettier.resolveConfig(join(root, page));
  return prettier.format(text, { ...options, parser: 'markdown' });
}

function withRegions(text: string, page: string): string {
  return text.replace(
    /(<!-- begin ([\w-]+) -->\n)[^]*?(\n<!-- end \2 -->)/g,
    (_, begin: string, name: string, end: string) => {
      const make = regions[name];
      if (make === undefined) throw new Error(`${page} has the region '${name}', which nothing makes.`);
      return `${begin}\n${make()}\n${end}`;
    },
  );
}

/** A block of code below `<!-- code FILE -->` is that file, or below `<!-- code FILE#NAME -->` a region of it. */
function withCode(text: string, page: string): string {
  return text.replace(
    /(<!-- code (\S+) -->\n\n?)```(\w+)\n[^]*?^```$/gm,
    (_, begin: string, place: string, language: string) => {
      const [file = '', region] = place.split('#');
      return `${begin}\`\`\`${language}\n${codeOf(resolve(root, dirname(page), file), region)}\n\`\`\``;
    },
  );
}

function codeOf(file: string, region: string | undefined): string {
  const text = readFileSync(file, 'utf8');
  if (region === undefined) return text.trim();
  const [, indent, found] =
    new RegExp(`^( *)// #region ${region}\\n([^]*?)\\n *// #endregion ${region}$`, 'm').exec(text) ?? [];
  if (found === undefined) throw new Error(`${file} has no region '${region}'.`);
  return found.replaceAll(new RegExp(`^${indent ?? ''}`, 'gm'), '');
}
