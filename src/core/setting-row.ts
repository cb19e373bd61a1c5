/** A row of the table of settings, and what is said of a value that it does not accept. */
import { inspect } from 'node:util';
import { ImproperlyConfigured } from './exceptions';
import type { Kind } from './setting-kinds';

interface Description<Value> {
  /** The environment variable; none: only in code. */
  readonly variable?: string;
  /** Is an empty variable an empty list? Elsewhere it is an error. */
  readonly mayBeEmptyVariable?: boolean;
  /** How the README shows the default. */
  readonly defaultText: string;
  readonly fallback?: Value;
  readonly meaning: string;
}

export type Row<Input, Value> = Description<Value> & { readonly kind: Kind<Input, Value> };

export function row<Input, Value, Rest extends Description<Value>>(
  kind: Kind<Input, Value>,
  rest: Rest,
): Rest & { readonly kind: Kind<Input, Value> } {
  // One list serves every server.
  Object.freeze(rest.fallback);
  return { kind, ...rest };
}

export function wrong(what: string, seen: unknown, accepts: string): ImproperlyConfigured {
  return new ImproperlyConfigured(`${what} is ${shown(seen)}; expected ${accepts}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'function') return `the function ${value.name}`;
  return inspect(value, { depth: 1, maxArrayLength: 10, maxStringLength: 200, breakLength: Infinity });
}
