/** The tables for users and their identities, for apps without their own. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';

/** A row of `axioms_users`. */
export interface UserRow {
  id: string;
  username: string;
  /** The address with ASCII letters in lower case. */
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

// Stored as milliseconds: a number means the same in every database and time zone.
const instant: EntitySchemaColumnOptions = {
  type: 'bigint',
  nullable: true,
  transformer: {
    to: (time: Date | null | undefined) => time?.getTime() ?? null,
    from: (stored: string | number | null) => (stored === null ? null : new Date(Number(stored))),
  },
};

/** The entity for users. An app can use its own entity instead; see `TypeOrmUserStore`. */
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

/** The entity for identities at the providers: one row per identity, at most one identity per user and issuer. */
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

/** The entities for the app's `DataSource`. An app with its own table of users needs only `IdentityEntity`. */
export const userEntities = [UserEntity, IdentityEntity] as const;
