/** Makes bodies that handlers are likely to accept, from the decorators of class-validator. */
import { randomUUID } from 'node:crypto';
import { getMetadataStorage } from 'class-validator';

interface Rule {
  readonly propertyName: string;
  readonly type: string;
  /** Such as `isInt`. */
  readonly name?: string | undefined;
  readonly constraints?: readonly unknown[] | undefined;
}

/** A field of a body, or a parameter of the query. */
export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  /** Values that the handler may accept: this text, or what the field takes instead. */
  readonly samples: (text: string) => readonly unknown[];
}

/** Returns a body with this text in every field that takes text. */
export function sampleBody(bodyClass: unknown, text: string): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(bodyClass);
  return fields ? Object.fromEntries(fields.map(({ name, samples }) => [name, samples(text)[0]])) : { text };
}

/** Returns the fields of a class that have decorators of class-validator; `undefined` if it is not a class of the app. */
export function fieldsOf(type: unknown): readonly Field[] | undefined {
  if (typeof type !== 'function' || type === Object || type === Array) return undefined;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', true, false) as readonly Rule[];
  const names = [...new Set(rules.map(({ propertyName }) => propertyName))];
  return names.map(name => {
    const own = rules.filter(({ propertyName }) => propertyName === name);
    const designType: unknown = Reflect.getMetadata('design:type', type.prototype as object, name);
    return {
      name,
      isRequired: own.every(rule => rule.type !== 'conditionalValidation'),
      samples: text => samplesOfField(own, designType, text),
    };
  });
}

/** Returns what the seed gave for a field, in the type of its sample; the sample if it gave nothing. */
export function valueLike(sample: unknown, given: string | undefined): unknown {
  if (given === undefined) return sample;
  const isNumber = typeof sample === 'number' || (Array.isArray(sample) && /^\d+$/.test(given));
  const value = isNumber ? Number(given) : typeof sample === 'boolean' ? given === 'true' : given;
  return Array.isArray(sample) ? [value] : value;
}

/** Returns values of the type that TypeScript has noted. */
export function samplesOfType(type: unknown, text: string): readonly unknown[] {
  if (type === Number) return [1];
  if (type === Boolean) return [true, false];
  if (type === Date) return ['2026-01-01T00:00:00.000Z'];
  return [type === Array ? [] : text];
}

const samples: Readonly<Record<string, (constraints: readonly unknown[], text: string) => readonly unknown[]>> = {
  isInt: () => [1],
  isNumber: () => [1],
  isPositive: () => [1],
  min: ([least]) => [least],
  isBoolean: () => [true, false],
  isArray: () => [[]],
  isObject: () => [{}],
  isDate: () => ['2026-01-01T00:00:00.000Z'],
  isDateString: () => ['2026-01-01T00:00:00.000Z'],
  isIso8601: () => ['2026-01-01T00:00:00.000Z'],
  isEmail: (_, text) => [`${text}@example.com`],
  isUrl: (_, text) => [`https://example.com/${text}`],
  isUuid: () => [randomUUID()],
  isIn: ([values]) => values as readonly unknown[],
  isEnum: ([values]) => Object.values(Object(values) as object) as readonly unknown[],
  maxLength: ([most], text) => [text.slice(0, Number(most))],
  isLength: ([, most], text) => [typeof most === 'number' ? text.slice(0, most) : text],
};

function samplesOfField(rules: readonly Rule[], type: unknown, text: string): readonly unknown[] {
  for (const { name = '', constraints = [] } of rules)
    if (Object.hasOwn(samples, name)) return samples[name]?.(constraints, text) ?? [];
  return samplesOfType(type, text);
}
