/** Reads a token from an option, or from the standard input, where no process list shows it. */
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/**
 * Reads a token.
 *
 * @param given the token, or `-` for the standard input
 * @throws UsageError if the token is empty.
 */
export async function readToken(given: string, terminal: Terminal): Promise<string> {
  const text = (given === '-' ? await terminal.readInput() : given).trim();
  const token = text.replace(/^Bearer +/i, '');
  if (token === '') throw new UsageError('The token is empty.');
  return token;
}
