/** The queries that a test of isolation sends to a route. */
import type { ActionMetadata } from 'routing-controllers';
import { fieldsOf, samplesOfType, type Field } from './sample-body';

type Parameter = Pick<ActionMetadata['params'][number], 'type' | 'name' | 'targetType' | 'required'>;

/** Values by the name of a parameter, as the seed returned them. */
type Values = Readonly<Record<string, string>>;

export interface Query {
  /** The parameters that are in it although the handler does not require them. */
  readonly names: readonly string[];
  /** Returns the query with `?`, with the values of the seed, and otherwise this text in each parameter that takes text. */
  readonly fill: (text: string, values: Values) => string;
}

/** A parameter with one of its values. */
interface Choice {
  readonly field: Field;
  readonly valueOf: (text: string, values: Values) => unknown;
}

/**
 * Returns a query with what the handler requires, one with every parameter, and one for each value of each parameter: with
 * others beside it, `?all=true` could show less.
 */
export function queriesOf(parameters: readonly Parameter[]): readonly [Query, ...Query[]] {
  const fields = parameters.flatMap(queryFields);
  const required = fields.filter(({ isRequired }) => isRequired).map(usual);
  const alone = fields.flatMap(field => {
    const others = required.filter(choice => choice.field !== field);
    return choicesOf(field).map(choice => queryOf([...others, choice]));
  });
  return [queryOf(required), ...distinct([queryOf(fields.map(usual)), ...alone], queryOf(required))];
}

/** Returns the names of all parameters that take more than yes and no. */
export function parameterNames(parameters: readonly Parameter[]): readonly string[] {
  const fields = parameters.flatMap(queryFields).filter(({ samples }) => typeof samples('')[0] !== 'boolean');
  return fields.map(({ name }) => name);
}

function queryFields({ type, name, targetType, required }: Parameter): readonly Field[] {
  if (type === 'queries') return fieldsOf(targetType) ?? [];
  return type === 'query' ? [{ name, isRequired: required, samples: text => samplesOfType(targetType, text) }] : [];
}

function usual(field: Field): Choice {
  return { field, valueOf: (text, values) => values[field.name] ?? field.samples(text)[0] };
}

function choicesOf(field: Field): readonly Choice[] {
  const choices = field
    .samples('')
    .map((_, index) => ({ field, valueOf: (text: string) => field.samples(text)[index] }));
  return [usual(field), ...choices];
}

function queryOf(choices: readonly Choice[]): Query {
  return {
    names: choices.filter(({ field }) => !field.isRequired).map(({ field }) => field.name),
    fill: (text, values) => {
      const query = new URLSearchParams();
      for (const { field, valueOf } of choices) query.set(field.name, textOf(valueOf(text, values), text));
      return query.size === 0 ? '' : `?${query.toString()}`;
    },
  };
}

// An object or a list in a query is the parser's own form.
function textOf(value: unknown, text: string): string {
  return typeof value === 'string'
    ? value
    : ['number', 'boolean'].includes(typeof value)
      ? JSON.stringify(value)
      : text;
}

/** Two queries may differ only where the seed returned a value. */
function distinct(queries: readonly Query[], first: Query): readonly Query[] {
  const values = new Proxy({}, { get: () => 'given' });
  const keyOf = ({ fill }: Query): string => `${fill('text', {})}${fill('text', values)}`;
  const byKey = new Map(queries.map(query => [keyOf(query), query]));
  byKey.delete(keyOf(first));
  return [...byKey.values()];
}

/** Has the handler a `@QueryParams()` whose names the test does not know? */
export function hasUnknownQuery(parameters: readonly Parameter[]): boolean {
  return parameters.some(({ type, targetType }) => type === 'queries' && !fieldsOf(targetType)?.length);
}
