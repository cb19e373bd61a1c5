/** Converts schemas of OpenAPI 3.0, which the libraries write, to those of 3.1: JSON Schema, draft 2020-12. */

export const schemaPrefix = '#/components/schemas/';

type Members = Record<string, unknown>;

/** Values that are data, not schemas. */
const data = ['example', 'examples', 'default', 'enum', 'const'];

/**
 * Returns a schema in the form of 3.1. Omits members that are `undefined`, and makes references valid names of
 * components.
 */
export function asOpenApi31(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(asOpenApi31);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Members).filter(([, member]) => member !== undefined);
  const converted = entries.map(([name, member]): [string, unknown] => [
    name,
    data.includes(name) && isData(member) ? member : asOpenApi31(member),
  ]);
  return steps.reduce((schema, step) => step(schema), Object.fromEntries<unknown>(converted));
}

// Tells whether the member is data: a property may have the same name, and then its value is a schema.
function isData(member: unknown): boolean {
  return (
    typeof member !== 'object' || member === null || Array.isArray(member) || !('type' in member || '$ref' in member)
  );
}

const steps: readonly ((schema: Members) => Members)[] = [withNull, withNumericBounds, withMediaType, withRightName];

function withNull({ nullable, ...schema }: Members): Members {
  if (typeof nullable !== 'boolean') return nullable === undefined ? schema : { ...schema, nullable };
  if (!nullable) return schema;
  const { type, enum: values } = schema;
  if (typeof type === 'string')
    return {
      ...schema,
      type: [type, 'null'],
      ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}),
    };
  return isComposed(schema) ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function isComposed(schema: Members): boolean {
  return ['$ref', 'allOf', 'anyOf', 'oneOf'].some(name => name in schema);
}

function withNumericBounds(schema: Members): Members {
  return numericBound(numericBound(schema, 'exclusiveMinimum', 'minimum'), 'exclusiveMaximum', 'maximum');
}

function numericBound(schema: Members, exclusive: string, bound: string): Members {
  const { [exclusive]: isExclusive, [bound]: value, ...rest } = schema;
  if (typeof isExclusive !== 'boolean') return schema;
  return { ...rest, ...(value === undefined ? {} : { [isExclusive ? exclusive : bound]: value }) };
}

const encodings: Readonly<Record<string, Members>> = {
  binary: { contentMediaType: 'application/octet-stream' },
  byte: { contentEncoding: 'base64' },
  base64: { contentEncoding: 'base64' },
};

function withMediaType({ format, ...schema }: Members): Members {
  const encoding = typeof format === 'string' && schema['type'] === 'string' ? encodings[format] : undefined;
  if (encoding !== undefined) return { ...schema, ...encoding };
  return format === undefined ? schema : { ...schema, format };
}

function withRightName(schema: Members): Members {
  const { $ref } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith(schemaPrefix)) return schema;
  return { ...schema, $ref: schemaPrefix + componentName($ref.slice(schemaPrefix.length)) };
}

/** Returns a valid name of a component: OpenAPI 3.1 §4.8.7 allows only `^[a-zA-Z0-9._-]+$`. */
export function componentName(name: string): string {
  return name.replace(/[^\w.-]/g, '_');
}

/** Returns the names of all schemas that a value refers to, at any depth. */
export function referencesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    name === '$ref' && typeof member === 'string' && member.startsWith(schemaPrefix)
      ? [member.slice(schemaPrefix.length)]
      : referencesIn(member),
  );
}
