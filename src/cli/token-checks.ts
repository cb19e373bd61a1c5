/** The doctor's checks of a token that need no key: its form, and each claim that matters. */
import { claimSources } from '../core/settings/claim-forms';
import { claimValue, firstClaim } from '../core/tokens/claims';
import { formOf, parseCompactJws, type Claims, type JsonValue, type UnverifiedToken } from '../core/jws/compact-jws';
import { InvalidToken } from '../core/http/exceptions';
import type { Settings } from '../core/settings/settings';
import { isSpaced, type NameSetting } from '../core/tokens/spaced-names';
import { issuerSettings, settingsFor } from '../core/settings/trusted-issuers';
import { pointerMeant } from '../core/tokens/unreached-claims';
import { fixOf } from './token-reasons';

/** `doubtful`: it works, but may not be what is meant. `skipped`: there is nothing to check. */
export type State = Check['state'];

interface Compared {
  readonly name: string;
  readonly expected: string;
  readonly seen: string;
}

interface Failed extends Compared {
  readonly state: 'failed';
  /** The one thing to do. */
  readonly remedy: string;
}

export type Check = Failed | (Compared & { readonly state: 'ok' | 'doubtful' | 'skipped' });

/**
 * Checks the form and the claims of a token.
 *
 * @param now milliseconds since 1970
 */
export function tokenChecks(token: string, settings: Settings, now: number): readonly Check[] {
  const unverified = parsed(token, settings);
  return unverified === undefined ? formChecks(token, settings) : partsOf(unverified, settings, now);
}

/** Returns the claims of a token that can be read; nothing of it is verified. */
export function claimsOf(token: string, settings: Settings): Claims | undefined {
  return parsed(token, settings)?.claims;
}

function parsed(token: string, { maxTokenSize }: Settings): UnverifiedToken | undefined {
  try {
    return parseCompactJws(token, maxTokenSize);
  } catch (error) {
    if (error instanceof InvalidToken) return undefined;
    throw error;
  }
}

function formChecks(token: string, settings: Settings): readonly Check[] {
  const form = formOf(token);
  if (form === 'signed') return [];
  const hint = form === 'opaque' ? hintForOpaque(settings) : hintForEncrypted;
  return [check('token: form', false, 'a signed JWT, three parts', form, hint)];
}

function hintForOpaque(settings: Settings): string {
  const asks = issuerSettings(settings).some(({ introspectionClientId }) => introspectionClientId !== undefined);
  return asks
    ? 'nothing where a route lists IntrospectionAuthentication: there the server asks the issuer about such a token, and this command does not'
    : "let the client name this API when it asks for the token (the parameter 'audience', 'resource' or a scope of the API, as the issuer has it), or list IntrospectionAuthentication and give 'introspectionClientId'";
}

const hintForEncrypted =
  'turn off the encryption of access tokens for this API at the issuer: the library reads signed tokens alone';

function partsOf({ header, claims }: UnverifiedToken, settings: Settings, now: number): readonly Check[] {
  const own = settingsFor(claims, settings);
  const issuers = issuerSettings(settings).map(({ issuerUrl }) => issuerUrl);
  const isTrusted = issuers.includes(undefined) || issuers.includes(claims.iss as string);
  const trusted = issuers.join(' or ') || 'any';
  const issuer = check('token: issuer', isTrusted, trusted, textOf(claims.iss), remedyOfIssuer);
  if (own === undefined) return [issuer];
  return [
    issuer,
    audienceCheck(claims, own),
    algorithmCheck(header.alg, own),
    timesCheck(claims, own, now),
    ...spacedNameChecks(claims, own),
    ...unreachedChecks(claims, own),
  ];
}

const remedyOfIssuer =
  "give this issuer as 'issuerUrl', to the letter, if it is the one you trust; otherwise get the token from the expected one";

/** @param remedy what to do if the check failed */
export function check(name: string, isGood: boolean, expected: string, seen: string, remedy: string): Check {
  return isGood ? { name, state: 'ok', expected, seen } : { name, state: 'failed', expected, seen, remedy };
}

