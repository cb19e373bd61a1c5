/** Describes a table from a library's own metadata, for the properties that a filter names. */
import { normalForm, type NormalFilter } from '../../core/requirements/normal-form';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import type { SqlColumn, SqlRelation } from './columns';
import type { StatementOptions } from './statement';

/** An entity as its library describes it. `path` is the property as the filter names it, for messages. */
export interface DescribedEntity {
  /** @throws ImproperlyConfigured if the entity has no such column, or its type cannot be compared exactly */
  column(name: string, path: string): SqlColumn;
  /** @throws ImproperlyConfigured if it is no relation to one object by one column */
  relation(name: string, path: string): DescribedRelation;
}

/** A relation to one object of another entity. */
export interface DescribedRelation extends Omit<SqlRelation, 'columns'> {
  readonly entity: DescribedEntity;
}

type Tables = Required<Pick<StatementOptions, 'columns' | 'relations'>>;

/**
 * Returns the columns and relations that the filter names.
 *
 * @throws ImproperlyConfigured if the filter is wrong, or the entity does not have what it names
 */
export function tablesOf(filter: ObjectFilter, entity: DescribedEntity): Tables {
  const columns: Record<string, SqlColumn> = {};
  const relations: Record<string, SqlRelation> = {};
  for (const path of propertiesOf(normalForm(filter))) {
    const [first = '', second] = path.split('.');
    if (second === undefined) columns[first] = entity.column(first, path);
    else relations[first] = withColumn(relations[first], entity.relation(first, path), second, path);
  }
  return { columns, relations };
}

function withColumn(
  known: SqlRelation | undefined,
  { entity, ...relation }: DescribedRelation,
  name: string,
  path: string,
): SqlRelation {
  return { ...relation, columns: { ...known?.columns, [name]: entity.column(name, path) } };
}

function propertiesOf(filter: NormalFilter): ReadonlySet<string> {
  switch (filter.kind) {
    case 'all':
    case 'none':
      return new Set();
    case 'and':
    case 'or':
      return new Set(filter.of.flatMap(one => [...propertiesOf(one)]));
    default:
      return new Set([filter.property]);
  }
}
