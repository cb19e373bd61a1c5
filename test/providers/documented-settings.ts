/** The settings of the pages about providers, as they stand there. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import type { SettingsInput } from 'axioms-routing-controllers';

export const root = resolve(__dirname, '../../..');

/** The pages that have settings, by their path in the repository. */
export const pages: readonly string[] = [
  'docs/providers.md',
  ...readdirSync(join(root, 'docs/providers')).map(name => `docs/providers/${name}`),
];

/** All of them as one text. */
export const page = pages.map(name => readFileSync(join(root, name), 'utf8')).join('\n');

/** The TypeScript of the page, one text a block. */
export const snippets: readonly string[] = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code as string,
);

/** By the name of their constant. */
export const documentedSettings: ReadonlyMap<string, SettingsInput> = new Map(snippets.map(readSnippet));

function readSnippet(code: string): readonly [string, SettingsInput] {
  const [, name] = /^const (\w+): SettingsInput = \{/.exec(code) ?? [];
  if (name === undefined) throw new Error(`This snippet of the pages about providers has no settings: ${code}`);
  const script = ts.transpile(code, { target: ts.ScriptTarget.ES2022 });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- text of this repository
  const read = new Function(`${script}; return ${name};`) as () => SettingsInput;
  return [name, read()];
}
