/** The fields that a filter may name, as the schema of Prisma declares them. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { PropertyFilter } from '../../core/requirements/object-filter';

/** The types of fields that a filter can compare. `Uuid` is `String @db.Uuid`, which only PostgreSQL has. */
export type PrismaScalar = 'String' | 'Uuid' | 'Int' | 'BigInt' | 'Float' | 'Boolean' | 'DateTime';

/** The type of a field, as in the schema: `Int`, or `Int?` if the field is optional. */
export type PrismaField = PrismaScalar | `${PrismaScalar}?`;

/**
 * The fields of a model, and the fields of the models that it is related to, by the name of the relation: `{ team: { id:
 * 'String' } }`, or `{ 'team.id': 'String' }`.
 */
export type PrismaProperties = Readonly<Record<string, PrismaField | Readonly<Record<string, PrismaField>>>>;

/** The types that the app gives, by the path of the field. */
export type TypesByPath = ReadonlyMap<string, unknown>;

export function typesByPath(properties: PrismaProperties): TypesByPath {
  const entries = Object.entries(properties).flatMap(([name, type]): [string, unknown][] =>
    typeof type === 'object' ? Object.entries(type).map(([inner, one]) => [`${name}.${inner}`, one]) : [[name, type]],
  );
  return new Map(entries);
}

/** A field of a model. */
export interface Field {
  readonly name: string;
  readonly type: PrismaScalar;
  readonly isOptional: boolean;
  /** Was the type found from the filter? Prisma then has to refuse a field of another type. */
  readonly isInferred: boolean;
}

/** Returns the field that the filter names, of the model or of one that it is related to. */
export function fieldOf(types: TypesByPath | undefined, filter: PropertyFilter): Field {
  const names = filter.property.split('.');
  for (const name of names) requireFieldName(name);
  const name = names.at(-1) ?? '';
  if (types === undefined) return { name, type: inferredType(filter), isOptional: true, isInferred: true };
  return { name, ...declared(types.get(filter.property), filter.property), isInferred: false };
}

// `{ OR: null }` would be no condition.
function requireFieldName(name: string): void {
  if (['AND', 'OR', 'NOT'].includes(name))
    throw new ImproperlyConfigured(`A filter names '${name}', which is an operator of Prisma and no field.`);
}

const scalars: readonly unknown[] = [
  'String',
  'Uuid',
  'Int',
  'BigInt',
  'Float',
  'Boolean',
  'DateTime',
] satisfies PrismaScalar[];

function declared(type: unknown, path: string): Pick<Field, 'type' | 'isOptional'> {
  if (type === undefined)
    throw new ImproperlyConfigured(
      `A filter names '${path}', and the option 'properties' names no such field: describe it there.`,
    );
  const scalar = typeof type === 'string' ? type.replace(/\?$/, '') : undefined;
  if (scalars.includes(scalar)) return { type: scalar as PrismaScalar, isOptional: type !== scalar };
  throw new ImproperlyConfigured(
    `The field '${path}' has a type that no filter can compare exactly. The types are: ${scalars.join(', ')}, each with '?' if the field is optional.`,
  );
}

// Prisma takes text only for a field of text, and so on. It has no list of several types.
function inferredType(filter: PropertyFilter): PrismaScalar {
  if (filter.kind === 'compare') return typeof filter.value === 'number' ? 'Int' : 'DateTime';
  const [first, ...others] = new Set(
    (filter.kind === 'in' ? filter.values : [filter.value]).map(value => typeof value),
  );
  if (others.length > 0)
    throw new ImproperlyConfigured(
      `A filter compares '${filter.property}' with values of several types: give the option 'properties'.`,
    );
  if (first === 'boolean') return 'Boolean';
  return first === 'number' ? 'Int' : 'String';
}

/**
 * Returns the name of a field that has the operator `in`, for conditions that are always true or false: Prisma drops
 * `{ OR: [] }` and `{ NOT: {} }` inside of another condition, and so returns every row.
 *
 * @param relation the relation to the model of the field; default: the app's own model
 */
export function anchorOf(types: TypesByPath = new Map(), relation?: string): string {
  const path = [...types.keys()].find(one => isOf(one, relation) && hasLists(types.get(one)));
  return path?.split('.').at(-1) ?? 'id';
}

function isOf(path: string, relation: string | undefined): boolean {
  return relation === undefined ? !path.includes('.') : path.startsWith(`${relation}.`);
}

function hasLists(type: unknown): boolean {
  return typeof type === 'string' && !type.startsWith('Boolean');
}
