/** Compiles a filter to the `where` of Prisma. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { normalForm, type NormalFilter, type NormalProperty } from '../../core/requirements/normal-form';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { appCondition, isRecord } from '../app-condition';
import { anyOf, comparisonOf, present, type Condition } from './comparisons';
import { anchorOf, fieldOf, typesByPath, type Field, type PrismaProperties, type TypesByPath } from './properties';
import { providerOf, type Provider, type PrismaProvider } from './providers';

/** What `toPrisma` must know of the model and of the app's own condition. */
export interface PrismaOptions {
  readonly provider: PrismaProvider;
  /**
   * The fields that a filter may name, as the schema declares them: `{ state: 'String?', team: { id: 'String' } }`. Prisma
   * does not say at run time which fields are optional.
   *
   * Without it, each field is taken for an optional one of the type that the filter's value has. Prisma refuses the query
   * if the field has another type, or is required and compared with null. It does not distinguish `Decimal` from other
   * numbers, nor NaN from large ones: give `properties` if the model has them. The model must have a field `id`.
   */
  readonly properties?: PrismaProperties | undefined;
  /** The app's own condition; the filter is joined to it by AND. */
  readonly where?: object | undefined;
  /**
   * Says that MySQL compares the columns of text by bytes (`utf8mb4_bin`), without which text is refused. Trailing spaces
   * count, whether the collation pads or not.
   */
  readonly binaryText?: boolean | undefined;
}

/** A `where` of any model: the type of its conditions fits them all. */
export interface PrismaWhere {
  AND: never[];
}

/**
 * Compiles a filter to a `where` that selects exactly the rows that `matches` accepts. Prisma compares text as the column's
 * collation does. That is exact in PostgreSQL (but for `citext`, `char(n)` and collations that are not deterministic) and in
 * SQLite (but for `NOCASE` and `RTRIM`).
 *
 * @throws ImproperlyConfigured if the filter is wrong, has a fraction or more than 10,000 values (900 with SQLite), or
 * names what `properties` does not; if it compares text on MySQL without `binaryText`; if `where` has an `undefined` in it
 * @example
 * const where = toPrisma(whereEquals('authorSub', 'alice'), {
 *   provider: 'postgresql',
 *   properties: { authorSub: 'String' },
 *   where: { state: 'published' },
 * });
 * const notes = await prisma.note.findMany({ where });
 */
export function toPrisma(filter: ObjectFilter, options: PrismaOptions): PrismaWhere {
  const condition = new WhereWriter(options).condition(normalForm(filter));
  const { AND, ...where } = appCondition(options.where === undefined ? {} : options.where, isDropped);
  const ofApp = AND === undefined ? [] : [AND].flat();
  // The app's condition stays at the top: Prisma drops an `OR: []` that stands inside of AND.
  return { ...where, AND: [...ofApp, condition] as never[] };
}

class WhereWriter {
  readonly #provider: Provider;
  readonly #types: TypesByPath | undefined;
  #valuesOfFilter = 0;

  constructor(private readonly options: PrismaOptions) {
    this.#provider = providerOf(options.provider);
    this.#types = options.properties && typesByPath(options.properties);
  }

  condition(filter: NormalFilter): Condition {
    switch (filter.kind) {
      case 'all':
      case 'none':
        return this.#fixed(filter.kind === 'all');
      case 'and':
      case 'or':
        return { [filter.kind === 'and' ? 'AND' : 'OR']: filter.of.map(one => this.condition(one)) };
      default:
        return this.#ofProperty(filter);
    }
  }

  #fixed(isTrue: boolean): Condition {
    return always(isTrue, anchorOf(this.#types));
  }

  #ofProperty(filter: NormalProperty): Condition {
    this.#count(filter);
    const field = fieldOf(this.#types, filter);
    const [relation, second] = filter.property.split('.');
    if (second !== undefined) return this.#ofRelated(filter, field, relation as string);
    if (isNull(filter)) return this.#null(field, filter.isNegated);
    const comparison = this.#comparison(filter, field);
    if (comparison === undefined) return this.#fixed(filter.isNegated);
    return filter.isNegated ? orNull(comparison.unmet, field) : comparison.met;
  }

  #null(field: Field, isNegated: boolean): Condition {
    if (field.isOptional) return { [field.name]: isNegated ? { not: null } : null };
    return this.#fixed(isNegated);
  }

  // `isNot` also holds where there is no related row. It must be given nothing that null makes unknown.
  #ofRelated(filter: NormalProperty, field: Field, relation: string): Condition {
    const is = (condition: Condition): Condition => ({ [relation]: { is: condition } });
    const isNot = (condition: Condition): Condition => ({ [relation]: { isNot: condition } });
    if (isNull(filter)) {
      const isPresent = field.isOptional ? present(field) : this.#anyRelated(relation);
      return filter.isNegated ? is(isPresent) : isNot(isPresent);
    }
    const comparison = this.#comparison(filter, field);
    if (comparison === undefined) return this.#fixed(filter.isNegated);
    if (!filter.isNegated) return is(comparison.met);
    return anyOf([isNot(this.#anyRelated(relation)), is(orNull(comparison.unmet, field))]);
  }

  #anyRelated(relation: string): Condition {
    return always(true, anchorOf(this.#types, relation));
  }

  #comparison(filter: NormalProperty, field: Field): ReturnType<typeof comparisonOf> {
    const { options } = this;
    if (
      field.type === 'String' &&
      filter.kind !== 'compare' &&
      options.provider === 'mysql' &&
      options.binaryText !== true
    )
      throw new ImproperlyConfigured(
        `A filter compares '${filter.property}' with text, and MySQL may ignore case: give 'binaryText: true' if the columns of text are binary (utf8mb4_bin).`,
      );
    if (field.type === 'Uuid' && options.provider !== 'postgresql')
      throw new ImproperlyConfigured(
        `The field '${filter.property}' is a Uuid, which only PostgreSQL has: use String.`,
      );
    return comparisonOf(filter, field, this.#provider);
  }

  #count(filter: NormalProperty): void {
    const { maxValues } = this.#provider;
    this.#valuesOfFilter += filter.kind === 'in' ? filter.values.length : 1;
    if (this.#valuesOfFilter > maxValues)
      throw new ImproperlyConfigured(`A filter has more than ${maxValues} values, which is too much for one query.`);
  }
}

function isNull(filter: NormalProperty): boolean {
  return filter.kind === 'equals' && filter.value === null;
}

function orNull(condition: Condition, { name, isOptional }: Field): Condition {
  return isOptional ? { OR: [{ [name]: null }, condition] } : condition;
}

function always(isTrue: boolean, name: string): Condition {
  return { [name]: { [isTrue ? 'notIn' : 'in']: [] } };
}

function isDropped(value: unknown): boolean {
  return value === undefined || isMarkOfPrisma(value);
}

// `Prisma.skip` is an object of a class without content, and drops its part of the condition.
function isMarkOfPrisma(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isRecord(value)) return false;
  return Reflect.ownKeys(value).length === 0 && !(value instanceof Date) && !ArrayBuffer.isView(value);
}
