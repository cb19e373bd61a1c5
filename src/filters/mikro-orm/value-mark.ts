/** Shows the values of a filter where MikroORM looks at a condition instead of running it. */
import { createHash } from 'node:crypto';
import { ImproperlyConfigured } from '../../core/http/exceptions';

const prefix = 'axioms_filter.';

/**
 * Returns a member for the condition that MikroORM writes as no SQL, and whose name is the hash of the filter's SQL and values.
 *
 * The SQL is the key of its member, and its values are nowhere in the condition: MikroORM 6 has a text with a count of the
 * process, MikroORM 7 has a symbol, which JSON leaves out. Without the mark, the cache of results would give one caller's
 * rows to another, and MikroORM 7 would take `{ ...filter, id: 1 }` for a mere primary key and return what is loaded already.
 * Each filter has a name of its own, so that a spread of two keeps both.
 *
 * @param isLostInJson MikroORM's dataloader passes conditions on as JSON
 */
export function markOf(sql: { readonly text: string; readonly values: readonly unknown[] }, isLostInJson: boolean) {
  const hash = createHash('sha256')
    .update(JSON.stringify([sql.text, sql.values.map(typed)]))
    .digest('hex');
  return { [prefix + hash]: isLostInJson ? refusing : nothing };
}

/** Is it the mark of a compiled filter? */
export function isMark(name: string, value: unknown): boolean {
  return name.startsWith(prefix) && (value === refusing || value === nothing);
}

// JSON has no bigint, and writes a Date as its text.
function typed(value: unknown): readonly string[] {
  return [typeof value, value instanceof Date ? value.toISOString() : String(value)];
}

const nothing = Object.freeze({});

// MikroORM copies a condition that it runs, by its enumerable members. What it writes as JSON without a copy is not run as it is.
const refusing = Object.freeze(
  Object.defineProperty({}, 'toJSON', {
    value: () => {
      throw new ImproperlyConfigured(
        'A compiled filter cannot be written as JSON: MikroORM 7 would lose it. Load without the dataloader (`dataloader: false`).',
      );
    },
  }),
);
