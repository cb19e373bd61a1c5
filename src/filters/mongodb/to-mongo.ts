/** Compiles a filter to a filter document of MongoDB. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import { normalForm, type NormalFilter, type NormalProperty } from '../../core/requirements/normal-form';
import type { ObjectFilter } from '../../core/requirements/object-filter';
import { appCondition } from '../app-condition';
import { metBy, type Condition } from './comparisons';
import { typeOf, type MongoProperties } from './properties';

/** What `toMongo` must know of the collection and of the app's own condition. */
export interface MongoOptions {
  /** The properties that a filter may name: `{ state: 'text', team: { id: 'text' } }`. */
  readonly properties: MongoProperties;
  /** The app's own condition; the filter is joined to it by AND. */
  readonly where?: object | undefined;
}

/** A filter of any collection: the type of its conditions fits them all. */
export interface MongoFilter {
  $and: never[];
}

/**
 * Compiles a filter to a filter document that selects exactly the documents that `matches(filter, document, { missing:
 * 'null' })` accepts. A list equals nothing, nor does an `ObjectId` or a `Decimal128`. `team.id` is a property of an
 * embedded document: a document whose `team` is neither one nor null is never selected.
 *
 * MongoDB must compare by its simple collation, which is the default. The types in `properties` are not checked against the
 * documents; a whole number beyond 2^53 is found only where the type is `integer`.
 *
 * @throws ImproperlyConfigured if the filter is wrong, has more than 10,000 values, or names what `properties` does not; if
 * `where` has an `undefined` in it
 * @example
 * const filter = toMongo(whereEquals('authorSub', 'alice'), {
 *   properties: { authorSub: 'text' },
 *   where: { state: 'published' },
 * });
 * const notes = await db.collection('notes').find(filter).toArray();
 */
export function toMongo(filter: ObjectFilter, { properties, where }: MongoOptions): MongoFilter {
  const condition = new FilterWriter(properties).condition(normalForm(filter));
  const conditions = where === undefined ? [condition] : [appCondition(where), condition];
  return { $and: conditions as never[] };
}

const maxValues = 10_000;

class FilterWriter {
  #valuesOfFilter = 0;

  constructor(private readonly properties: MongoProperties) {}

  condition(filter: NormalFilter): Condition {
    switch (filter.kind) {
      case 'all':
        return {};
      case 'none':
        return { _id: { $in: [] } };
      case 'and':
      case 'or':
        return { [`$${filter.kind}`]: filter.of.map(one => this.condition(one)) };
      default:
        return this.#ofProperty(filter);
    }
  }

  #ofProperty(filter: NormalProperty): Condition {
    this.#count(filter);
    const { property } = filter;
    const condition = metBy(filter, typeOf(this.properties, property));
    const [first = '', second] = property.split('.');
    return second === undefined ? condition : { $and: [isDocumentOrNull(first), condition] };
  }

  #count(filter: NormalProperty): void {
    this.#valuesOfFilter += filter.kind === 'in' ? filter.values.length : 1;
    if (this.#valuesOfFilter > maxValues)
      throw new ImproperlyConfigured(`A filter has more than ${maxValues} values, which is too much for one query.`);
  }
}

// `team.id` would also match in each item of a list, and be null in a text.
function isDocumentOrNull(name: string): Condition {
  return { [name]: { $not: { $type: 'array' } }, $or: [{ [name]: null }, { [name]: { $type: 'object' } }] };
}
