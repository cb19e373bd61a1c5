import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabasePlace } from './database';

/**
 * The microservice's secret: made once, so that sessions outlive the process, and kept out of the database. A real app
 * gets it from where its other secrets are.
 */
export async function secretOf(place: DatabasePlace): Promise<string> {
  const file = join('file' in place ? dirname(place.file) : join('demo', 'data'), 'secret');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 }).catch(unlessItIsThere);
  return readFile(file, 'utf8');
}

function unlessItIsThere(error: NodeJS.ErrnoException) {
  if (error.code !== 'EEXIST') throw error;
}
