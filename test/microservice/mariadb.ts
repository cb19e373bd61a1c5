/** Databases of MariaDB that nobody else has. */
import { randomUUID } from 'node:crypto';
import type { DataSource, DataSourceOptions } from 'typeorm';

const serverUrl = process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/test';

type Tables = Pick<DataSourceOptions, 'entities' | 'migrations'>;

/** @param collation the server's, which ignores case, if it is left out */
export async function createDatabase(collation?: string): Promise<string> {
  const name = `axioms_${randomUUID().replaceAll('-', '')}`;
  await ask(`CREATE DATABASE ${name}${collation === undefined ? '' : ` COLLATE ${collation}`}`);
  return name;
}

export async function dropDatabase(name: string): Promise<void> {
  await ask(`DROP DATABASE ${name}`);
}

export async function openDatabase(name: string, tables: Tables): Promise<DataSource> {
  const { DataSource } = await import('typeorm');
  const url = Object.assign(new URL(serverUrl), { pathname: name }).href;
  return new DataSource({ type: 'mariadb', url, ...tables }).initialize();
}

async function ask(statement: string): Promise<void> {
  const { DataSource } = await import('typeorm');
  const server = await new DataSource({ type: 'mariadb', url: serverUrl }).initialize();
  await server.query(statement);
  await server.destroy();
}
