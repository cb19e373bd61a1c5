/** Creates and drops the tables of the microservice. */
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions, type TableOptions } from 'typeorm';

function column(name: string, type: string, more: Partial<TableColumnOptions> = {}): TableColumnOptions {
  return { name, type, ...more };
}

const key = { isPrimary: true };
const optional = { isNullable: true };

const tables: readonly TableOptions[] = [
  {
    name: 'axioms_refresh_family',
    columns: [
      column('handle', 'varchar', key),
      ...['id', 'issuer', 'client_id', 'user_id', 'current_hash'].map(name => column(name, 'varchar')),
      ...['jkt', 'previous_hash'].map(name => column(name, 'varchar', optional)),
      column('generation', 'integer'),
      ...['signed_in_at', 'rotated_at', 'idle_until', 'expires_at'].map(name => column(name, 'bigint')),
    ],
    indices: [
      { name: 'axioms_refresh_family_user', columnNames: ['issuer', 'user_id'] },
      { name: 'axioms_refresh_family_idle', columnNames: ['idle_until'] },
      { name: 'axioms_refresh_family_end', columnNames: ['expires_at'] },
    ],
  },
  {
    name: 'axioms_signing_key',
    columns: [
      column('issuer', 'varchar', key),
      column('generation', 'integer', key),
      ...['kid', 'alg'].map(name => column(name, 'varchar')),
      column('sealed_jwk', 'text'),
      ...['created_at', 'active_from'].map(name => column(name, 'bigint')),
    ],
  },
  {
    name: 'axioms_used_once',
    columns: [column('key', 'varchar', key), column('until', 'bigint')],
    indices: [{ name: 'axioms_used_once_until', columnNames: ['until'] }],
  },
];

/** Creates the tables for families of refresh tokens, signing keys, and values that may be used once. */
export class CreateMicroserviceTables1767225600000 implements MigrationInterface {
  readonly name = 'CreateMicroserviceTables1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.createTable(new Table(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of tables) await runner.dropTable(name);
  }
}

/** The migrations for the app's own `DataSource`. A store that opens its database itself runs them. */
export const microserviceMigrations = [CreateMicroserviceTables1767225600000] as const;
