/** A logger that keeps its messages. */
import { plainWarning } from '../../src/core/process/plain';
import type { Logger } from '../../src/core/settings/logger';

interface Entry {
  readonly level: keyof Logger;
  readonly message: string;
  readonly data: unknown;
}

export class RecordingLogger implements Logger {
  readonly entries: Entry[] = [];

  debug(message: string, data?: object): void {
    this.entries.push({ level: 'debug', message, data });
  }

  info(message: string, data?: object): void {
    this.entries.push({ level: 'info', message, data });
  }

  warn(message: string, data?: object): void {
    if (message !== plainWarning) this.entries.push({ level: 'warn', message, data });
  }

  error(message: string, data?: object): void {
    this.entries.push({ level: 'error', message, data });
  }

  /** Everything that was logged at these levels, as one text. */
  text(...levels: (keyof Logger)[]): string {
    const wanted = this.entries.filter(({ level }) => levels.length === 0 || levels.includes(level));
    return wanted.map(({ message, data }) => `${message} ${JSON.stringify(data)}`).join('\n');
  }
}
