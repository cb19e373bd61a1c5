/** Formats a wrong value for an error message: enough to find the mistake, and nothing that may be a secret. */
import { inspect } from 'node:util';

const most = 10;

/** Returns the type of a value, and nothing of its content: for values that are, or may contain, a secret. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value === '') return 'an empty string';
  if (typeof value === 'function') return `the function ${value.name}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' ? objectType(value) : `a ${typeof value}`;
}

function objectType(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  const made = prototype?.constructor;
  const isNamed = typeof made === 'function' && made !== Object && made.name !== '';
  return isNamed ? `an object of the class ${made.name}` : 'an object';
}

/**
 * Formats the value of a setting that is no secret. The wrong object may have been passed by mistake, such as a client
 * with its password or `process.env`, so only the names of an object's members are shown.
 *
 * @param harmless strings in an object that may be shown; default: only empty ones
 */
export function shown(value: unknown, harmless: RegExp = /^$/): string {
  if (typeof value === 'string') return shownText(value);
  if (Array.isArray(value)) return shownList(value);
  if (typeof value === 'function') return typeOf(value);
  if (typeof value !== 'object' || value === null) return shownScalar(value);
  if (objectType(value) !== 'an object') return typeOf(value);
  const members = Object.entries(value).map(([name, member]) => `${nameOf(name)}: ${shownMember(member, harmless)}`);
  return `{${listed(members.slice(0, most), members.length)}}`;
}

function listed(texts: readonly string[], count: number): string {
  const rest = count > texts.length ? [`... ${count - texts.length} more`] : [];
  const all = [...texts, ...rest];
  return all.length === 0 ? '' : ` ${all.join(', ')} `;
}

function shownList(list: readonly unknown[], depth = 0): string {
  const elements = list.slice(0, most).map(value => shownElement(value, depth));
  return `[${listed(elements, list.length)}]`;
}

function shownElement(value: unknown, depth: number): string {
  if (Array.isArray(value) && depth === 0) return shownList(value, depth + 1);
  return typeof value === 'string' ? shownText(value) : shownScalar(value);
}

function shownMember(value: unknown, harmless: RegExp): string {
  return typeof value === 'string' && (value === '' || harmless.test(value)) ? shownText(value) : shownScalar(value);
}

function shownScalar(value: unknown): string {
  if (typeof value === 'function') return `[${/^class\b/.test(String(value)) ? 'class' : 'Function:'} ${value.name}]`;
  return typeof value === 'number' || typeof value === 'boolean' ? inspect(value) : typeOf(value);
}

function nameOf(name: string): string {
  return /^[\w$]+$/.test(name) ? name : shownText(name);
}

function shownText(text: string): string {
  return inspect(withoutCredentials(text), { maxStringLength: 200 });
}

/** Removes the secrets that a URL may have: user name and password, and the query. */
export function withoutCredentials(text: string): string {
  return text.replace(/^(\s*(?:[a-z][a-z\d+.-]*:\/\/)?).*@/is, '$1***@').replace(/\?.+$/s, '?***');
}
