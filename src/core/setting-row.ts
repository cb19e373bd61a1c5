/** What is said about a setting: one row of the table. */
import type { Kind } from './setting-kinds';

export interface Description<Value> {
  /** The environment variable; none: only in code. */
  readonly variable?: string;
  /** Is an empty variable an empty list? Elsewhere it is an error. */
  readonly mayBeEmptyVariable?: boolean;
  /** Is the value never to be seen, in an error or where the settings are printed? */
  readonly isSecret?: boolean;
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
