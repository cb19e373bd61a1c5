/** A PgBouncer of this test alone, in front of PostgreSQL. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { postgresUrl } from './stores/places';

export interface PgBouncer {
  readonly url: string;
  end(): Promise<void>;
}

/** Returns nothing where this machine has no program `pgbouncer`. */
export async function startPgBouncer(poolMode: 'session' | 'transaction'): Promise<PgBouncer | undefined> {
  const { hostname, port, username, password, pathname } = new URL(postgresUrl);
  const database = pathname.slice(1);
  const [own, folder] = [await freePort(), await mkdtemp(join(tmpdir(), 'pgbouncer-'))];
  const secret = password === '' ? '' : ` password=${password}`;
  const place = `host=${hostname} port=${port || '5432'} dbname=${database} user=${username}${secret}`;
  const lines = ['[databases]', `${database} = ${place}`, '[pgbouncer]', 'listen_addr = 127.0.0.1', 'auth_type = any'];
  // In session mode each connection of a process takes one of the server for as long as it is open.
  const size = poolMode === 'session' ? 20 : 3;
  lines.push(`listen_port = ${own}`, 'unix_socket_dir =', `pool_mode = ${poolMode}`, `default_pool_size = ${size}`);
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, `${lines.join('\n')}\n`);
  // PgBouncer does not run as root.
  for (const each of [folder, file]) await chmod(each, 0o755);
  const user = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn('pgbouncer', [...user, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const isReady = await new Promise<boolean>(done => {
    const finish = (): void => {
      done(false);
    };
    child.once('error', finish).once('exit', finish);
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('process up')) done(true);
    });
  });
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  if (isReady) return { url: `postgres://${username}@127.0.0.1:${own}/${database}`, end };
  await rm(folder, { recursive: true, force: true });
  return undefined;
}
