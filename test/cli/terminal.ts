/** The command line, run in this process: what it printed, and its exit code. */
import type { Terminal } from '../../src/cli/terminal';
import { runCommandLine } from '../../src/cli/command-line';

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface Given {
  readonly env?: NodeJS.ProcessEnv;
  readonly isTTY?: boolean;
  readonly input?: string;
}

export async function ran(
  parameters: readonly string[],
  { env = {}, isTTY = false, input = '' }: Given = {},
): Promise<Ran> {
  const said = { out: '', err: '' };
  const terminal: Terminal = {
    env,
    isTTY,
    readInput: () => Promise.resolve(input),
    write: text => (said.out += text),
    writeError: text => (said.err += text),
  };
  return { exitCode: await runCommandLine(parameters, terminal), ...said };
}
