/** Where a token comes from: an option, or the standard input, where no list of processes shows it. */
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/** @param given `-`: it is read from the standard input */
export async function readToken(given: string, terminal: Terminal): Promise<string> {
  const text = (given === '-' ? await terminal.readInput() : given).trim();
  const token = text.replace(/^Bearer +/i, '');
  if (token === '') throw new UsageError('The token is empty.');
  return token;
}
