/** The command line, run in this process: what it printed, and its exit code. */
import { globalTimers, type Timers } from '../../src/core/time/timers';
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
  readonly isErrorTTY?: boolean;
  readonly timers?: Timers;
  readonly input?: string;
}

export async function ran(
  parameters: readonly string[],
  { env = {}, isTTY = false, isErrorTTY = false, timers = globalTimers, input = '' }: Given = {},
): Promise<Ran> {
  const said = { out: '', err: '' };
  const terminal: Terminal = {
    env,
    isTTY,
    isErrorTTY,
    timers,
    readInput: () => Promise.resolve(input),
    write: text => (said.out += text),
    writeError: text => (said.err += text),
  };
  return { exitCode: await runCommandLine(parameters, terminal), ...said };
}
