/** Reads what decides from the primary of a replicated database: a replica may lag behind. */
import type { DataSource, EntityManager, EntityTarget } from 'typeorm';
import { ImproperlyConfigured } from '../../core/http/exceptions';

/** Calls `look` with a manager that reads from the primary. */
export async function onPrimary<T>(database: DataSource, look: (manager: EntityManager) => Promise<T>): Promise<T> {
  if (!isReplicated(database)) return look(database.manager);
  const runner = database.createQueryRunner('master');
  try {
    return await look(runner.manager);
  } finally {
    await runner.release();
  }
}

function isReplicated({ options }: DataSource): boolean {
  return (options as { readonly replication?: unknown } | undefined)?.replication !== undefined;
}

/** @throws ImproperlyConfigured if a `DataSource` that is initialized lacks one of the entities */
export function requireEntities(database: DataSource, entities: readonly EntityTarget<object>[]): void {
  if ((database.isInitialized as boolean | undefined) !== true) return;
  if (entities.every(entity => database.hasMetadata(entity))) return;
  throw new ImproperlyConfigured(
    "typeOrmStore() does not find its tables: add ...microserviceEntities to the 'entities' of the DataSource, and ...microserviceMigrations to its 'migrations'.",
  );
}
