/** Reads what a token grants, its scopes, roles and permissions, from its claims. */
import { LRUCache } from 'lru-cache';
import { claimSources, type ClaimForm, type ClaimSource } from '../settings/claim-forms';
import type { Claims, JsonValue } from '../jws/compact-jws';
import { isPlain } from '../process/plain';
import type { Settings } from '../settings/settings';
import { reportSpaces, type NameSetting } from './spaced-names';
import { settingsFor } from '../settings/trusted-issuers';
import { reportUnreached } from './unreached-claims';

export type { Claims } from '../jws/compact-jws';

/** The three kinds of grant. */
export type GrantKind = 'scopes' | 'roles' | 'permissions';

/** What a caller was granted. */
export type Grants = Readonly<Record<GrantKind, readonly string[]>>;

/** Lists with more names are searched as sets. */
const longestSearched = 50;

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Tells whether a list of grants has this name: exact and case-sensitive, never a part of a name. */
export function isNamed(name: string, granted: readonly string[]): boolean {
  // A list that may change is searched anew.
  if (granted.length <= longestSearched || !Object.isFrozen(granted)) return granted.includes(name);
  const names = sets.get(granted) ?? new Set(granted);
  sets.set(granted, names);
  return names.has(name);
}

/**
 * Returns the value of a claim, or `undefined` if it is absent or null.
 *
 * @param name a top-level claim exactly as written, or, with a leading `/`, a JSON Pointer (RFC 6901)
 */
export function claimValue(claims: Claims, name: string): JsonValue | undefined {
  const value = name.startsWith('/') ? pointedAt(claims, name) : own(claims, name);
  return value === null ? undefined : value;
}

/** Returns the value of the first of these claims that is present. */
export function firstClaim(claims: Claims, names: readonly string[]): JsonValue | undefined {
  for (const name of names) {
    const value = claimValue(claims, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * Returns the scopes, roles and permissions of a token. Each comes from the first claim present of those that its
 * issuer's settings name.
 */
export function grantsOf(claims: Claims, settings: Settings): Grants {
  const own = settingsFor(claims, settings) ?? settings;
  return Object.freeze({
    scopes: scopesOf(claims, own),
    roles: nameList(claims, 'rolesClaims', own),
    permissions: nameList(claims, 'permissionsClaims', own),
  });
}

const none: readonly string[] = Object.freeze([]);

function scopesOf(claims: Claims, settings: Settings): readonly string[] {
  for (const name of settings.scopeClaims) {
    const value = claimValue(claims, name);
    if (value !== undefined) return scopeList(value);
    reportUnreached(claims, name, 'scopeClaims', settings);
  }
  return none;
}

// RFC 6749 §3.3: scopes are separated by spaces. A value that is neither a list nor a string grants nothing.
function scopeList(value: JsonValue | undefined): readonly string[] {
  return typeof value === 'string' ? splitText(value) : listed(value);
}

function nameList(claims: Claims, setting: NameSetting, settings: Settings): readonly string[] {
  for (const sources of sourcesOf(settings[setting])) {
    const found = sources.map(source => namesAt(source, claims, setting, settings)).filter(list => list !== undefined);
    if (found.length > 0) return joined(found);
  }
  return none;
}

function namesAt(
  { claim, form }: ClaimSource,
  claims: Claims,
  setting: NameSetting,
  settings: Settings,
): readonly string[] | undefined {
  const value = claimValue(claims, claim);
  if (value === undefined) {
    reportUnreached(claims, claim, setting, settings, form === 'names' ? '' : `${form}:`);
    return undefined;
  }
  if (form === 'names') reportSpaces(value, claim, setting, settings);
  return readers[form](value);
}

function joined([first = none, ...others]: readonly (readonly string[])[]): readonly string[] {
  return others.length === 0 ? first : Object.freeze([...new Set([first, ...others].flat())]);
}

// A string is one name unless the form is `split`, because roles and permissions may have spaces: "Billing admin" is
// one role, and does not grant the role "admin".
const readers: Readonly<Record<ClaimSource['form'], (value: JsonValue) => readonly string[]>> = {
  names: value => (typeof value === 'string' ? oneName(value) : listed(value)),
  split: scopeList,
  keys: value => (isObject(value) ? Object.freeze(Object.keys(value).filter(name => isOn(value[name]))) : none),
};

function oneName(text: string): readonly string[] {
  return text === '' ? none : Object.freeze([text]);
}

function listed(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? Object.freeze(value.filter(name => typeof name === 'string')) : none;
}

function isObject(value: JsonValue): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOn(value: JsonValue | undefined): boolean {
  return value !== false && value !== null;
}

const known = new WeakMap<readonly ClaimForm[], readonly (readonly ClaimSource[])[]>();

// Parses each list of forms once, instead of once for each token.
function sourcesOf(entries: readonly ClaimForm[]): readonly (readonly ClaimSource[])[] {
  const sources = known.get(entries) ?? entries.map(entry => claimSources(entry) ?? []);
  known.set(entries, sources);
  return sources;
}

/**
 * Caches lists of scopes by their text, because most tokens of a client have the same one. Longer texts are not cached.
 */
const lists = new LRUCache<string, readonly string[]>({ max: 100 });
const longestKept = 1000;

function splitText(text: string): readonly string[] {
  return lists.get(text) ?? newList(text);
}

function newList(text: string): readonly string[] {
  const list = Object.freeze(text.split(' ').filter(name => name !== ''));
  if (text.length <= longestKept && !isPlain) lists.set(text, list);
  return list;
}

function own(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Claims)[name];
}

// RFC 6901 §4: decodes "~1" to "/" first and "~0" to "~" second.
function pointedAt(claims: Claims, pointer: string): JsonValue | undefined {
  const names = pointer.slice(1).split('/');
  return names.reduce<JsonValue | undefined>(
    (value, name) => step(value, name.replaceAll('~1', '/').replaceAll('~0', '~')),
    claims,
  );
}

function step(value: JsonValue | undefined, name: string): JsonValue | undefined {
  // Only an index names an element of an array: its "length" is an own property, too.
  return Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(name) ? undefined : own(value, name);
}
