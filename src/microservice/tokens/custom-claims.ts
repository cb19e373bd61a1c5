/** What of a user stands in an access token: what is listed, and nothing by accident. */
import { ImproperlyConfigured } from '../../core/exceptions';
import type { User } from '../users/user';

/** A claim that a function gives. Mirrors an entry of CUSTOM_TOKEN_CALLABLE_ATTRIBUTES. */
export interface CallableAttribute {
  /** Name of the claim. */
  readonly attrName: string;
  /** Its value, as plain JSON; called at every sign-in and refresh. */
  readonly attrGetter: (user: User) => unknown;
}

// RFC 7519 §4.1, RFC 9068 §2.2, and the names by which verifiers tell kinds of tokens apart.
const reserved = [
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'sid', 'auth_time', 'acr', 'amr', 'azp', 'cnf'],
  ...['act', 'may_act', 'nonce', 'at_hash', 'c_hash', 'events', 'typ', 'token_use', 'token_type', 'user_id'],
  '__proto__',
];

const secretLike = /passw|pass_?phrase|passwd|secret|hash|salt|credential|(?:api|private)_?key|(?:^|_)pin$|otp|token/i;

/** @throws ImproperlyConfigured for names that are reserved, repeated, or those of secrets. */
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
      `customTokenUserAttributes lists '${leaking}', which looks like a secret: whoever has a token can read it. Where it is none, give it by customTokenCallableAttributes under a name that says so.`,
    );
}

/** The custom claims of this user. */
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

// An object, say a related row, would carry along what nobody listed.
function attributeOf(user: User, name: string): unknown {
  const value = user[name] ?? null;
  if (value instanceof Date) return plain(name, value);
  const isPlain = Array.isArray(value) ? value.every(isScalar) : isScalar(value);
  if (isPlain) return value;
  throw new ImproperlyConfigured(
    `The user's attribute '${name}' is no text, number, boolean or list of these: give what of it is meant by customTokenCallableAttributes.`,
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
