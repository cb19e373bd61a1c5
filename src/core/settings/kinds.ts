/** The kinds of value that a setting can have: how a variable is read, and which values are accepted. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readJsonObject } from '../jws/compact-jws';
import type { Denylist } from './denylist';
import type { Logger } from './logger';
import { isSupportedAlgorithm, keyFits, supportedAlgorithms, withSynonyms } from '../jws/signature';
import { parseRate, rateForm, type ThrottleStore } from './throttle-rates';
import { isPlainUrl } from '../http/urls';
import type { ProofStore } from './proof-store';

/** A class of authentication, permission or throttling, or a composed permission. */
export type PolicyClass = (abstract new (...dependencies: never[]) => object) | object;

export interface Kind<Input, Value> {
  /** What is accepted, as text that follows "expected". */
  readonly accepts: string;
  /** Converts the text of a variable to a value for `check`. */
  read(text: string): unknown;
  /** Returns the value in the form that the library uses, or `undefined` if it is not accepted. */
  check(input: unknown): Value | undefined;
  /** Never set: carries the type of the input. */
  readonly input?: Input;
}

export function text(accepts: string, isRight: (value: string) => boolean = () => true): Kind<string, string> {
  return {
    accepts: `${accepts} (a string)`,
    read: variable => variable.trim(),
    check: input =>
      typeof input === 'string' && input !== '' && input === input.trim() && isRight(input) ? input : undefined,
  };
}

/** A scope (RFC 6749 §3.3). */
export const scopeName = text('a scope, without spaces', name => /^[\x21\x23-\x5B\x5D-\x7E]+$/.test(name));

export const claimName = text(
  'a claim name, or a JSON Pointer that starts with "/"',
  name => !name.startsWith('/') || /^(?:\/(?:[^~]|~[01])*)$/.test(name),
);
export const url = text('an absolute URL without user name, password or fragment', isPlainUrl);
// RFC 8414 §2, OpenID Connect Discovery 1.0 §3.
export const askedIssuer = text(
  'an absolute URL without user name, password, query or fragment',
  name => isPlainUrl(name) && !name.includes('?'),
);
/** The kind of `issuerUrl`. It must be a URL only if the library sends requests to the issuer (see `checkTogether`). */
export const issuer = text(
  "an absolute URL without user name, password, query or fragment; any text where 'jwksUrl' is given",
);

export function listOf<Text extends string>(
  item: Kind<Text, Text>,
  { mayBeEmpty = false } = {},
): Kind<Text | readonly Text[], readonly Text[]> {
  return {
    accepts: `a ${mayBeEmpty ? '' : 'non-empty '}list, each element ${item.accepts}`,
    read: variable => (variable.trim() === '' ? [] : variable.split(',').map(element => element.trim())),
    check(input) {
      const list: readonly unknown[] = Array.isArray(input) ? input : [input];
      if (list.length === 0 && !mayBeEmpty) return undefined;
      const checked = list.map(element => item.check(element));
      return checked.every(element => element !== undefined) ? Object.freeze(checked) : undefined;
    },
  };
}

const algorithmNames = listOf(
  text(`one of ${supportedAlgorithms.join(', ')}; none and HS* are never accepted`, isSupportedAlgorithm),
);

/** Signature algorithms. An algorithm with two names is accepted under both, whichever is given. */
export const signatureAlgorithms: typeof algorithmNames = {
  ...algorithmNames,
  check(input) {
    const names = algorithmNames.check(input);
    return names && Object.freeze(withSynonyms(names));
  },
};

export function literal<Text extends string>(value: Text): Kind<Text, Text> {
  return {
    accepts: `'${value}'`,
    read: variable => variable.trim(),
    check: input => (input === value ? value : undefined),
  };
}

export function oneOf<Text extends string>(...values: readonly Text[]): Kind<Text, Text> {
  return {
    accepts: values.map(value => `'${value}'`).join(' or '),
    read: variable => variable.trim(),
    check: input => values.find(value => value === input),
  };
}

/** Claims of ID tokens (OpenID Connect Core §2, §3.1.3.6, §3.3.2.11). */
export const idTokenMarkers = ['at_hash', 'c_hash', 'nonce'] as const;

function number(accepts: string, isRight: (value: number) => boolean): Kind<number, number> {
  return {
    accepts,
    read: variable => (/^\d+(?:\.\d+)?$/.test(variable.trim()) ? Number(variable) : variable),
    check: input => (typeof input === 'number' && Number.isFinite(input) && isRight(input) ? input : undefined),
  };
}

// Node's timers fire at once if the delay does not fit into 31 bits of milliseconds.
const longestTimer = 2_147_483;

export const seconds = number(
  `a number of seconds over 0 and up to ${longestTimer}`,
  value => value > 0 && value <= longestTimer,
);
export const fraction = number('a number of seconds over 0', value => value > 0);
export const nonNegative = number('a number of seconds, 0 or more', value => value >= 0);

/**
 * The longest `clockTolerance`, in seconds. A server may accept a token for this long after its `exp`, so a revocation
 * that lasts until then must last this much longer.
 */
export const longestClockTolerance = 300;

/** The `clockTolerance` of a server that does not set it, in seconds. */
export const defaultClockTolerance = 5;
export const tolerance = number(
  `a number of seconds from 0 to ${longestClockTolerance}`,
  value => value >= 0 && value <= longestClockTolerance,
);

export const positiveInteger = number('a whole number, 1 or more', value => Number.isInteger(value) && value > 0);
export const nonNegativeInteger = number('a whole number, 0 or more', value => Number.isInteger(value) && value >= 0);

