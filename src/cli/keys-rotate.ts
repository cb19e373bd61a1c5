/** `axioms keys rotate`: creates the next signing key of a token microservice. */
import { parseArgs } from 'node:util';
import type { Microservice, NewSigningKey } from '../microservice';
import type { Command } from './command';
import { loadMicroservice } from './microservice-module';
import { progressOn } from './progress';
import { printable, type Terminal } from './terminal';
import { UsageError } from './usage-error';

const options = {
  overlap: { type: 'string' },
  json: { type: 'boolean', default: false },
  export: { type: 'string' },
} as const;

export const keysRotate: Command = {
  name: 'keys rotate',
  options,
  usage: 'keys rotate microservice.js [--overlap SECONDS] [--json] [--export NAME]',
  summary:
    'Makes the next signing key of a token microservice: published at once, signing after the overlap (default: the option signingKeyOverlap). --overlap 0: a key has leaked; the next one signs at once, and every earlier one is withdrawn with its tokens. Exit code 1: the keys could not be changed.',
  async run(parameters, terminal) {
    const { values, positionals } = parseArgs({ args: [...parameters], options, allowPositionals: true });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new UsageError('Name one file that exports the microservice.');
    const overlap = values.overlap === undefined ? undefined : secondsIn(values.overlap);
    const microservice = await loadMicroservice(file, values.export, terminal);
    return rotate(
      microservice,
      overlap,
      made => {
        terminal.write(values.json ? inJson(made) : inText(made, overlap));
      },
      terminal,
    );
  },
};

function secondsIn(text: string): number {
  const seconds = /^\d{1,9}(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
  if (seconds === undefined) throw new UsageError(`--overlap is '${printable(text)}'; expected seconds, 0 or more.`);
  return seconds;
}

async function rotate(
  microservice: Microservice,
  overlap: number | undefined,
  tell: (made: NewSigningKey) => void,
  terminal: Terminal,
): Promise<number> {
  try {
    const progress = progressOn(terminal);
    tell(await progress('waiting for the store of the keys', () => microservice.rotateKeys(overlap)));
    return 0;
  } catch (error) {
    if (!isOutage(error)) throw error;
    terminal.writeError(`axioms: The keys were not changed: ${printable(error.message)}. Is the store reachable?\n`);
    return 1;
  } finally {
    await microservice.close();
  }
}

// Compares the name, because the app may have its own copy of the library.
function isOutage(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ServiceUnavailable';
}

const kept =
  'The keys before it are published until the last of their tokens has expired; the next rotation takes them out of the store.';

const withdrawn =
  'The keys before it are withdrawn. The API of the microservice refuses their tokens after about two minutes, other resource servers when they fetch the keys again (setting jwksRefreshInterval).';

const timeOf = ({ activeFrom }: NewSigningKey): string => new Date(activeFrom).toISOString();

function inJson(made: NewSigningKey): string {
  return `${JSON.stringify({ kid: made.kid, activeFrom: timeOf(made) }, null, 2)}\n`;
}

function inText(made: NewSigningKey, overlap: number | undefined): string {
  return `${[
    `The next signing key is ${printable(made.kid)}.`,
    `It is published now, and signs from ${timeOf(made)} on.`,
    overlap === 0 ? withdrawn : kept,
  ].join('\n')}\n`;
}
