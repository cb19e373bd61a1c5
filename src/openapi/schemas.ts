/** Builds JSON Schemas of the classes in handlers' parameters from class-validator's rules. */
import { IS_DATE_STRING, IS_ENUM } from 'class-validator';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { asOpenApi31, referencesIn, schemaPrefix } from './json-schema';
import type { SchemaObject } from './open-api';

type SchemaClass = abstract new (...parameters: never[]) => object;
type Options = NonNullable<Parameters<typeof validationMetadatasToSchemas>[0]>;
type Schemas = Record<string, SchemaObject>;

// The metadata of `@Type()` is in this file, which class-transformer's own types do not include.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the module has no types
const { defaultMetadataStorage } = require('class-transformer/cjs/storage') as {
  readonly defaultMetadataStorage: NonNullable<Options['classTransformerMetadataStorage']>;
};

/** JavaScript's built-in classes, as they are in JSON. */
const builtIn: Readonly<Record<string, SchemaObject>> = {
  Array: { type: 'array', items: {} },
  BigInt: { type: 'integer' },
  Boolean: { type: 'boolean' },
  Buffer: { type: 'string' },
  Date: { type: 'string', format: 'date-time' },
  Map: { type: 'object' },
  Number: { type: 'number' },
  Object: {},
  Promise: {},
  Set: { type: 'array', items: {} },
  String: { type: 'string' },
};

// Replaces converters of class-validator-jsonschema whose result no client could comply with.
const additionalConverters: Options['additionalConverters'] = {
  [IS_DATE_STRING]: { type: 'string', format: 'date-time' },
  [IS_ENUM]: ({ constraints }) => ({ enum: enumValues(constraints[0] as object) }),
};

/** Collects the classes of one document. A second class of the same name gets another name. */
export class ClassSchemas {
  readonly #names = new Map<unknown, string>();
  readonly #found: Schemas = {};
  #byName: Schemas | undefined;

  /** Returns the name of a class's schema in the document. */
  nameOf(schemaClass: SchemaClass): string {
    const known = this.#names.get(schemaClass);
    if (known !== undefined) return known;
    const name = this.#freeName(schemaClass.name);
    this.#names.set(schemaClass, name);
    if (!Object.hasOwn(builtIn, name)) this.#found[name] = schemaOf(schemaClass);
    return name;
  }

  /** The schemas that were named so far. */
  get named(): Schemas {
    return this.#found;
  }

  /**
   * Returns the schemas that a document refers to, directly or through other schemas. Omits all other classes that the
   * process has loaded.
   */
  referredToBy(document: unknown): Schemas {
    const needed: Schemas = {};
    const pending = [...referencesIn(document)];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (Object.hasOwn(needed, name)) continue;
      const schema = asOpenApi31(this.#schemaNamed(name)) as SchemaObject;
      needed[name] = schema;
      pending.push(...referencesIn(schema));
    }
    return needed;
  }

  // A class without rules becomes an object without properties.
  #schemaNamed(name: string): SchemaObject {
    this.#byName ??= tolerant(options => validationMetadatasToSchemas(options));
    const known = [this.#found, builtIn, this.#byName].find(one => Object.hasOwn(one, name));
    return known?.[name] ?? { type: 'object' };
  }

  #freeName(name: string): string {
    const taken = [...this.#names.values()];
    const free = (count: number): string => (count === 1 ? name : `${name}${count}`);
    let count = 1;
    while (taken.includes(free(count))) count += 1;
    return free(count);
  }
}

function schemaOf(schemaClass: SchemaClass): SchemaObject {
  const found = tolerant(options => ({ found: targetConstructorToSchema(schemaClass, options) })).found;
  return found === undefined || Object.keys(found).length === 0 ? { type: 'object' } : found;
}

// Tries class-transformer's storage first. With it, nested classes are constructed to see whether they are maps, and
// the constructor of some throws.
function tolerant(build: (options: Options) => object): Schemas {
  const options: Options = { refPointerPrefix: schemaPrefix, additionalConverters };
  try {
    return build({ ...options, classTransformerMetadataStorage: defaultMetadataStorage }) as Schemas;
  } catch {
    return build(options) as Schemas;
  }
}

// A numeric enum has its names among its values, too.
function enumValues(values: object): unknown[] {
  return Object.entries(values)
    .filter(([name]) => !/^-?\d+$/.test(name))
    .map(([, value]: [string, unknown]) => value);
}
