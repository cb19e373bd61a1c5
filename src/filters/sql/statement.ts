/** Writes a filter as a condition of SQL, part by part. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { normalForm, type NormalFilter, type NormalProperty } from '../../core/requirements/normal-form';
import type { CompareFilter, FilterValue, ObjectFilter } from '../../core/requirements/object-filter';
import { columnOf, relationOf, type SqlColumn, type SqlRelation, type StatementColumn } from './columns';
import { dialectOf, quotedName, type Dialect, type Parameter, type SqlDialect } from './dialects';
import { booleansOf, integersOf, numbersOf, textsOf, uuidsOf } from './held-values';

/** What a statement must know of the table and of the app's own statement. */
export interface StatementOptions {
  readonly dialect: SqlDialect;
  readonly alias?: string | undefined;
  readonly columns: Readonly<Record<string, SqlColumn>>;
  readonly relations?: Readonly<Record<string, SqlRelation>> | undefined;
}

/** How the caller writes what differs between libraries. */
export interface Writing {
  /** Notes a value, and returns what stands for it. */
  readonly parameter: Parameter;
  /** Writes a column of the app's own table; default: its quoted name, behind the alias if there is one. */
  readonly outerColumn?: (column: string) => string;
  /** Writes the table of a relation with its alias, and its columns; default: their quoted names. */
  readonly related?: RelatedWriting<string> | undefined;
  /** Are lists written item by item? By default a list is one parameter where the database has arrays. */
  readonly hasNoArrays?: boolean;
}

/** How a library names what is inside of the subquery of a relation. */
export interface RelatedWriting<Written> {
  table(relation: SqlRelation, alias: string): Written;
  column(relation: SqlRelation, alias: string, column: string): Written;
}

/**
 * Returns the condition, without parentheses around it.
 *
 * @throws ImproperlyConfigured if the filter is wrong, or names what the options do not describe, or has more than 10,000
 * values
 */
export function conditionOf(filter: ObjectFilter, options: StatementOptions, writing: Writing): string {
  return new Statement(options, writing).condition(normalForm(filter));
}

/** A condition in pieces: between two strings stands a value, as in a tagged template. */
export interface SqlPieces {
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

// No name may have NUL, so that it cannot be mistaken for a part of the condition.
const mark = /\0(\d+)\0/;

/**
 * Returns the condition in pieces, in parentheses, for a library that writes parameters itself. A value that is compared
 * twice stands there twice.
 *
 * @param chunkOf returns the library's own object for a column of the table, which then stands among the values
 * @param related does the same for the tables and the columns of relations
 */
export function piecesOf(
  filter: ObjectFilter,
  options: StatementOptions,
  chunkOf?: (column: string) => unknown,
  related?: RelatedWriting<unknown>,
): SqlPieces {
  const noted: unknown[] = [];
  const parameter: Parameter = value => `\0${noted.push(value) - 1}\0`;
  const outerColumn = chunkOf && { outerColumn: (column: string) => parameter(chunkOf(column)) };
  const writing = { parameter, hasNoArrays: true, ...outerColumn, related: related && writtenAs(related, parameter) };
  const text = `(${conditionOf(filter, options, writing)})`;
  const parts = text.split(mark);
  return {
    strings: parts.filter((_, index) => index % 2 === 0),
    values: parts.filter((_, index) => index % 2 === 1).map(index => noted[Number(index)]),
  };
}

/** The alias of a related table, where the library writes the columns of the outer table. */
export const aliasOfRelated = 'axioms_related';

function writtenAs(related: RelatedWriting<unknown>, parameter: Parameter): RelatedWriting<string> {
  return {
    table: (relation, alias) => parameter(related.table(relation, alias)),
    column: (relation, alias, column) => parameter(related.column(relation, alias, column)),
  };
}

const maxValues = 10_000;

class Statement {
  readonly #dialect: Dialect;
  readonly #parameter: Parameter;
  #valuesOfFilter = 0;

