/** Makes bodies that handlers are likely to accept, from the decorators of class-validator. */
import { randomUUID } from 'node:crypto';
import { getMetadataStorage } from 'class-validator';

interface Rule {
  readonly propertyName: string;
  /** Such as `isInt`. */
  readonly name?: string | undefined;
  readonly constraints?: readonly unknown[] | undefined;
}

/** Returns a body with this text in every field that takes text. */
export function sampleBody(bodyClass: unknown, text: string): Readonly<Record<string, unknown>> {
  if (typeof bodyClass !== 'function' || bodyClass === Object || bodyClass === Array) return { text };
  const rules = getMetadataStorage().getTargetValidationMetadatas(bodyClass, '', true, false) as readonly Rule[];
  const names = [...new Set(rules.map(({ propertyName }) => propertyName))];
  const { prototype } = bodyClass as { readonly prototype: object };
  return Object.fromEntries(
    names.map(name => {
      const type: unknown = Reflect.getMetadata('design:type', prototype, name);
      return [
        name,
        sampleField(
          rules.filter(({ propertyName }) => propertyName === name),
          type,
          text,
        ),
      ];
    }),
  );
}

/** Returns a value of the type that TypeScript has noted. */
export function sampleOfType(type: unknown, text: string): unknown {
  if (type === Number) return 1;
  if (type === Boolean) return true;
  if (type === Date) return '2026-01-01T00:00:00.000Z';
  return type === Array ? [] : text;
}

const samples: Readonly<Record<string, (constraints: readonly unknown[], text: string) => unknown>> = {
  isInt: () => 1,
  isNumber: () => 1,
  isPositive: () => 1,
  min: ([least]) => least,
  isBoolean: () => true,
  isArray: () => [],
  isObject: () => ({}),
  isDate: () => '2026-01-01T00:00:00.000Z',
  isDateString: () => '2026-01-01T00:00:00.000Z',
  isIso8601: () => '2026-01-01T00:00:00.000Z',
  isEmail: (_, text) => `${text}@example.com`,
  isUrl: (_, text) => `https://example.com/${text}`,
  isUuid: () => randomUUID(),
  isIn: ([values]) => [values].flat()[0],
  isEnum: ([values]) => Object.values(Object(values) as object)[0] as unknown,
  maxLength: ([most], text) => text.slice(0, Number(most)),
  isLength: ([, most], text) => (typeof most === 'number' ? text.slice(0, most) : text),
};

function sampleField(rules: readonly Rule[], type: unknown, text: string): unknown {
  for (const { name = '', constraints = [] } of rules)
    if (Object.hasOwn(samples, name)) return samples[name]?.(constraints, text);
  return sampleOfType(type, text);
}
