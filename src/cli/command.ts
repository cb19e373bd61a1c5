/** What a command of the command line is. */
import type { Terminal } from './terminal';

export interface Command {
  /** As it is called: `routes`, `token decode`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /**
   * @param parameters what stands behind the name
   * @returns the exit code: 0 it is as it should be, 1 it is not.
   * @throws UsageError where it is not written as it must be: exit code 2.
   */
  run(parameters: readonly string[], terminal: Terminal): Promise<number>;
}
