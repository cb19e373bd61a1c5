/** Keeps a second process from opening the file of a database, which each of them would overwrite as a whole. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { ImproperlyConfigured } from '../../core/http/exceptions';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** Milliseconds between two signs of life. */
const pause = 2000;

/** Milliseconds without a sign of life after which the holder on another host counts as gone. */
const longestSilence = 10_000;

/** How many stores of this process use the file. */
const held = new Map<string, { users: number; readonly timer: NodeJS.Timeout }>();

/**
 * Locks a file for this process, in which several stores may use it.
 *
 * @returns a function that releases the lock
 * @throws ImproperlyConfigured if another process has the lock
 */
export function lockFile(file: string): () => void {
  const lock = `${file}.lock`;
  const known = held.get(lock);
  if (known === undefined) {
    acquire(lock, file);
    const timer = setInterval(() => {
      giveSign(lock);
    }, pause).unref();
    held.set(lock, { users: 1, timer });
  } else known.users += 1;
  return () => {
    release(lock);
  };
}

function acquire(lock: string, file: string): void {
  if (tryToCreate(lock)) return;
  const text = read(lock);
  if (text !== undefined) {
    const holder = holderIn(text);
    if (isAlive(holder, lock))
      throw new ImproperlyConfigured(
        `${file} is open in another process (${holder === undefined ? 'which is just starting' : `${holder.pid} on ${holder.host}`}), and each of the two would overwrite what the other one writes: use a database or Redis for several processes. If that process is gone, remove ${lock}.`,
      );
    remove(lock, text);
  }
  acquire(lock, file);
}

// Only one process can rename a file. What it has renamed may be the lock that another one has made meanwhile.
function remove(lock: string, text: string): void {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    ignoreMissing(error);
    return;
  }
  if (read(aside) === text) rmSync(aside, { force: true });
  else renameSync(aside, lock);
}

function tryToCreate(lock: string): boolean {
  try {
    const handle = openSync(lock, 'wx', 0o600);
    writeSync(handle, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Returns the text of a lock; `undefined` if it is gone. */
function read(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

// What a process that was killed has not written to its end names nobody.
function holderIn(text: string): Holder | undefined {
  try {
    const { pid, host } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

// A container may have the same number for its process as another one, and another host name after each start. A lock that
// names nobody may be one that is being written.
function isAlive(holder: Holder | undefined, lock: string): boolean {
  if (holder?.host === hostname()) return holder.pid !== process.pid && isRunning(holder.pid);
  const changed = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  return Math.abs(Date.now() - changed) < longestSilence;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function giveSign(lock: string): void {
  const now = new Date();
  try {
    utimesSync(lock, now, now);
  } catch {
    // Somebody has removed it, as the message above says.
  }
}

function release(lock: string): void {
  const known = held.get(lock);
  if (known === undefined) return;
  known.users -= 1;
  if (known.users > 0) return;
  clearInterval(known.timer);
  held.delete(lock);
  rmSync(lock, { force: true });
}
