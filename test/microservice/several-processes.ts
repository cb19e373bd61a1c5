/** Starts processes that serve sessions from one store. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ProcessNote, ProcessOrders } from './session-process';

export interface SessionProcess {
  readonly url: string;
  /** What it did and logged so far. */
  notes(): ProcessNote[];
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<string | null>;
  stop(): Promise<void>;
}

export async function startSessionProcess(orders: ProcessOrders): Promise<SessionProcess> {
  const child = fork(join(__dirname, 'session-process.js'), [JSON.stringify(orders)], {
    execArgv: ['-r', 'reflect-metadata'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  // 'close' comes when everything that it wrote has been read.
  const ended = once(child, 'close').then(([, signal]) => signal as string | null);
  const [port] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error(`the process ended before it served: ${said}`);
    }),
  ])) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    notes: () =>
      said
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line) as ProcessNote),
    ended,
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
