/** The settings of docs/providers.md, as they stand there. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import type { SettingsInput } from 'axioms-routing-controllers';

export const root = resolve(__dirname, '../../..');
export const page = readFileSync(join(root, 'docs/providers.md'), 'utf8');

/** The TypeScript of the page, one text a block. */
export const snippets: readonly string[] = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code as string,
);

/** By the name of their constant. */
export const documentedSettings: ReadonlyMap<string, SettingsInput> = new Map(snippets.map(readSnippet));

function readSnippet(code: string): readonly [string, SettingsInput] {
  const [, name] = /^const (\w+): SettingsInput = \{/.exec(code) ?? [];
  if (name === undefined) throw new Error(`This snippet of docs/providers.md has no settings: ${code}`);
  const script = ts.transpile(code, { target: ts.ScriptTarget.ES2022 });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- text of this repository
  const read = new Function(`${script}; return ${name};`) as () => SettingsInput;
  return [name, read()];
}
