/** Reads the errors of class-validator, field by field. */

/** The messages of the constraints that each field violates, by the dotted path of the field. */
export type FieldTexts = Readonly<Record<string, readonly string[]>>;

/**
 * The part of class-validator's `ValidationError` that a client may see. `target` and `value` hold the submitted data.
 */
interface Found {
  readonly property?: PropertyKey;
  readonly constraints?: unknown;
  readonly children?: unknown;
}

/**
 * Returns the constraint messages of a list of class-validator's `ValidationError`s. An element of a list has its index
 * as its name: `items.0.name`. The path of the object itself is empty.
 *
 * @returns the messages of the first hundred fields, by field; `undefined` if `errors` is not such a list
 */
export function fieldTexts(errors: unknown): FieldTexts | undefined {
  const texts = new Map<string, string[]>();
  addTexts(errors, [], texts);
  return texts.size === 0 ? undefined : Object.fromEntries(texts);
}

/** A body that violates more must not make an answer of megabytes. */
const mostFields = 100;

function addTexts(errors: unknown, path: readonly string[], texts: Map<string, string[]>): void {
  if (!Array.isArray(errors)) return;
  for (const error of errors) {
    if (texts.size >= mostFields) return;
    const { property, constraints, children } = Object(error) as Found;
    const ownPath = property === undefined ? path : [...path, String(property)];
    const own = Object.values(Object(constraints) as object).filter(text => typeof text === 'string');
    const key = ownPath.join('.');
    if (own.length > 0) texts.set(key, [...(texts.get(key) ?? []), ...own]);
    addTexts(children, ownPath, texts);
  }
}
