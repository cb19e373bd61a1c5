/** Compares one field with the values of a filter, in the operators of Prisma. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type {
  CompareFilter,
  CompareOperator,
  FilterValue,
  PropertyFilter,
} from '../../core/requirements/object-filter';
import { booleansOf, integersOf, numbersOf, textsOf } from '../sql/held-values';
import type { Field } from './properties';
import type { Provider } from './providers';

/** A condition of Prisma, as plain data. */
export type Condition = Readonly<Record<string, unknown>>;

/** What a field that is not null must be to meet the filter, and what it is if it does not. */
export interface Comparison {
  readonly met: Condition;
  readonly unmet: Condition;
}

/** Returns the comparison; `undefined` if no value of the field meets the filter. */
export function comparisonOf(filter: PropertyFilter, field: Field, provider: Provider): Comparison | undefined {
  requireWholeNumbers(filter);
  if (filter.kind === 'compare') return inOrder(filter, field, provider);
  return equal(filter.kind === 'in' ? filter.values : [filter.value], field, provider);
}

function requireWholeNumbers(filter: PropertyFilter): void {
  const values: readonly unknown[] = filter.kind === 'in' ? filter.values : [filter.value];
  if (values.some(value => typeof value === 'number' && !Number.isInteger(value)))
    throw new ImproperlyConfigured(
      `A filter compares '${filter.property}' with a fraction, which Prisma does not compare exactly: use whole numbers.`,
    );
}

function equal(values: readonly FilterValue[], field: Field, provider: Provider): Comparison | undefined {
  const { name } = field;
  switch (field.type) {
    case 'String':
      return unlessEmpty(textsOf(values), texts => textsIn(name, texts, provider));
    case 'Uuid':
      return unlessEmpty(textsOf(values).filter(isUuid), texts => among(name, texts));
    case 'Int':
      return unlessEmpty(intsOf(values, provider), numbers => among(name, numbers));
    case 'BigInt':
      return unlessEmpty(integersOf(values, provider.maxBigInt), texts => among(name, texts.map(BigInt)));
    case 'Float':
      return unlessEmpty(numbersOf(values), numbers => among(name, numbers));
    case 'Boolean':
      return unlessEmpty(booleansOf(values), booleans => booleanIn(name, booleans));
    case 'DateTime':
      return undefined;
  }
}

// The database reads more forms than this one, which it writes.
function isUuid(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}

function intsOf(values: readonly FilterValue[], { int }: Provider): readonly number[] {
  return integersOf(values, BigInt(int.max))
    .filter(text => BigInt(text) >= BigInt(int.min))
    .map(Number);
}

function among(name: string, values: readonly unknown[], others: Condition = {}): Comparison {
  return { met: { [name]: { in: values, ...others } }, unmet: { [name]: { notIn: values, ...others } } };
}

// A field of booleans has no list of values. MySQL keeps them as numbers, and Prisma reads all but 1 as false.
function booleanIn(name: string, [first, ...others]: readonly boolean[]): Comparison {
  const [isTrue, isFalse] = [{ [name]: { equals: true } }, { [name]: { not: true } }];
  if (others.some(one => one !== first)) return { met: anyOf([isTrue, isFalse]), unmet: { AND: [isTrue, isFalse] } };
  return first === true ? { met: isTrue, unmet: isFalse } : { met: isFalse, unmet: isTrue };
}

// Only text has this operator, which is true of all texts: Prisma refuses the filter if the field is not text.
const isText = { contains: '' };

function textsIn(name: string, texts: readonly string[], { padsText }: Provider): Comparison {
  if (!padsText) return among(name, texts, isText);
  const parts = [...bySpaces(texts)].map(([spaces, some]) => unpadded(name, some, spaces));
  return { met: anyOf(parts.map(({ met }) => met)), unmet: { AND: parts.map(({ unmet }) => unmet) } };
}

/** The texts by how many spaces they end with. */
function bySpaces(texts: readonly string[]): ReadonlyMap<number, readonly string[]> {
  const groups = new Map<number, string[]>();
  for (const text of texts) {
    const spaces = spacesAtEnd(text);
    const group = groups.get(spaces);
    if (group === undefined) groups.set(spaces, [text]);
    else group.push(text);
  }
  return groups;
}

function spacesAtEnd(text: string): number {
  let end = text.length;
  while (text[end - 1] === ' ') end--;
  return text.length - end;
}

