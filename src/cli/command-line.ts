/** Runs a command of the table, and reports the errors that it throws. */
import { ImproperlyConfigured } from '../core/http/exceptions';
import { thisCopy } from '../core/process/copies';
import type { Command } from './command';
import { completionOf } from './completion';
import { doctor } from './doctor';
import { explain } from './explain';
import { init } from './init';
import { keysRotate } from './keys-rotate';
import { routes } from './routes';
import type { Terminal } from './terminal';
import { tokenDecode } from './token-decode';
import { UsageError } from './usage-error';

/** All commands. To add one, add it here. */
export const commands: readonly Command[] = [
  routes,
  doctor,
  explain,
  tokenDecode,
  keysRotate,
  init,
  completionOf(() => commands),
];

const exitCodes = `axioms --version shows the version, axioms COMMAND --help the options of a command.

Exit codes:
  0  success
  1  a request is refused, a check fails, or rules prevent startup
  2  the command is not understood or cannot run
`;

/**
 * Runs a command line.
 *
 * @returns the exit code: 0 for success, 1 if a check fails, 2 if the command is not understood or cannot run
 */
export async function runCommandLine(parameters: readonly string[], terminal: Terminal): Promise<number> {
  if (parameters.length === 0 || ['--help', '-h', 'help'].includes(parameters[0] ?? '')) {
    terminal.write(help());
    return parameters.length === 0 ? 2 : 0;
  }
  if (['--version', '-v'].includes(parameters[0] ?? '')) return say(terminal, `${thisCopy.version}\n`);
  const command = commands.find(({ name }) => startsWith(parameters, name));
  try {
    if (command === undefined) throw new UsageError(`There is no command '${parameters[0] ?? ''}'.\n\n${help()}`);
    const own = parameters.slice(command.name.split(' ').length);
    if (own.includes('--help') || own.includes('-h')) return say(terminal, `${usageOf(command)}\n`);
    return await command.run(own, terminal);
  } catch (error) {
    return failed(error, command, terminal);
  }
}

function say(terminal: Terminal, text: string): number {
  terminal.write(text);
  return 0;
}

function startsWith(parameters: readonly string[], name: string): boolean {
  return name.split(' ').every((word, index) => parameters[index] === word);
}

function failed(error: unknown, command: Command | undefined, terminal: Terminal): number {
  if (error instanceof ImproperlyConfigured || nameOf(error) === 'ImproperlyConfigured') {
    terminal.writeError(`axioms: ${messageOf(error)}\n`);
    return 1;
  }
  const isUsage = error instanceof UsageError || String(codeOf(error)).startsWith('ERR_PARSE_ARGS');
  const usage = isUsage && command !== undefined ? `\n${usageOf(command)}` : '';
  terminal.writeError(`axioms: ${isUsage ? messageOf(error) : stackOf(error)}${usage}\n`);
  return 2;
}

// Compares the name, because the app may have its own copy of the library.
function nameOf(error: unknown): unknown {
  return (Object(error) as { name?: unknown }).name;
}

function codeOf(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function usageOf({ usage, summary }: Command): string {
  return `Usage: axioms ${usage}\n  ${summary}`;
}

function help(): string {
  const lines = commands.map(({ usage, summary }) => `  axioms ${usage}\n      ${summary}`);
  return `Usage: axioms COMMAND\n\n${lines.join('\n')}\n\n${exitCodes}`;
}
