/** A row of the table of settings, and what is said of a value that it does not accept. */
import { inspect } from 'node:util';
import { ImproperlyConfigured } from './exceptions';
import type { Kind } from './setting-kinds';

export interface Description<Value> {
  /** The environment variable; none: only in code. */
  readonly variable?: string;
  /** Is an empty variable an empty list? Elsewhere it is an error. */
  readonly mayBeEmptyVariable?: boolean;
  /** Is the value, or something `inside` it, never to be seen, in an error or where the settings are printed? */
  readonly isSecret?: boolean | 'inside';
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

type Secrecy = Pick<Description<unknown>, 'isSecret'>;

export function wrong(what: string, seen: unknown, accepts: string, secrecy: Secrecy): ImproperlyConfigured {
  return new ImproperlyConfigured(`${what} is ${shown(seen, secrecy)}; expected ${accepts}.`);
}

function shown(value: unknown, { isSecret = false }: Secrecy): string {
  if (isSecret === true) return 'not right, and not shown';
  if (typeof value === 'function') return `the function ${value.name}`;
  const depth = isSecret === 'inside' ? 0 : 1;
  return inspect(value, { depth, maxArrayLength: 10, maxStringLength: 200, breakLength: Infinity });
}