// `=` ignores trailing spaces, and LIKE does not.
function unpadded(name: string, texts: readonly string[], spaces: number): Comparison {
  const enough = ' '.repeat(spaces);
  const tooMany = `${enough} `;
  return {
    met: { [name]: { in: texts, endsWith: enough, not: { endsWith: tooMany } } },
    unmet: anyOf([
      { [name]: { notIn: texts, ...isText } },
      { [name]: { endsWith: tooMany } },
      ...(spaces > 0 ? [{ [name]: { not: { endsWith: enough } } }] : []),
    ]),
  };
}

function inOrder({ operator, value }: CompareFilter, field: Field, provider: Provider): Comparison | undefined {
  const { type } = field;
  if (typeof value !== 'number')
    return type === 'DateTime' ? timeInOrder(operator, Date.parse(value.date), field, provider) : undefined;
  if (type === 'Int') return intInOrder(operator, value, field, provider);
  if (type === 'BigInt') return ordered(operator, BigInt(value), field);
  if (type !== 'Float') return undefined;
  return provider.hasNaN && isAfter(operator) ? moreButNaN(operator, value, field) : ordered(operator, value, field);
}

const names = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const;
const opposites = { '<': 'gte', '<=': 'gt', '>': 'lte', '>=': 'lt' } as const;

function isAfter(operator: CompareOperator): boolean {
  return operator === '>' || operator === '>=';
}

function ordered(operator: CompareOperator, value: unknown, field: Field): Comparison {
  const { name } = field;
  return {
    met: { [name]: { [names[operator]]: value, ...isNoJson(field) } },
    unmet: { [name]: { [opposites[operator]]: value, ...isNoJson(field) } },
  };
}

// A field of JSON compares by size, too, and has no lists. An empty list excludes nothing.
function isNoJson({ isInferred }: Field): Condition {
  return isInferred ? { notIn: [] } : {};
}

function intInOrder(operator: CompareOperator, value: number, field: Field, { int }: Provider): Comparison | undefined {
  const isWithin = field.isInferred || (value >= int.min && value <= int.max);
  if (isWithin) return ordered(operator, value, field);
  return value > int.max === isAfter(operator)
    ? undefined
    : { met: present(field), unmet: { [field.name]: { in: [] } } };
}

/** The condition that the field is not null. Prisma refuses to compare a required field with null. */
export function present({ name, isOptional }: Field): Condition {
  return { [name]: isOptional ? { not: null } : { notIn: [] } };
}

function moreButNaN(operator: '>' | '>=' | CompareOperator, value: number, { name }: Field): Comparison {
  return {
    met: { [name]: { [names[operator]]: value, lte: Infinity } },
    unmet: anyOf([{ [name]: { [opposites[operator]]: value } }, { [name]: { gt: Infinity } }]),
  };
}

// Prisma reads times of these years. PostgreSQL holds others, and Prisma returns an invalid Date for them.
const firstTime = Date.parse('0001-01-01T00:00:00.000Z');
const endOfTimes = Date.parse('+010000-01-01T00:00:00.000Z');

// A column may be more precise than a Date, which drops what is below a millisecond.
function timeInOrder(
  operator: CompareOperator,
  time: number,
  field: Field,
  { hasUnreadableTimes }: Provider,
): Comparison | undefined {
  const bound = time + (operator === '<=' || operator === '>' ? 1 : 0);
  const from = isAfter(operator) ? Math.max(bound, firstTime) : firstTime;
  const to = isAfter(operator) ? endOfTimes : Math.min(bound, endOfTimes);
  if (from >= to) return undefined;
  return between(field, new Date(from), to < endOfTimes || hasUnreadableTimes ? new Date(to) : undefined);
}

function between(field: Field, from: Date, to: Date | undefined): Comparison {
  const { name } = field;
  const json = isNoJson(field);
  const unmet = [{ [name]: { lt: from, ...json } }, ...(to === undefined ? [] : [{ [name]: { gte: to, ...json } }])];
  return { met: { [name]: { gte: from, ...(to && { lt: to }), ...json } }, unmet: anyOf(unmet) };
}

/** The condition that one of the conditions is met. There must be at least one. */
export function anyOf(conditions: readonly Condition[]): Condition {
  const [first] = conditions;
  return first !== undefined && conditions.length === 1 ? first : { OR: conditions };
}

function unlessEmpty<T>(held: readonly T[], write: (held: readonly T[]) => Comparison): Comparison | undefined {
  return held.length === 0 ? undefined : write(held);
}
