/** Reads a token and proofs from options, or from the standard input, where no process list shows them. */
import { progressOn } from './progress';
import type { Terminal } from './terminal';
import { UsageError } from './usage-error';

/**
 * Reads a token.
 *
 * @param given the token, or `-` for the standard input
 * @throws UsageError if the token is empty.
 */
export async function readToken(given: string, terminal: Terminal): Promise<string> {
  const text = given === '-' ? await inputOf('the token', terminal) : given;
  return tokenIn(text);
}

function tokenIn(text: string): string {
  const token = text.trim().replace(/^(?:Authorization: *)?(?:Bearer|DPoP) +/i, '');
  if (token === '') throw new UsageError('The token is empty.');
  return token;
}

/** A token and the DPoP proofs that were sent with it. */
export interface Credentials {
  readonly token: string;
  readonly proofs: readonly string[];
}

/**
 * Reads a token and proofs. Each `-` takes the next line of the standard input, the token first.
 *
 * @throws UsageError if the token is empty.
 */
export async function readCredentials(
  given: { readonly token: string; readonly proof: readonly string[] },
  terminal: Terminal,
): Promise<Credentials> {
  const wanted = [given.token, ...given.proof];
  if (wanted.filter(one => one === '-').length < 2)
    return { token: await readToken(given.token, terminal), proofs: await readEach(given.proof, terminal) };
  const lines = (await inputOf('the token and the proof', terminal)).split(/\r?\n/);
  const [token = '', ...proofs] = wanted.map(one => (one === '-' ? (lines.shift() ?? '') : one));
  return { token: tokenIn(token), proofs: proofs.map(proofIn) };
}

async function readEach(given: readonly string[], terminal: Terminal): Promise<readonly string[]> {
  return Promise.all(given.map(async one => proofIn(one === '-' ? await inputOf('the proof', terminal) : one)));
}

function proofIn(text: string): string {
  return text.trim().replace(/^DPoP: */i, '');
}

function inputOf(what: string, terminal: Terminal): Promise<string> {
  return progressOn(terminal)(`waiting for ${what} on the standard input`, () => terminal.readInput());
}
