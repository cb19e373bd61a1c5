/** The rows of the differential tests, in real databases behind Prisma. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import type { PrismaProperties, PrismaProvider } from '../../src/filters/prisma';
import { postgresUrl } from '../microservice/users/user-databases';
import { createDatabase, dropDatabase } from '../microservice/mariadb';
import { rows, teams } from './rows';

const root = resolve(__dirname, '../../..');

/** The fields of the schema below that every engine has. */
export const properties: PrismaProperties = {
  flag: 'Boolean?',
  id: 'Int',
  text: 'String?',
  folded: 'String?',
  whole: 'Int?',
  big: 'BigInt?',
  real: 'Float?',
  at: 'DateTime?',
  team: { id: 'String', size: 'Int?' },
  home: { id: 'String', size: 'Int?' },
};

interface Model {
  findMany(query: object): Promise<readonly ({ readonly id: number } & Readonly<Record<string, unknown>>)[]>;
  createMany(query: { readonly data: readonly object[] }): Promise<unknown>;
}

/** What the tests use of a generated client. */
export interface Client {
  readonly team: Model;
  readonly note: Model;
  $executeRawUnsafe(statement: string): Promise<unknown>;
  $disconnect(): Promise<void>;
}

export interface Opened {
  readonly client: Client;
  /** What stands before the name of a table in a statement. */
  readonly prefix: string;
  close(): Promise<void>;
}

export interface PrismaEngine {
  readonly name: string;
  readonly provider: PrismaProvider;
  /** As `REQUIRED_SERVERS` names it; `undefined` for one that is always there. */
  readonly server?: string;
  open(): Promise<Opened>;
}

export const prismaEngines: readonly PrismaEngine[] = [
  {
    name: 'PostgreSQL',
    provider: 'postgresql',
    server: 'postgres',
    open: async () => {
      const schema = `axioms_prisma_${randomUUID().replaceAll('-', '')}`;
      const adapter = new PrismaPg({ connectionString: postgresUrl }, { schema });
      const types = { text: 'varchar(100)', folded: 'text', real: 'double precision', at: 'timestamptz', key: 'uuid' };
      return filled('postgresql', adapter, types, {
        before: `CREATE SCHEMA ${schema}`,
        after: `DROP SCHEMA ${schema} CASCADE`,
        prefix: `${schema}.`,
      });
    },
  },
  {
    name: 'MariaDB',
    provider: 'mysql',
    server: 'mariadb',
    open: async () => {
      const database = await createDatabase();
      const url = new URL(process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306/test');
      const adapter = new PrismaMariaDb(Object.assign(url, { pathname: database }).href.replace(/^mysql:/, 'mariadb:'));
      // Of the two binary collations, the first ignores trailing spaces.
      const text = 'varchar(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
      const folded = text.replace('utf8mb4_bin', 'utf8mb4_nopad_bin');
      const opened = await filled('mysql', adapter, { text, folded, real: 'double', at: 'datetime(3)', key: text });
      return { ...opened, close: () => opened.close().then(() => dropDatabase(database)) };
    },
  },
  {
    name: 'SQLite',
    provider: 'sqlite',
    open: () => {
      const adapter = new PrismaLibSql({ url: `file:${join(folder(), 'notes.db')}` });
      const types = { text: 'text', folded: 'text', real: 'double', at: 'datetime', key: 'text' };
      return filled('sqlite', adapter, types);
    },
  },
];

interface Types {
  readonly text: string;
  readonly folded: string;
  readonly real: string;
  readonly at: string;
  readonly key: string;
}

interface Schema {
  readonly before: string;
  readonly after: string;
  readonly prefix: string;
}

async function filled(provider: PrismaProvider, adapter: object, types: Types, schema?: Schema): Promise<Opened> {
  const client = new (generatedClient(provider))({ adapter });
  const prefix = schema?.prefix ?? '';
  const { text, folded, real, at, key } = types;
  if (schema !== undefined) await client.$executeRawUnsafe(schema.before);
  await client.$executeRawUnsafe(`CREATE TABLE ${prefix}team (id ${text} PRIMARY KEY, size INTEGER)`);
  await client.$executeRawUnsafe(
    `CREATE TABLE ${prefix}note (id INTEGER PRIMARY KEY, body ${text}, folded ${folded}, whole INTEGER, big BIGINT, amount ${real}, flag boolean, at ${at}, uid ${key}, team_id ${text}, home_id ${text} NOT NULL)`,
  );
  await client.team.createMany({ data: teams });
  await client.note.createMany({
    data: rows.map(({ team, ...row }) => ({ ...row, teamId: team?.id ?? null, homeId: homeOf(row).id })),
  });
  return {
    client,
    prefix,
    close: async () => {
      if (schema !== undefined) await client.$executeRawUnsafe(schema.after);
      await client.$disconnect();
    },
  };
}

/** The team that a note must have. */
export function homeOf({ id }: { readonly id: number }): (typeof teams)[number] {
  return teams[id % teams.length] as (typeof teams)[number];
}

function folder(): string {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const name = mkdtempSync(join(cache, 'axioms-prisma-'));
  process.once('exit', () => {
    rmSync(name, { recursive: true, force: true });
  });
  return name;
}

// The client finds `@prisma/client` from where it lies, so that is below node_modules.
function generatedClient(provider: PrismaProvider): new (options: { readonly adapter: object }) => Client {
  const output = folder();
  writeFileSync(join(output, 'schema.prisma'), schemaOf(provider));
  execFileSync(process.execPath, [prismaCommand, 'generate', '--schema', join(output, 'schema.prisma')], {
    cwd: root,
    stdio: 'pipe',
    // `generate` needs no engine, and would download one. Any file that can be executed will do.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
  });
  return (createRequire(__filename)(join(output, 'client')) as { PrismaClient: ReturnType<typeof generatedClient> })
    .PrismaClient;
}

const prismaCommand = join(root, 'node_modules/prisma/build/index.js');

function schemaOf(provider: PrismaProvider): string {
  return `
generator client {
  provider = "prisma-client-js"
  output   = "./client"
}
datasource db {
  provider = "${provider}"
}
model Team {
  id    String @id
  size  Int?
  notes Note[] @relation("team")
  homes Note[] @relation("home")
  @@map("team")
}
model Note {
  id     Int       @id
  text   String?   @map("body")
  folded String?
  whole  Int?
  big    BigInt?
  real   Float?    @map("amount")
  flag   Boolean?
  at     DateTime?
  key    String?   @map("uid") ${provider === 'postgresql' ? '@db.Uuid' : ''}
  teamId String?   @map("team_id")
  homeId String    @map("home_id")
  team   Team?     @relation("team", fields: [teamId], references: [id])
  home   Team      @relation("home", fields: [homeId], references: [id])
  @@map("note")
}`;
}
