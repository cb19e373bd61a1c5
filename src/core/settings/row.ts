/** A row of the table of settings, and what is said of a value that it does not accept. */
import { ImproperlyConfigured } from '../http/exceptions';
import type { Kind } from './kinds';
import { shown, typeOf } from './shown-value';

export interface Description<Value> {
  /** The environment variable; none: only in code. */
  readonly variable?: string;
  /** Is an empty variable an empty list? Elsewhere it is an error. */
  readonly mayBeEmptyVariable?: boolean;
  /**
   * Is the value, or something `inside` it, a secret? An error then shows its type alone. A secret value is left out
   * where the settings are printed.
   */
  readonly isSecret?: boolean | 'inside';
  /** Strings in an object that an error may show; default: none. */
  readonly harmless?: RegExp;
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

type Secrecy = Pick<Description<unknown>, 'isSecret' | 'harmless'>;

export function wrong(what: string, seen: unknown, accepts: string, secrecy: Secrecy): ImproperlyConfigured {
  const { isSecret = false, harmless } = secrecy;
  const text = isSecret ? `${typeOf(seen)}, which is not shown because it may be secret` : shown(seen, harmless);
  return new ImproperlyConfigured(`${what} is ${text}; expected ${accepts}.`);
}
