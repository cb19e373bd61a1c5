/** The parts of the pages that are made of tables in the source. */
import { commands } from '../../src/cli/command-line';
import { settingsTable } from '../../src/core/settings/settings';
import { optionsTable } from '../../src/microservice/options';
import type { Explained } from '../../src/cli/token-reasons';
import { errorCodes, reasons, textsOf } from './answers';
import { providerPages, tokensOf } from './providers';
import { citationsIn, messagesOf, type Message } from './source';
import { table } from './table';

/** By the name in `<!-- begin NAME -->`. */
export const regions: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['setting', 'variable', 'default', 'meaning'],
      Object.entries<{ variable?: string; defaultText: string; meaning: string }>(settingsTable).map(
        ([name, { variable, defaultText, meaning }]) => [
          code(name),
          variable ? code(variable) : '–',
          defaultText,
          meaning,
        ],
      ),
    ),
  options: () =>
    table(
      ['option', 'default', 'meaning'],
      Object.entries(optionsTable).map(([name, { defaultText, meaning }]) => [code(name), defaultText, meaning]),
    ),
  commands: () =>
    table(
      ['command', 'what it does'],
      commands.map(({ usage, summary }) => [code(`axioms ${usage}`).replaceAll('|', '\\|'), summary]),
    ),
  'error-codes': () =>
    table(
      ['`error`', 'status', 'cause', 'fix'],
      Object.entries(errorCodes).map(([name, { status, cause, fix }]) => [code(name), status, cause, fix]),
    ),
  reasons: () =>
    table(
      ['`reason`', '`error_description`', 'cause', 'fix'],
      Object.entries<Explained>(reasons).map(([name, { cause, fix }]) => [code(name), describedBy(name), cause, fix]),
    ),
  startup: () => groups.map(({ title, cause, of }) => `### ${title}\n\n${cause}\n\n${listOf(of)}`).join('\n\n'),
  ...Object.fromEntries(
    Object.entries(providerPages).map(([page, names]) => [`provider-${page}`, () => tokensOf(names)]),
  ),
  rfcs: () => table(['section', 'where it is implemented', 'where it is tested'], sections()),
};

function describedBy(reason: string): string {
  const texts = messagesOf('InvalidToken').filter(message => message.reason === reason);
  return [...new Set(texts.map(({ text }) => text))].join('<br>');
}

const groups: readonly { readonly title: string; readonly cause: string; readonly of: RegExp }[] = [
  {
    title: 'Settings',
    cause: 'A setting has a wrong value or a wrong name, or contradicts another one.',
    of: /^src\/(?:core|authentication)\//,
  },
  {
    title: 'Rules',
    cause: 'A rule is missing, empty, misspelled, hidden, or cannot be decided.',
    of: /^src\/(?:permissions|views|decorators|throttling)\//,
  },
  {
    title: 'Servers and controllers',
    cause: 'A controller, a route, the container or the compiler does not fit.',
    of: /^src\/routing-controllers\//,
  },
  {
    title: 'Object filters',
    cause: 'A filter cannot be compiled for a query without changing what it selects.',
    of: /^src\/filters\//,
  },
  {
    title: 'Stores in Redis',
    cause: 'A store was given a client or an option that it cannot use.',
    of: /^src\/redis\//,
  },
  { title: 'The token microservice', cause: 'An option of the microservice is wrong.', of: /^src\/microservice\// },
  {
    title: 'Documents, metrics, tests and the command line',
    cause: 'An optional part was called with something that it cannot use.',
    of: /^src\/(?:openapi|opentelemetry|prometheus|testing|cli)\//,
  },
];

/** Says in which group a message stands; `undefined` would leave it out of the page. */
export function groupOf({ file }: Message): string | undefined {
  return groups.find(({ of }) => of.test(file))?.title;
}

function listOf(of: RegExp): string {
  const messages = messagesOf('ImproperlyConfigured').filter(({ file }) => of.test(file));
  const lines = messages.flatMap(message =>
    wholeTexts(message).map(text => `- ${escaped(text)} (\`${message.file}\`)`),
  );
  return [...new Set(lines)].sort().join('\n');
}

/** The text itself, or what it may be if it is made elsewhere. */
export function wholeTexts({ text, file }: Message): readonly string[] {
  const isText = text.replace(/[…\W]/g, '').length >= 10;
  return isText ? [text] : (textsOf[file] ?? []);
}

// A template of Vue, and an element of HTML, would be read as such.
function escaped(text: string): string {
  return text.replace(/[<>{}*_[\]`|\\]/g, character => `&#${character.charCodeAt(0)};`).replaceAll('\n', ' ');
}

function sections(): readonly (readonly string[])[] {
  const [implemented, tested] = [citationsIn('src'), citationsIn('test')];
  return [...implemented]
    .sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }))
    .map(([section, files]) => [section, listed(files), listed(testsOf(section, tested))]);
}

/** A test that cites a part of a section is about the section. */
function testsOf(section: string, tested: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const files = [...tested].flatMap(([cited, names]) =>
    cited === section || cited.startsWith(`${section}.`) || (!section.includes('§') && cited.startsWith(`${section} `))
      ? names
      : [],
  );
  return [...new Set(files)].filter(name => name.endsWith('.test.ts'));
}

function listed(files: readonly string[]): string {
  return files.length === 0 ? '–' : files.map(code).join('<br>');
}

function code(text: string): string {
  return `\`${text}\``;
}