  constructor(
    private readonly options: StatementOptions,
    private readonly writing: Writing,
  ) {
    this.#dialect = dialectOf(options.dialect, writing.hasNoArrays);
    this.#parameter = writing.parameter;
  }

  condition(filter: NormalFilter): string {
    switch (filter.kind) {
      case 'all':
      case 'none':
        return fixed(filter.kind === 'all');
      case 'and':
      case 'or':
        return `(${filter.of.map(one => this.condition(one)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
      default:
        return this.#ofProperty(filter);
    }
  }

  #ofProperty(filter: NormalProperty): string {
    const { property } = filter;
    const [first = '', second] = property.split('.');
    this.#count(filter);
    if (second !== undefined)
      return this.#ofRelated(filter, relationOf(this.options.relations, first, property), second);
    const column = columnOf(this.options.columns, first, property);
    const name = this.#outerColumn(column.column);
    if (isNull(filter)) return `${name} IS ${filter.isNegated ? 'NOT NULL' : 'NULL'}`;
    const condition = this.#met(filter, name, column);
    if (condition === undefined) return fixed(filter.isNegated);
    // Also where the column is null, and where the condition is unknown.
    return filter.isNegated ? `(${condition} IS NOT TRUE)` : condition;
  }

  // A subquery, and no join: a join loses the rows that are related to none.
  #ofRelated(filter: NormalProperty, relation: SqlRelation, property: string): string {
    const column = columnOf(relation.columns, property, filter.property);
    const alias = this.#aliasOfRelated(filter.property);
    const name = this.#relatedColumn(relation, alias, column.column);
    const isNegated = isNull(filter) !== filter.isNegated;
    const condition = isNull(filter) ? `${name} IS NOT NULL` : this.#met(filter, name, column);
    if (condition === undefined) return fixed(isNegated);
    return `${isNegated ? 'NOT ' : ''}EXISTS (${this.#related(relation, alias)} AND ${condition})`;
  }

  #related(relation: SqlRelation, alias: string): string {
    const { table, from, to, deleted } = relation;
    const inner = (column: string): string => this.#relatedColumn(relation, alias, column);
    const present = deleted === undefined ? '' : ` AND ${inner(deleted)} IS NULL`;
    const source =
      this.writing.related?.table(relation, alias) ??
      `${quotedName(table, this.#dialect)} ${quotedName(alias, this.#dialect)}`;
    return `SELECT 1 FROM ${source} WHERE ${inner(to)} = ${this.#outerColumn(from)}${present}`;
  }

  #relatedColumn(relation: SqlRelation, alias: string, column: string): string {
    return this.writing.related?.column(relation, alias, column) ?? this.#columnName(alias, column);
  }

  // Without an alias, a column of the outer table could be taken for one of the inner table. The alias of the inner table
  // is not made from it: a database may cut a long name, and the two would be the same.
  #aliasOfRelated(path: string): string {
    const { alias } = this.options;
    if (alias === undefined && this.writing.outerColumn === undefined)
      throw new ImproperlyConfigured(
        `A filter goes over the relation of '${path}': give the option 'alias', the name of the table in your statement.`,
      );
    return alias?.toLowerCase() === aliasOfRelated ? `${aliasOfRelated}_other` : aliasOfRelated;
  }

  /** The condition under which a column that is not null meets the filter; `undefined`: no value of the column does. */
  #met(filter: NormalProperty, name: string, column: StatementColumn): string | undefined {
    if (filter.kind === 'compare') return this.#inOrder(filter, name, column.type);
    return this.#equal(filter.kind === 'in' ? filter.values : [filter.value], name, column);
  }

  #equal(values: readonly FilterValue[], name: string, column: StatementColumn): string | undefined {
    const dialect = this.#dialect;
    const parameter = this.#parameter;
    const written = {
      text: () => unlessEmpty(textsOf(values), held => dialect.texts(name, held, parameter, column.collation)),
      uuid: () => unlessEmpty(uuidsOf(values), held => dialect.uuids(name, held, parameter)),
      integer: () => unlessEmpty(this.#integersOf(values, column), held => dialect.integers(name, held, parameter)),
      number: () => unlessEmpty(numbersOf(values), held => dialect.numbers(name, held, parameter)),
      boolean: () => {
        const compared = column.isReadAsTruth === true ? `(${name} <> 0)` : name;
        return unlessEmpty(booleansOf(values), held => `${compared} IN (${held.map(dialect.boolean).join(', ')})`);
      },
      date: () => undefined,
      utc: () => undefined,
      milliseconds: () => undefined,
    };
    return written[column.type]();
  }

