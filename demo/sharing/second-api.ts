/** The same API once more, in a process of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { clientSecrets } from '../authorization-server/clients';

export interface SecondApi {
  readonly url: string;
  close(): Promise<void>;
}

export async function startSecondApi(issuerUrl: string): Promise<SecondApi> {
  const child = fork(join(__dirname, 'second-api-process.js'), [issuerUrl], {
    env: { ...process.env, ...clientSecrets },
  });
  const [url] = (await Promise.race([once(child, 'message'), ended(child)])) as [string];
  return { url, close: () => close(child) };
}

async function ended(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new Error('The second API did not start.');
}

/** It ends by itself once nobody is at the other end: as well where this process is killed. */
async function close(child: ChildProcess) {
  if (!child.connected) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}
