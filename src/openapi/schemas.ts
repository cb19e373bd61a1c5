/** JSON Schemas of the classes that handlers take, by class-validator's rules. */
import { IS_DATE_STRING, IS_ENUM } from 'class-validator';
import { targetConstructorToSchema, validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { asOpenApi31, referencesIn, schemaPrefix } from './json-schema';
import type { SchemaObject } from './open-api';

type SchemaClass = abstract new (...parameters: never[]) => object;
type Options = NonNullable<Parameters<typeof validationMetadatasToSchemas>[0]>;
type Schemas = Record<string, SchemaObject>;

// What `@Type()` says is kept where class-transformer's own types do not lead.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the module has no types
const { defaultMetadataStorage } = require('class-transformer/cjs/storage') as {
  readonly defaultMetadataStorage: NonNullable<Options['classTransformerMetadataStorage']>;
};

/** What JavaScript brings along, as it stands in JSON. */
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

// Where upstream's own converters say what no caller could obey.
const additionalConverters: Options['additionalConverters'] = {
  [IS_DATE_STRING]: { type: 'string', format: 'date-time' },
  [IS_ENUM]: ({ constraints }) => ({ enum: enumValues(constraints[0] as object) }),
};

/** The classes of one document. A second class of a name gets a name of its own. */
export class ClassSchemas {
  readonly #names = new Map<unknown, string>();
  readonly #found: Schemas = {};
  #byName: Schemas | undefined;

  /** The name of a class's schema in the document. */
  nameOf(schemaClass: SchemaClass): string {
    const known = this.#names.get(schemaClass);
    if (known !== undefined) return known;
    const name = this.#freeName(schemaClass.name);
    this.#names.set(schemaClass, name);
    if (!Object.hasOwn(builtIn, name)) this.#found[name] = schemaOf(schemaClass);
    return name;
  }

  /** Those that were named so far. */
  get named(): Schemas {
    return this.#found;
  }

  /** The schemas that a document refers to, and those that they refer to; none of what else the process has loaded. */
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

  // A class without rules is an object of which nothing is known.
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

// With class-transformer's storage nested classes are made, to see whether they are maps: not all of them can be.
function tolerant(build: (options: Options) => object): Schemas {
  const options: Options = { refPointerPrefix: schemaPrefix, additionalConverters };
  try {
    return build({ ...options, classTransformerMetadataStorage: defaultMetadataStorage }) as Schemas;
  } catch {
    return build(options) as Schemas;
  }
}

// An enum of numbers has its names among its values, too.
function enumValues(values: object): unknown[] {
  return Object.entries(values)
    .filter(([name]) => !/^-?\d+$/.test(name))
    .map(([, value]: [string, unknown]) => value);
}