  #integersOf(values: readonly FilterValue[], { isReadAsNumber }: StatementColumn): readonly string[] {
    const held = integersOf(values, this.#dialect.maxInteger);
    return isReadAsNumber === true ? held.filter(text => Number.isSafeInteger(Number(text))) : held;
  }

  #inOrder({ operator, value }: CompareFilter, name: string, type: SqlColumn['type']): string | undefined {
    const parameter = this.#parameter;
    if (typeof value !== 'number') return this.#dateInOrder(operator, new Date(value.date), name, type);
    if (type === 'number') return this.#dialect.numberOrder(name, operator, value, parameter);
    if (type !== 'integer') return undefined;
    if (Number.isInteger(value)) return this.#dialect.integerOrder(name, operator, digitsOf(value), parameter);
    // Between two whole numbers.
    return operator === '<' || operator === '<='
      ? this.#dialect.integerOrder(name, '<=', digitsOf(Math.floor(value)), parameter)
      : this.#dialect.integerOrder(name, '>=', digitsOf(Math.ceil(value)), parameter);
  }

  #dateInOrder(
    operator: CompareFilter['operator'],
    time: Date,
    name: string,
    type: SqlColumn['type'],
  ): string | undefined {
    if (type === 'milliseconds') return this.#millisecondsInOrder(operator, time, name);
    return type === 'date' || type === 'utc' ? this.#timeInOrder(operator, time, name, type === 'utc') : undefined;
  }

  // A column may be more precise than a Date, which drops what is below a millisecond.
  #timeInOrder(operator: CompareFilter['operator'], time: Date, name: string, hasNoZone: boolean): string {
    const bound = time.getTime() + (operator === '<=' || operator === '>' ? 1 : 0);
    const isBefore = operator === '<' || operator === '<=';
    const { min, max } = this.#dialect.times;
    if (bound >= min && bound <= max)
      return this.#dialect.timeOrder(name, isBefore ? '<' : '>=', new Date(bound), this.#parameter, hasNoZone);
    return isBefore === bound > max ? `(${this.#dialect.isTime(name)})` : fixed(false);
  }

  // A number outside of these is of no Date.
  #millisecondsInOrder(operator: CompareFilter['operator'], time: Date, name: string): string {
    const compared = this.#dialect.integerOrder(name, operator, digitsOf(time.getTime()), this.#parameter);
    return `(${compared} AND ${name} BETWEEN -8640000000000000 AND 8640000000000000)`;
  }

  #outerColumn(column: string): string {
    return this.writing.outerColumn?.(column) ?? this.#columnName(this.options.alias, column);
  }

  #columnName(alias: string | undefined, column: string): string {
    const name = quotedName(column, this.#dialect);
    return alias === undefined ? name : `${quotedName(alias, this.#dialect)}.${name}`;
  }

  #count(filter: NormalProperty): void {
    this.#valuesOfFilter += filter.kind === 'in' ? filter.values.length : 1;
    if (this.#valuesOfFilter > maxValues)
      throw new ImproperlyConfigured(
        `A filter has more than ${maxValues} values, which is too much for one statement.`,
      );
  }
}

function isNull(filter: NormalProperty): boolean {
  return filter.kind === 'equals' && filter.value === null;
}

function unlessEmpty<T>(held: readonly T[], write: (held: readonly T[]) => string): string | undefined {
  return held.length === 0 ? undefined : write(held);
}

function fixed(isTrue: boolean): string {
  return isTrue ? '1 = 1' : '1 = 0';
}

// `-0` would be written as such.
function digitsOf(value: number): string {
  return BigInt(value).toString();
}
