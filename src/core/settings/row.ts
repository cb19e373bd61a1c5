/** A row of the table of settings, and the error for a value that it does not accept. */
import { ImproperlyConfigured } from '../http/exceptions';
import type { Kind } from './kinds';
import { shown, typeOf } from './shown-value';

export interface Description<Value> {
  /** The environment variable; without one, the setting can be given only in code. */
  readonly variable?: string;
  /** Whether an empty variable means an empty list. For other settings it is an error. */
  readonly mayBeEmptyVariable?: boolean;
  /**
   * Whether the value, or a part of it (`inside`), is a secret. An error then shows only its type. A secret value is
   * left out when the settings are printed.
   */
  readonly isSecret?: boolean | 'inside';
  /** Strings in an object that an error may show; default: only empty ones. */
  readonly harmless?: RegExp;
  /** How the documentation shows the default. */
  readonly defaultText: string;
  readonly fallback?: Value;
  readonly meaning: string;
}

export type Row<Input, Value> = Description<Value> & { readonly kind: Kind<Input, Value> };

export function row<Input, Value, Rest extends Description<Value>>(
  kind: Kind<Input, Value>,
  rest: Rest,
): Rest & { readonly kind: Kind<Input, Value> } {
  // All servers share this list.
  Object.freeze(rest.fallback);
  return { kind, ...rest };
}

type Secrecy = Pick<Description<unknown>, 'isSecret' | 'harmless'>;

export function wrong(what: string, seen: unknown, accepts: string, secrecy: Secrecy): ImproperlyConfigured {
  const { isSecret = false, harmless } = secrecy;
  const text = isSecret ? `${typeOf(seen)}, which is not shown because it may be secret` : shown(seen, harmless);
  return new ImproperlyConfigured(`${what} is ${text}; expected ${accepts}.`);
}
