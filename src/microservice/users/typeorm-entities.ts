/** The tables for users and their identities, for apps that have none of their own. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** A row of `axioms_users`. */
export interface UserRow {
  id: string;
  username: string;
  /** ASCII letters in small. */
  email: string | null;
  passwordHash?: string | null;
  isActive: boolean;
  givenName: string;
  familyName: string;
  lastLogin: Date | null;
}

/** A row of `axioms_identities`. */
export interface IdentityRow {
  issuer: string;
  subject: string;
  userId: string;
}

// Milliseconds: a number means the same in every database and time zone.
const instant: EntitySchemaColumnOptions = {
  type: 'bigint',
  nullable: true,
  transformer: {
    to: (time: Date | null | undefined) => time?.getTime() ?? null,
    from: (stored: string | number | null) => (stored === null ? null : new Date(Number(stored))),
  },
};

/** Users of the API's own; or take an entity of the app's, see `TypeOrmUserStore`. */
export const UserEntity = new EntitySchema<UserRow>({
  name: 'AxiomsUser',
  tableName: 'axioms_users',
  columns: {
    id: { type: 'varchar', length: 36, primary: true, primaryKeyConstraintName: 'PK_axioms_users' },
    username: { type: 'varchar', length: 254 },
    email: { type: 'varchar', length: 254, nullable: true },
    passwordHash: { type: 'varchar', length: 255, nullable: true, select: false },
    isActive: { type: 'boolean' },
    givenName: { type: 'varchar', length: 254, default: '' },
    familyName: { type: 'varchar', length: 254, default: '' },
    lastLogin: instant,
  },
  uniques: [
    { name: 'UQ_axioms_users_username', columns: ['username'] },
    { name: 'UQ_axioms_users_email', columns: ['email'] },
  ],
});

/** Who is who at the identity providers: one row an identity, one identity an issuer for each user. */
export const IdentityEntity = new EntitySchema<IdentityRow>({
  name: 'AxiomsIdentity',
  tableName: 'axioms_identities',
  columns: {
    issuer: { type: 'varchar', length: 255, primary: true, primaryKeyConstraintName: 'PK_axioms_identities' },
    subject: { type: 'varchar', length: 255, primary: true, primaryKeyConstraintName: 'PK_axioms_identities' },
    userId: { type: 'varchar', length: 255 },
  },
  uniques: [{ name: 'UQ_axioms_identities_user', columns: ['issuer', 'userId'] }],
});

/** For the `entities` of the app's `DataSource`; with a table of users of its own, `IdentityEntity` alone. */
export const userEntities = [UserEntity, IdentityEntity] as const;
