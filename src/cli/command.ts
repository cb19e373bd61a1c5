/** The interface of a command. */
import type { Terminal } from './terminal';

export interface Command {
  /** The name, such as `routes` or `token decode`. */
  readonly name: string;
  /** By their names, as `parseArgs` reads them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly usage: string;
  readonly summary: string;
  /**
   * Runs the command.
   *
   * @param parameters the words after the name
   * @returns the exit code: 0 for success, 1 if a check fails
   * @throws UsageError if the parameters are wrong: exit code 2.
   */
  run(parameters: readonly string[], terminal: Terminal): Promise<number>;
}
