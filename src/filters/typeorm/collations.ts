/** Which collations text columns have on PostgreSQL. By a deterministic one, two texts are equal only if their bytes are. */
import type { DataSource, EntityMetadata } from 'typeorm';
import { isPlain } from '../../core/process/plain';
import { dialectOf, quotedName } from '../sql/dialects';

/** The collation of each text column that has a deterministic one, as SQL. */
type Collations = ReadonlyMap<string, string>;

const none: Collations = new Map();
const known = new WeakMap<EntityMetadata, Collations>();
let answers = 0;

/** Returns how often something new was learned: what was compiled before is slower than what is compiled now. */
export function collationsLearned(): number {
  return answers;
}

/**
 * Returns the collation of a text column, if it is a deterministic one of PostgreSQL itself. It is not known yet where a
 * filter is compiled for the first time.
 *
 * A statement that names this collation compares bytes even after the column has changed: it then only cannot use the
 * column's index. So the database is asked once, and an answer that is missing costs nothing but time.
 */
export function collationOf(column: string, entity: EntityMetadata, source: DataSource): string | undefined {
  if (isPlain || source.options.type !== 'postgres' || !source.isInitialized) return undefined;
  const collations = known.get(entity);
  if (collations === undefined) void learn(entity, source);
  return collations?.get(column);
}

const postgresql = dialectOf('postgresql');

async function learn(entity: EntityMetadata, source: DataSource): Promise<void> {
  known.set(entity, none);
  // Where the table cannot be looked up, text stays compared twice.
  const found = await rowsOf(entity, source).catch((): readonly Row[] => []);
  const written = found.map(
    ({ column, collation }) => [column, `pg_catalog.${quotedName(collation, postgresql)}`] as const,
  );
  known.set(entity, new Map(written));
  answers += 1;
}

async function rowsOf({ tablePath }: EntityMetadata, source: DataSource): Promise<readonly Row[]> {
  return source.query<readonly Row[]>(question, [quotedName(tablePath, postgresql)]);
}

interface Row {
  readonly column: string;
  readonly collation: string;
}

// Only `text` and `varchar`: other types that hold text, such as `citext`, have an `=` of their own.
const question = `SELECT a.attname AS "column", c.collname AS "collation"
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation
  WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.atttypid IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype)
    AND c.collisdeterministic AND c.collnamespace = 'pg_catalog'::regnamespace`;
