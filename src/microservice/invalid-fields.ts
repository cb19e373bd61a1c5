/** The error for a body with missing or malformed fields, field by field. */
import { APIException, type APIExceptionOptions } from '../core/http/exceptions';

/** What is wrong with each field, as sentences for the caller. They never contain a value. */
export type FieldErrors = Readonly<Record<string, readonly string[]>>;

/**
 * Answers 400 with `fields`, because the fields of the body are not what the endpoint accepts. Mirrors DRF's
 * `ValidationError` and uses its sentences.
 *
 * @example
 * throw new InvalidFields({ username: ['This field is required.'] });
 */
export class InvalidFields extends APIException {
  static override readonly httpCode = 400;
  static override readonly code = 'invalid_request';
  static override readonly description = 'Fields of the request are missing or malformed';

  constructor(
    readonly fields: FieldErrors,
    options?: APIExceptionOptions,
  ) {
    super(undefined, options);
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), fields: this.fields };
  }
}

/** What a text field accepts. */
export interface TextField {
  readonly isRequired: boolean;
  /** The maximum length, in UTF-16 code units. */
  readonly longest: number;
}

/**
 * Reads the text fields of an untrusted body. Other members are ignored.
 *
 * @throws InvalidFields with every invalid field
 * @example
 * const { username } = textFields(body, { username: { isRequired: true, longest: 254 } });
 */
export function textFields<Name extends string>(
  body: unknown,
  wanted: Readonly<Record<Name, TextField>>,
): Readonly<Partial<Record<Name, string>>> {
  const members = typeof body === 'object' && body !== null ? body : {};
  const found = (Object.keys(wanted) as Name[]).map(name => ({
    name,
    value: Object.hasOwn(members, name) ? (members as Record<string, unknown>)[name] : undefined,
  }));
  const errors = found.flatMap(({ name, value }) => {
    const error = problemOf(value, wanted[name]);
    return error === undefined ? [] : [[name, [error]] as const];
  });
  if (errors.length > 0) throw new InvalidFields(Object.fromEntries(errors));
  return Object.fromEntries(found.flatMap(({ name, value }) => (value == null ? [] : [[name, value]]))) as never;
}

function problemOf(value: unknown, { isRequired, longest }: TextField): string | undefined {
  if (value === undefined || (value === null && !isRequired)) return isRequired ? 'This field is required.' : undefined;
  if (value === null) return 'This field may not be null.';
  if (typeof value !== 'string') return 'Not a valid string.';
  if (value === '') return 'This field may not be blank.';
  if (value.length > longest) return `Ensure this field has no more than ${longest} characters.`;
  // PostgreSQL does not accept null characters in text. Half a surrogate pair would be stored or hashed as another
  // character.
  if (value.includes('\0')) return 'Null characters are not allowed.';
  return /\p{Surrogate}/u.test(value) ? 'Not a valid string.' : undefined;
}