function audienceCheck(claims: Claims, { audienceClaims, audience }: Settings): Check {
  const value = firstClaim(claims, audienceClaims);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isOurs = values.some(one => typeof one === 'string' && audience.includes(one));
  const expected = `${audienceClaims.join(' or ')}: ${audience.join(' or ')}`;
  return check('token: audience', isOurs, expected, textOf(value), fixOf('token_audience'));
}

function algorithmCheck(alg: JsonValue | undefined, { algorithms }: Settings): Check {
  const isGood = typeof alg === 'string' && algorithms.includes(alg);
  return check('token: algorithm', isGood, algorithms.join(', '), textOf(alg), fixOf('token_algorithm'));
}

function timesCheck({ exp, nbf, iat }: Claims, { clockTolerance }: Settings, now: number): Check {
  const seconds = now / 1000;
  const isGood =
    typeof exp === 'number' &&
    seconds < exp + clockTolerance &&
    [nbf, iat].every(time => typeof time !== 'number' || time <= seconds + clockTolerance);
  const seen = { nbf, iat, exp };
  const texts = Object.entries(seen).flatMap(([name, time]) =>
    typeof time === 'number' ? [`${name} ${relative(time - seconds)}`] : [],
  );
  return check(
    'token: times',
    isGood,
    `begun, and not expired, give or take ${clockTolerance} s`,
    texts.join(', ') || 'no exp',
    remedyOfTimes(exp, seconds),
  );
}

function remedyOfTimes(exp: JsonValue | undefined, seconds: number): string {
  if (typeof exp !== 'number') return fixOf('token_claim');
  return fixOf(exp <= seconds ? 'token_expired' : 'token_not_yet_valid');
}

// Never fails, because many issuers write a single role this way.
function spacedNameChecks(claims: Claims, settings: Settings): readonly Check[] {
  return (['rolesClaims', 'permissionsClaims'] satisfies NameSetting[]).flatMap(setting =>
    settings[setting]
      .flatMap(entry => claimSources(entry) ?? [])
      .filter(({ claim, form }) => form === 'names' && isSpaced(claimValue(claims, claim)))
      .map(({ claim }): Check => spacedNameCheck(setting, claim)),
  );
}

function spacedNameCheck(setting: NameSetting, claim: string): Check {
  const expected = `a list of names, or a text that is one name; where the issuer separates names by spaces, '${setting}' must say split:${claim}`;
  return { name: `token: ${claim}`, state: 'doubtful', expected, seen: 'a text with spaces, which is one name' };
}

// Adds the reason: the verdict only says that a required claim is missing.
function unreachedChecks(claims: Claims, settings: Settings): readonly Check[] {
  return namedClaims(settings).flatMap(([setting, claim]): readonly Check[] => {
    const pointer = claimValue(claims, claim) === undefined ? pointerMeant(claims, claim) : undefined;
    if (pointer === undefined) return [];
    const expected = `a claim with exactly this name; a path is written as a JSON Pointer: ${pointer} in '${setting}'`;
    return [{ name: `token: ${claim}`, state: 'doubtful', expected, seen: 'no claim of this name' }];
  });
}

function namedClaims(settings: Settings): readonly (readonly [setting: string, claim: string])[] {
  const lists = ['audienceClaims', 'subjectClaims', 'scopeClaims'] as const;
  const plain = lists.flatMap(setting => settings[setting].map(claim => [setting, claim] as const));
  const required = Object.keys(settings.requiredClaims).map(claim => ['requiredClaims', claim] as const);
  const forms = (['rolesClaims', 'permissionsClaims'] satisfies NameSetting[]).flatMap(setting =>
    settings[setting].flatMap(entry => (claimSources(entry) ?? []).map(({ claim }) => [setting, claim] as const)),
  );
  return [...plain, ...required, ...forms];
}

export function relative(seconds: number): string {
  return seconds < 0 ? `${Math.round(-seconds)} s ago` : `in ${Math.round(seconds)} s`;
}

export function textOf(value: unknown): string {
  return value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
}
