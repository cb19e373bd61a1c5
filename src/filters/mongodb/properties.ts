/** The properties of documents that a filter may name, as the app describes them. */
import { ImproperlyConfigured } from '../../core/http/exceptions';

/** What a property holds. `integer`: whole numbers, also large ones (`Long`). `number`: double precision. */
export type MongoType = 'text' | 'integer' | 'number' | 'boolean' | 'date';

/**
 * The types of properties, and of the properties of embedded documents: `{ team: { id: 'text' } }`, or `{ 'team.id': 'text'
 * }`.
 */
export type MongoProperties = Readonly<Record<string, MongoType | Readonly<Record<string, MongoType>>>>;

const types: readonly unknown[] = ['text', 'integer', 'number', 'boolean', 'date'] satisfies MongoType[];

/** @throws ImproperlyConfigured if the property is not described, or would be an operator of MongoDB */
export function typeOf(properties: MongoProperties, path: string): MongoType {
  const names = path.split('.');
  if (names.some(name => name.startsWith('$')))
    throw new ImproperlyConfigured('A filter names a property that begins with $, as the operators of MongoDB do.');
  const type = ownValue(properties, path) ?? names.reduce<unknown>(ownValue, properties);
  if (types.includes(type)) return type as MongoType;
  throw new ImproperlyConfigured(
    `A filter names '${path}', and the option 'properties' has no type for it, which is one of: ${types.join(', ')}.`,
  );
}

function ownValue(object: unknown, name: string): unknown {
  const isObject = typeof object === 'object' && object !== null;
  return isObject && Object.hasOwn(object, name) ? (object as Readonly<Record<string, unknown>>)[name] : undefined;
}
