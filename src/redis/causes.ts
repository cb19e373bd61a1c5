/** What an error of a client says about Redis. */
import { recentErrorOf } from '../core/process/error-listener';

/** Returns the code of an error: that of Node, or the word that an error of Redis begins with, such as `READONLY`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message } = error as NodeJS.ErrnoException;
  // Redis answers a long command without a password with `ERR Protocol error: unauthenticated multibulk length`.
  if (message.startsWith('ERR Protocol error: unauthenticated')) return 'NOAUTH';
  // Redis before 7 quotes the error of a command in that of the script, and `ioredis` the last one of several.
  const quoted = /(?:Last error: ReplyError: |: -)([A-Z]{2,})(?= )/.exec(message)?.[1];
  return code ?? quoted ?? /^[A-Z]{2,}(?= )/.exec(message)?.[0];
}

/** Returns why a client does not answer: what it reported itself, or that it is silent. */
export function silenceOf(client: object): string | undefined {
  return codeOf(recentErrorOf(client));
}

/** Whether Redis refused a write and goes on answering: it is full, cannot save, or has too few replicas. */
export function isRefusedWrite(error: unknown): boolean {
  return ['OOM', 'MISCONF', 'NOREPLICAS'].includes(codeOf(error) ?? '');
}
