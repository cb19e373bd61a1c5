/** What is found out once for each HTTP method. */
import { METHODS } from 'node:http';

/** Remembers what was read for each method. */
export class PerMethod<Value> {
  readonly #known = new Map<string, Value>();

  /** Returns what is known of a method, and reads it the first time. `undefined` is read again. */
  of(method: string, read: (method: string) => Value): Value {
    return this.#known.get(method) ?? this.#remembered(method, read(method));
  }

  /** The methods that are remembered. */
  get methods(): readonly string[] {
    return [...this.#known.keys()];
  }

  // A middleware may take the method from the client: only those that exist are kept.
  #remembered(method: string, value: Value): Value {
    if (value !== undefined && METHODS.includes(method)) this.#known.set(method, value);
    return value;
  }
}
