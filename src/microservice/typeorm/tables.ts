/** The tables of the microservice, as TypeORM entities. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { RefreshFamily, StoredSigningKey } from '../stores/store';

/** A value that was used and may not be used again. */
export interface UsedOnce {
  readonly key: string;
  readonly until: number;
}

const text: EntitySchemaColumnOptions = { type: 'varchar' };

// PostgreSQL returns a bigint as text, because it may exceed a JavaScript number. Milliseconds never do. It refuses a
// fraction (22P02).
// TypeORM 0.3 asks it about the operators of a condition, too.
const milliseconds = (round: (value: number) => number): EntitySchemaColumnOptions => ({
  type: 'bigint',
  transformer: {
    to: (value: unknown) => (typeof value === 'number' ? round(value) : value),
    from: (value: unknown) => Number(value),
  },
});

const moment = milliseconds(Math.floor);
/** Rounded up, so that nothing is forgotten too early. */
const expiry = milliseconds(Math.ceil);

export const familyTable = new EntitySchema<RefreshFamily>({
  name: 'AxiomsRefreshFamily',
  tableName: 'axioms_refresh_family',
  columns: {
    handle: { ...text, primary: true },
    id: text,
    issuer: text,
    clientId: { ...text, name: 'client_id' },
    userId: { ...text, name: 'user_id' },
    jkt: { ...text, nullable: true },
    current: { ...text, name: 'current_hash' },
    previous: { ...text, name: 'previous_hash', nullable: true },
    generation: { type: 'integer' },
    signedInAt: { ...moment, name: 'signed_in_at' },
    rotatedAt: { ...moment, name: 'rotated_at' },
    idleUntil: { ...expiry, name: 'idle_until' },
    expiresAt: { ...expiry, name: 'expires_at' },
  },
  indices: [
    { name: 'axioms_refresh_family_user', columns: ['issuer', 'userId'] },
    { name: 'axioms_refresh_family_idle', columns: ['idleUntil'] },
    { name: 'axioms_refresh_family_end', columns: ['expiresAt'] },
  ],
});

export const signingKeyTable = new EntitySchema<StoredSigningKey>({
  name: 'AxiomsSigningKey',
  tableName: 'axioms_signing_key',
  columns: {
    issuer: { ...text, primary: true },
    generation: { type: 'integer', primary: true },
    kid: text,
    alg: text,
    sealedJwk: { type: 'text', name: 'sealed_jwk' },
    createdAt: { ...moment, name: 'created_at' },
    activeFrom: { ...moment, name: 'active_from' },
  },
});

export const usedOnceTable = new EntitySchema<UsedOnce>({
  name: 'AxiomsUsedOnce',
  tableName: 'axioms_used_once',
  columns: {
    key: { ...text, primary: true },
    until: { ...expiry, name: 'until' },
  },
  indices: [{ name: 'axioms_used_once_until', columns: ['until'] }],
});

/**
 * The entities for the app's own `DataSource`, together with {@link microserviceMigrations}.
 *
 * @example
 * const dataSource = new DataSource({ type: 'postgres', url, entities: [Book, ...microserviceEntities], migrations: [...microserviceMigrations] });
 */
export const microserviceEntities = [familyTable, signingKeyTable, usedOnceTable] as const;
