import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { microserviceEntities, userEntities } from 'axioms-routing-controllers/microservice/typeorm';
import type { Author } from './authors';
import { Article } from './models/article';
import { Book } from './models/book';
import { Note } from './models/note';

/** A schema of PostgreSQL, or a file of SQLite. */
export type DatabasePlace = { readonly url: string; readonly schema: string } | { readonly file: string };

const { DATABASE_URL: url } = process.env;

/** What is written here is still there at the next start. */
export const demoPlace: DatabasePlace = url
  ? { url, schema: 'axioms_demo' }
  : { file: join('demo', 'data', 'demo.sqlite') };

export async function temporaryPlace(): Promise<DatabasePlace> {
  if (url) return { url, schema: `axioms_demo_${randomUUID()}` };
  return { file: join(await mkdtemp(join(tmpdir(), 'axioms-demo-')), 'demo.sqlite') };
}

const entities = [Article, Book, Note, ...userEntities, ...microserviceEntities];

export async function openDatabase(place: DatabasePlace): Promise<DataSource> {
  if ('file' in place) await mkdir(dirname(place.file), { recursive: true });
  const database = new DataSource({ ...driver(place), entities });
  await database.initialize();
  if ('schema' in place) await database.query(`CREATE SCHEMA IF NOT EXISTS "${place.schema}"`);
  await database.synchronize();
  return database;
}

function driver(place: DatabasePlace): DataSourceOptions {
  if ('url' in place) return { type: 'postgres', ...place };
  return { type: 'sqljs', location: place.file, autoSave: true };
}

/** Something of everybody's to read and to change. */
export async function addExamples({ manager }: DataSource, authors: readonly Author[]) {
  if (!(await manager.exists(Book)))
    await manager.save(Book, { title: 'A Wizard of Earthsea', author: 'Ursula K. Le Guin' });
  for (const { name, authorIss, authorSub } of authors) {
    if (!(await manager.existsBy(Article, { authorIss, authorSub })))
      await manager.save(Article, { title: `Notes of ${name}`, text: 'Names have power.', authorIss, authorSub });
    if (!(await manager.existsBy(Note, { authorIss, authorSub })))
      await manager.save(Note, { text: `A private note of ${name}.`, authorIss, authorSub });
  }
}

/** Leaves nothing of it behind. */
export async function removeDatabase(place: DatabasePlace) {
  if ('file' in place) return rm(dirname(place.file), { recursive: true });
  const database = await new DataSource(driver(place)).initialize();
  await database.query(`DROP SCHEMA "${place.schema}" CASCADE`);
  await database.destroy();
}
