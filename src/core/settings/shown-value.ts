/** What an error message shows of a wrong value: enough to find the mistake, and nothing that may be a secret. */
import { inspect } from 'node:util';

const most = 10;

/** The kind of a value, and nothing of its content: for what is, or may hold, a secret. */
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
 * A value of a setting that is no secret. Whole objects get into the wrong place, such as a client with its password or
 * `process.env`: of an object only the names of its members are shown.
 *
 * @param harmless strings in an object that are shown all the same
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

/** The text without the secrets that a URL may carry: user name and password, and the query. */
export function withoutCredentials(text: string): string {
  return text.replace(/^(\s*(?:[a-z][a-z\d+.-]*:\/\/)?).*@/is, '$1***@').replace(/\?.+$/s, '?***');
}
