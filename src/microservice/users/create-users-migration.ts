/** The migrations that create the tables of `typeorm-entities.ts`. */
import {
  Table,
  type DataSource,
  type MigrationInterface,
  type QueryRunner,
  type TableColumnOptions,
  type TableOptions,
} from 'typeorm';

function text(name: string, length: number, more: Partial<TableColumnOptions> = {}): TableColumnOptions {
  return { name, type: 'varchar', length: String(length), ...more };
}

// Options instead of tables: the drivers of MySQL and MariaDB change the table that they create, and a second database
// in this process would get the changes.
const users: TableOptions = {
  name: 'axioms_users',
  columns: [
    text('id', 36, { isPrimary: true, primaryKeyConstraintName: 'PK_axioms_users' }),
    text('username', 254),
    text('email', 254, { isNullable: true }),
    text('passwordHash', 255, { isNullable: true }),
    { name: 'isActive', type: 'boolean' },
    text('givenName', 254, { default: "''" }),
    text('familyName', 254, { default: "''" }),
    { name: 'lastLogin', type: 'bigint', isNullable: true },
  ],
  uniques: [
    { name: 'UQ_axioms_users_username', columnNames: ['username'] },
    { name: 'UQ_axioms_users_email', columnNames: ['email'] },
  ],
};

/** The identities at the providers. An app with its own table of users needs only this one. */
const identities: TableOptions = {
  name: 'axioms_identities',
  columns: [
    text('issuer', 255, { isPrimary: true, primaryKeyConstraintName: 'PK_axioms_identities' }),
    text('subject', 255, { isPrimary: true, primaryKeyConstraintName: 'PK_axioms_identities' }),
    text('userId', 255),
  ],
  uniques: [{ name: 'UQ_axioms_identities_user', columnNames: ['issuer', 'userId'] }],
};

/** A query runner; TypeORM 0.3 calls its data source `connection`. */
interface OfDataSource {
  readonly dataSource?: DataSource;
  readonly connection?: DataSource;
}

// The word BOOLEAN of MySQL and MariaDB makes a narrower column than the entity describes, which TypeORM 0.3 would change in
// each generated migration.
function withItsBoolean(table: TableOptions, { dataSource, connection = dataSource }: OfDataSource): TableOptions {
  const type = connection?.driver.normalizeType({ type: 'boolean' }) ?? 'boolean';
  return { ...table, columns: table.columns?.map(one => (one.type === 'boolean' ? { ...one, type } : one)) };
}

/** Creates `axioms_users`. Not needed if the app has its own table of users. */
export class CreateAxiomsUsers1735689600000 implements MigrationInterface {
  readonly name = 'CreateAxiomsUsers1735689600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(new Table(withItsBoolean(users, runner)));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(users.name);
  }
}

/** Creates `axioms_identities`. */
export class CreateAxiomsIdentities1735689600001 implements MigrationInterface {
  readonly name = 'CreateAxiomsIdentities1735689600001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(new Table(identities));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(identities.name);
  }
}

/** The migrations for the app's `DataSource`, together with `userEntities`. */
export const userMigrations = [CreateAxiomsUsers1735689600000, CreateAxiomsIdentities1735689600001] as const;
