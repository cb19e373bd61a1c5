/** What a token grants: scopes, roles and permissions out of its claims, and when a list of wanted ones is met. */
import { LRUCache } from 'lru-cache';
import type { Claims, JsonValue } from './compact-jws';
import type { Settings } from './settings';
import { settingsFor } from './trusted-issuers';

export type { Claims } from './compact-jws';

/** The three kinds of grant. */
export type GrantKind = 'scopes' | 'roles' | 'permissions';

/** What somebody was granted. */
export type Grants = Readonly<Record<GrantKind, readonly string[]>>;

/**
 * The value of a claim: a top-level claim exactly as written, or, with a leading `/`, a JSON Pointer (RFC 6901).
 * `undefined` where it is absent or null.
 */
export function claimValue(claims: Claims, name: string): JsonValue | undefined {
  const value = name.startsWith('/') ? pointedAt(claims, name) : own(claims, name);
  return value === null ? undefined : value;
}

/** The value of the first of these claims that is present. */
export function firstClaim(claims: Claims, names: readonly string[]): JsonValue | undefined {
  for (const name of names) {
    const value = claimValue(claims, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Scopes, roles and permissions, each from the first of its issuer's claims for it that is present. */
export function grantsOf(claims: Claims, settings: Settings): Grants {
  const { scopeClaims, rolesClaims, permissionsClaims } = settingsFor(claims, settings) ?? settings;
  return Object.freeze({
    scopes: grantList(claims, scopeClaims),
    roles: grantList(claims, rolesClaims),
    permissions: grantList(claims, permissionsClaims),
  });
}

function grantList(claims: Claims, names: readonly string[]): readonly string[] {
  const value = firstClaim(claims, names);
  if (typeof value === 'string') return lists.get(value) ?? newList(value);
  // Anything else than a list or text grants nothing.
  return Array.isArray(value) ? Object.freeze(value.filter(name => typeof name === 'string')) : none;
}

const none: readonly string[] = Object.freeze([]);

/** By their text, which is the same in most tokens of a client; of no text that is longer. */
const lists = new LRUCache<string, readonly string[]>({ max: 100 });
const longestKept = 1000;

// RFC 6749 §3.3: scopes are separated by spaces.
function newList(text: string): readonly string[] {
  const list = Object.freeze(text.split(' ').filter(name => name !== ''));
  if (text.length <= longestKept) lists.set(text, list);
  return list;
}

function own(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Claims)[name];
}

// RFC 6901 §4: "~1" is "/" and "~0" is "~", in this order.
function pointedAt(claims: Claims, pointer: string): JsonValue | undefined {
  const names = pointer.slice(1).split('/');
  return names.reduce<JsonValue | undefined>(
    (value, name) => step(value, name.replaceAll('~1', '/').replaceAll('~0', '~')),
    claims,
  );
}

function step(value: JsonValue | undefined, name: string): JsonValue | undefined {
  // An array's "length" is an own property, too, and not an element.
  return Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(name) ? undefined : own(value, name);
}
