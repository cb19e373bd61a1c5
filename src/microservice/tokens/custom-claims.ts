/** Copies attributes of a user into an access token: only those that are listed, and none by accident. */
import { ImproperlyConfigured } from '../../core/http/exceptions';
import type { User } from '../users/user';

/** A claim whose value a function returns. Mirrors an entry of CUSTOM_TOKEN_CALLABLE_ATTRIBUTES. */
export interface CallableAttribute {
  /** The name of the claim. */
  readonly attrName: string;
  /** Returns the value as plain JSON. Called at every sign-in and refresh. */
  readonly attrGetter: (user: User) => unknown;
}

// RFC 7519 §4.1, RFC 9068 §2.2, and the names by which verifiers distinguish kinds of tokens.
const reserved = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'sid', 'auth_time', 'acr', 'amr', 'azp', 'cnf'],
  ...['act', 'may_act', 'nonce', 'at_hash', 'c_hash', 'events', 'typ', 'token_use', 'token_type', 'user_id'],
  '__proto__',
];

const secretLike = /passw|pass_?phrase|passwd|secret|hash|salt|credential|(?:api|private)_?key|(?:^|_)pin$|otp|token/i;

/** @throws ImproperlyConfigured for a name that is reserved, repeated, or looks like that of a secret */
export function checkClaimNames(attributes: readonly string[], callables: readonly CallableAttribute[]): void {
  const names = [...attributes, ...callables.map(({ attrName }) => attrName)];
  for (const name of names) {
    if (name === '' || reserved.includes(name))
      throw new ImproperlyConfigured(`A custom claim cannot be called '${name}': the name is taken. Choose another.`);
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new ImproperlyConfigured(`The custom claim '${name}' is listed twice; expected once.`);
  }
  const leaking = attributes.find(name => secretLike.test(name));
  if (leaking !== undefined)
    throw new ImproperlyConfigured(
      `customTokenUserAttributes lists '${leaking}', which looks like a secret: anyone with a token can read its claims. If it is not a secret, add it with customTokenCallableAttributes under another name.`,
    );
}

/** Returns the custom claims of this user. */
export async function customClaims(
  user: User,
  attributes: readonly string[],
  callables: readonly CallableAttribute[],
): Promise<Record<string, unknown>> {
  const listed = attributes.map(name => [name, attributeOf(user, name)] as const);
  const called = await Promise.all(
    callables.map(async ({ attrName, attrGetter }) => [attrName, plain(attrName, await attrGetter(user))] as const),
  );
  return Object.fromEntries([...listed, ...called]);
}

// An object, such as a related row, would bring attributes that are not listed.
function attributeOf(user: User, name: string): unknown {
  const value = user[name] ?? null;
  if (value instanceof Date) return plain(name, value);
  const isPlain = Array.isArray(value) ? value.every(isScalar) : isScalar(value);
  if (isPlain) return value;
  throw new ImproperlyConfigured(
    `The user's attribute '${name}' is not a string, number, boolean or list of these: select a part of it with customTokenCallableAttributes.`,
  );
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function plain(name: string, value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value ?? null)) as unknown;
  } catch (error) {
    throw new ImproperlyConfigured(`The custom claim '${name}' is not plain JSON.`, { cause: error });
  }
}
