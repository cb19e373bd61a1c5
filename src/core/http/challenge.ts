/** A `WWW-Authenticate` value as data: read once, added to, and written once (RFC 9110 §11.6.1, RFC 6750 §3). */

/** Parameters of an RFC 6750 §3 challenge, without the realm. */
export interface ChallengeParameters {
  readonly error: string;
  readonly error_description: string;
  readonly scope?: string;
  /** The authentication context classes that are accepted, separated by spaces (RFC 9470 §3). */
  readonly acr_values?: string;
  /** Most seconds since the user signed in (RFC 9470 §3). */
  readonly max_age?: string;
}

/** Parameters that can be added to the challenge of an authentication class. */
export interface AddedParameters extends Partial<ChallengeParameters> {
  /** The URL of the resource's metadata (RFC 9728 §5.1). */
  readonly resource_metadata?: string;
}

// In the order in which they are sent. The compiler reports a parameter that is missing here.
const inOrder: Readonly<Record<keyof AddedParameters, true>> = {
  error: true,
  error_description: true,
  scope: true,
  acr_values: true,
  max_age: true,
  resource_metadata: true,
};
const order = Object.keys(inOrder) as (keyof AddedParameters)[];

/** One challenge: a scheme and its parameters, in the order in which they are sent. */
export interface Challenge {
  readonly scheme: string;
  readonly params: readonly AuthParam[];
}

/** A parameter of a challenge (`auth-param` in RFC 9110 §11.2). */
export interface AuthParam {
  readonly name: string;
  readonly value: string;
  /** Whether the value is sent without quotes, as Digest requires of `stale` and `algorithm` (RFC 7616 §3.3). */
  readonly isToken: boolean;
}

/** The challenge of an authentication class. A string is text that does not fit `readChallenge`; it is sent as it is. */
export type OfferedChallenge = Challenge | string;

/**
 * Makes a challenge.
 *
 * @example
 * writeChallenge(challenge('Bearer', { realm: 'api' })); // Bearer realm="api"
 */
export function challenge(scheme: string, params: Readonly<Record<string, string>>): Challenge {
  return { scheme, params: Object.entries(params).map(([name, value]) => quotedParam(name, value)) };
}

const token = "[!#$%&'*+.^_`|~\\w-]+";
const quotedString = '"((?:[\\t\\x20\\x21\\x23-\\x5B\\x5D-\\x7E\\x80-\\xFF]|\\\\[\\t\\x20-\\x7E\\x80-\\xFF])*)"';
const schemeForm = new RegExp(`^${token}`);
const paramForm = new RegExp(
  `(?:^ +|(?!^)[ \\t]*,[ \\t]*)(${token})[ \\t]*=[ \\t]*(?:(${token})|${quotedString})`,
  'y',
);

/**
 * Reads the text of one challenge with parameters (RFC 9110 §11.6.1). Returns `undefined` for any other text, such as a
 * token68, several challenges, or a parameter that is given twice.
 */
export function readChallenge(text: string): Challenge | undefined {
  const scheme = schemeForm.exec(text)?.[0];
  if (scheme === undefined) return undefined;
  const list = text.slice(scheme.length);
  const params: AuthParam[] = [];
  for (paramForm.lastIndex = 0; paramForm.lastIndex < list.length;) {
    const found = paramForm.exec(list);
    if (found === null) return undefined;
    params.push(paramOf(found));
  }
  return namesOf(params).size < params.length ? undefined : { scheme, params };
}

function paramOf([, name = '', plain, quoted = '']: RegExpExecArray): AuthParam {
  return { name, value: plain ?? quoted.replace(/\\(.)/g, '$1'), isToken: plain !== undefined };
}

// RFC 9110 §11.2: parameter names are case-insensitive, and each occurs once.
function namesOf(params: readonly AuthParam[]): ReadonlySet<string> {
  return new Set(params.map(({ name }) => name.toLowerCase()));
}

/** Reads what an authentication class returns as its challenge. It has none if that is `undefined` or empty. */
export function offeredChallenge(header: string | undefined): OfferedChallenge | undefined {
  const text = header ?? '';
  return text === '' ? undefined : (readChallenge(text) ?? text);
}

/** Tells whether a challenge can have RFC 6750's parameters: Bearer's can, and DPoP's (RFC 9449 §7.1). */
export function carriesErrors(challenge: OfferedChallenge): challenge is Challenge {
  return typeof challenge !== 'string' && ['bearer', 'dpop'].includes(challenge.scheme.toLowerCase());
}

/**
 * Adds parameters to a challenge that can have them; any other challenge stays as it is. A parameter that the challenge
 * has already is kept. If several sources have a parameter, the first one counts.
 */
export function withParameters(
  challenge: OfferedChallenge,
  ...sources: readonly (AddedParameters | undefined)[]
): OfferedChallenge {
  if (!carriesErrors(challenge)) return challenge;
  const own = namesOf(challenge.params);
  // `algs` follows RFC 6750's parameters, as in the examples of RFC 9449 §7.1, unless the class has an order of its own.
  const isLast = challenge.params.length === 1 && own.has('algs');
  const params = isLast ? [] : [...challenge.params];
  for (const name of order) {
    const value = firstOf(sources, name);
    if (value !== undefined && !own.has(name)) params.push(quotedParam(name, value));
  }
  return { scheme: challenge.scheme, params: isLast ? [...params, ...challenge.params] : params };
}

function firstOf(sources: readonly (AddedParameters | undefined)[], name: keyof AddedParameters): string | undefined {
  for (const source of sources) if (source?.[name] !== undefined) return source[name];
  return undefined;
}

/** Returns scopes as a parameter. There is none for an empty list. */
export function scopeParameter(scopes: readonly string[] = []): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(' ') };
}

// RFC 6750 §3: "Values for the "error" and "error_description" attributes MUST NOT include characters outside the
// set %x20-21 / %x23-5B / %x5D-7E."
function quotedParam(name: string, text: string): AuthParam {
  return { name, value: text.replace(/[^\x20\x21\x23-\x5B\x5D-\x7E]/g, ' '), isToken: false };
}

/** Returns the value of the header field. */
export function writeChallenge(challenge: OfferedChallenge): string {
  if (typeof challenge === 'string') return challenge;
  const { scheme, params } = challenge;
  return params.length === 0 ? scheme : `${scheme} ${params.map(writeParam).join(', ')}`;
}

function writeParam({ name, value, isToken }: AuthParam): string {
  return isToken ? `${name}=${value}` : `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
}