export const onOff: Kind<boolean, boolean> = {
  accepts: 'true or false',
  read: variable => ({ true: true, false: false })[variable.trim()] ?? variable,
  check: input => (typeof input === 'boolean' ? input : undefined),
};

/** A private key as a JWK (RFC 7517), for a signature algorithm. */
export interface PrivateJwk {
  readonly kty: string;
  readonly alg: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

export const privateJwk: Kind<PrivateJwk, PrivateJwk> = {
  accepts: `a private JWK whose alg is one of ${supportedAlgorithms.join(', ')} (an object; in a variable its JSON)`,
  read: readJson,
  check: input => (isPrivateJwk(input) ? Object.freeze({ ...input }) : undefined),
};

function isPrivateJwk(input: unknown): input is PrivateJwk {
  if (!isPlainObject(input) || typeof input.alg !== 'string' || !isSupportedAlgorithm(input.alg)) return false;
  if (input.kid !== undefined && typeof input.kid !== 'string') return false;
  try {
    return keyFits(createPublicKey(createPrivateKey({ format: 'jwk', key: input })), input.alg);
  } catch {
    return false;
  }
}

function readJson(variable: string): unknown {
  try {
    return JSON.parse(variable);
  } catch {
    return variable;
  }
}

type RequiredValues = Readonly<Record<string, string | number | boolean>>;

export const requiredValues: Kind<RequiredValues, RequiredValues> = {
  accepts:
    'an object of claims, each a string, a number (a whole one up to 2^53 − 1) or a boolean (in a variable: name=value, separated by commas; or its JSON)',
  read: variable => (variable.trim().startsWith('{') ? (readJsonObject(variable) ?? variable) : readPairs(variable)),
  check(input) {
    if (!isPlainObject(input)) return undefined;
    const isRight = Object.entries(input).every(([name, value]) => name !== '' && isComparable(value));
    return isRight ? Object.freeze({ ...(input as RequiredValues) }) : undefined;
  },
};

/** A list of issuers. `severalIssuers` checks the members of each entry. */
export const issuerEntries: Kind<readonly object[], readonly object[]> = {
  accepts: 'a non-empty list of objects, each with issuerUrl and audience',
  read: variable => variable,
  check: input => (Array.isArray(input) && input.length > 0 && input.every(isPlainObject) ? input : undefined),
};

// Refuses other objects, such as a Map: its entries are not properties, so it would require nothing.
function isPlainObject(input: unknown): input is Record<string, unknown> {
  if (typeof input !== 'object' || input === null) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  return prototype === Object.prototype || prototype === null;
}

function readPairs(variable: string): unknown {
  const pairs = variable.split(',').map(pair => pair.trim());
  if (!pairs.every(pair => /^[^=]+=./.test(pair))) return variable;
  const values = Object.fromEntries(
    pairs.map(pair => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()]),
  );
  // Refuses a duplicate claim, because only one of its values would be required.
  return Object.keys(values).length === pairs.length ? values : variable;
}

function isComparable(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return typeof value === 'boolean' || (Number.isFinite(value) && !isImprecise(value as number));
}

// Beyond 2^53 − 1, JSON.parse reads different numbers in a token as the same one.
function isImprecise(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

type Rates = Readonly<Record<string, string | null>>;

export const throttleRates: Kind<Rates, Rates> = {
  accepts: `an object of rates by scope, each ${rateForm}, or null for no limit (in a variable: scope=rate, separated by commas)`,
  read: readPairs,
  check(input) {
    if (!isPlainObject(input)) return undefined;
    const isRight = Object.entries(input).every(
      ([scope, rate]) => isPrintable(scope) && (rate === null || parseRate(rate) !== undefined),
    );
    return isRight ? Object.freeze({ ...(input as Rates) }) : undefined;
  },
};

// RFC 9651 §3.3.3: a scope is sent as a string in a header field, which allows only printable ASCII.
function isPrintable(scope: string): boolean {
  return /^[\x20-\x7E]+$/.test(scope);
}

export function objectWith<Value extends object>(...functions: string[]): Kind<Value, Value> {
  const isRight = (input: unknown): boolean =>
    typeof input === 'object' &&
    input !== null &&
    functions.every(name => typeof (input as Record<string, unknown>)[name] === 'function');
  return {
    accepts: `an object with the ${functions.length === 1 ? 'function' : 'functions'} ${enumerated(functions)}`,
    read: variable => variable,
    check: input => (isRight(input) ? (input as Value) : undefined),
  };
}

function enumerated(names: readonly string[]): string {
  return names.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

export const logger = objectWith<Logger>('debug', 'info', 'warn', 'error');
export const denylist = objectWith<Denylist>('revoke', 'isRevoked', 'useOnce');

export const proofStore = objectWith<ProofStore>('use');

const anyStore = objectWith<ThrottleStore>('hit');

export const throttleStore: Kind<ThrottleStore, ThrottleStore> = {
  ...anyStore,
  accepts: `${anyStore.accepts}, and fail, if it is given, one of 'open', 'closed' and 'local'`,
  check(input) {
    const store = anyStore.check(input);
    return store !== undefined && ['open', 'closed', 'local', undefined].includes(store.fail) ? store : undefined;
  },
};

export const policyClasses: Kind<readonly PolicyClass[], readonly PolicyClass[]> = {
  accepts: 'a list of classes, none of them undefined (an undefined one is an import cycle)',
  read: variable => variable,
  check: input =>
    Array.isArray(input) && input.every(isPolicy) ? Object.freeze([...(input as PolicyClass[])]) : undefined,
};

function isPolicy(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}
