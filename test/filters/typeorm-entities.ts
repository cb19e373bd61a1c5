/** The rows of the differential tests as entities of TypeORM. */
import { EntitySchema, type DataSourceOptions } from 'typeorm';
import type { SqlDialect } from '../../src/filters/sql';

export interface TeamEntity {
  id: string;
  size: number | null;
  deletedAt: Date | null;
}

export interface NoteEntity {
  id: number;
  text: string | null;
  folded: string | null;
  whole: number | null;
  big: string | null;
  real: number | null;
  flag: boolean | null;
  at: Date | null;
  team: TeamEntity | null;
}

export function entitiesOf(dialect: SqlDialect): {
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  readonly Note: EntitySchema<NoteEntity>;
} {
  const at = dialect === 'postgresql' ? 'timestamptz' : 'datetime';
  const Team = new EntitySchema<TeamEntity>({
    name: 'Team',
    tableName: 'team',
    columns: {
      id: { type: 'varchar', primary: true },
      size: { type: Number, nullable: true },
      deletedAt: { name: 'deleted_at', type: at, nullable: true, deleteDate: true },
    },
  });
  const Note = new EntitySchema<NoteEntity>({
    name: 'Note',
    tableName: 'note',
    columns: {
      id: { type: Number, primary: true },
      text: { name: 'body', type: 'varchar', nullable: true },
      folded: { type: dialect === 'mysql' ? 'varchar' : 'text', nullable: true },
      whole: { type: 'integer', nullable: true },
      big: { type: 'bigint', nullable: true },
      real: { name: 'amount', type: 'double precision', nullable: true },
      flag: { type: Boolean, nullable: true },
      at: { type: at, precision: 3, nullable: true },
    },
    relations: { team: { type: 'many-to-one', target: 'Team', joinColumn: { name: 'team_id' }, nullable: true } },
  });
  return { entities: [Note, Team], Note };
}
