/**
 * The checks of the doctor: an issuer's metadata, keys and clock, and a token. Each check has an expected and a seen
 * value.
 */
import {
  fetchJson,
  FetchFailure,
  keySetTypes,
  type FailureKind,
  type JsonAnswer,
  type JsonRequest,
} from '../core/http/bounded-fetch';
import { Deadline } from '../core/time/deadline';
import { discoverJwksUrl } from '../core/issuers/discovery';
import { KeySet, TooManyKeys } from '../core/issuers/key-set';
import type { Settings } from '../core/settings/settings';
import { withoutCredentials } from '../core/settings/shown-value';
import { globalTimers } from '../core/time/timers';
import { issuersWithOtherAudience } from '../core/requirements/protected-resource';
import { issuerSettings, settingsFor } from '../core/settings/trusted-issuers';
import { joinUrl } from '../core/http/urls';
import { bindingChecks } from './binding-check';
import { namedBy, proofChecks, type ProvenRequest } from './proof-checks';
import { check, claimsOf, tokenChecks, type Check } from './token-checks';
import { verdict, type Surroundings } from './verdict';

export type { Check, State } from './token-checks';
export type { ProvenRequest } from './proof-checks';
export type { Surroundings } from './verdict';

/** Checks every trusted issuer, and the token and its proof if there is one. */
export async function examine(
  settings: Settings,
  request: ProvenRequest | undefined,
  surroundings: Surroundings,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  checks.push(...resourceChecks(settings));
  for (const one of issuerSettings(settings)) checks.push(...(await examineIssuer(one, surroundings)));
  if (request !== undefined) checks.push(...(await examineRequest(request, settings, surroundings)));
  return checks;
}

// Clients read the resource's metadata, which the server publishes, and request a token for the resource.
function resourceChecks(settings: Settings): readonly Check[] {
  return issuersWithOtherAudience(settings).map(({ audience }) => ({
    name: 'resource',
    state: 'doubtful',
    expected: `the setting 'resourceUrl' among the audiences (${audience.join(', ')}): clients ask for a token for it`,
    seen: withoutCredentials(settings.resourceUrl ?? ''),
  }));
}

async function examineIssuer(settings: Settings, surroundings: Surroundings): Promise<readonly Check[]> {
  const ask = (url: string): Promise<JsonAnswer> => fetched(url, settings, surroundings);
  const { check, jwksUrl } = await discovery(settings, ask);
  const markers = markersChecks(settings);
  if (jwksUrl === undefined) return [...markers, check];
  const started = surroundings.clock();
  const keys = await answered(() => fetched(jwksUrl, settings, surroundings, { accept: keySetTypes }));
  if (keys instanceof FetchFailure)
    return [...markers, check, { ...failedKeys, seen: keys.message, remedy: remedyOf(keys) }];
  return [...markers, check, keysCheck(keys, jwksUrl), clockCheck(keys, settings, started, surroundings.clock())];
}

function markersChecks({ ignoredTokenMarkers, requiredClaims }: Settings): readonly Check[] {
  if (ignoredTokenMarkers.length === 0) return [];
  const names = Object.keys(requiredClaims).join(', ');
  const expected = `no ignoredTokenMarkers; or requiredClaims (${names}) that no ID token of this issuer has`;
  return [{ name: 'ignored token markers', state: 'doubtful', expected, seen: ignoredTokenMarkers.join(', ') }];
}

async function fetched(
  url: string,
  { jwksTimeout }: Settings,
  { fetch, progress }: Surroundings,
  request?: JsonRequest,
): Promise<JsonAnswer> {
  const deadline = new Deadline(jwksTimeout, globalTimers, new AbortController().signal);
  const asked = (): Promise<JsonAnswer> => fetchJson(url, { fetch, signal: deadline.signal }, request);
  return progress(`waiting for ${withoutCredentials(url)}`, asked).finally(() => {
    deadline.end();
  });
}

async function answered<T>(ask: () => Promise<T>): Promise<T | FetchFailure> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof FetchFailure) return error;
    throw error;
  }
}

async function discovery(
  { issuerUrl, jwksUrl, allowInsecureUrls }: Settings,
  ask: (url: string) => Promise<JsonAnswer>,
): Promise<{ readonly check: Check; readonly jwksUrl?: string }> {
  const name = 'discovery';
  if (jwksUrl !== undefined) {
    const check: Check = {
      name,
      state: 'skipped',
      expected: "nothing: the setting 'jwksUrl' is given",
      seen: withoutCredentials(jwksUrl),
    };
    return { check, jwksUrl };
  }
  const issuer = issuerUrl ?? '';
  const expected = `metadata of the issuer ${issuer}, with a jwks_uri`;
  const documentOf = async (url: string): Promise<unknown> => (await ask(url)).document;
  const found = await answered(() => discoverJwksUrl(issuer, documentOf, allowInsecureUrls));
  if (found instanceof FetchFailure)
    return { check: { name, state: 'failed', expected, seen: found.message, remedy: remedyOf(found) } };
  if (found !== undefined)
    return { check: { name, state: 'ok', expected, seen: `jwks_uri ${withoutCredentials(found)}` }, jwksUrl: found };
  const usual = joinUrl(issuer, '/.well-known/jwks.json');
  return { check: { name, state: 'doubtful', expected, seen: `none; trying ${usual}` }, jwksUrl: usual };
}

const expectedKeys = 'a JWK Set with keys that can be used';
const failedKeys = { name: 'keys', state: 'failed', expected: expectedKeys } as const;
const remedyOfKeys = "let the issuer publish its public signing keys there, or give another address as 'jwksUrl'";

const isUnreached: Readonly<Record<FailureKind, boolean>> = {
  network: true,
  timeout: true,
  closed: true,
  status: false,
  redirect: false,
  size: false,
  parse: false,
  content: false,
};

function remedyOf({ kind }: FetchFailure): string {
  return isUnreached[kind]
    ? 'make this address reachable from here: check its name, the network, the proxy and the certificate authority'
    : "correct 'issuerUrl' (or 'jwksUrl'): what answers at this address is not what the issuer publishes";
}

function keysCheck({ document }: JsonAnswer, url: string): Check {
  const keySet = keySetIn(document);
  if (typeof keySet === 'string')
    return { ...failedKeys, seen: `${withoutCredentials(url)}: ${keySet}`, remedy: remedyOfKeys };
  const names = keySet.keys.map(({ kid, alg }) => `${kid} (${alg ?? 'any algorithm that fits'})`);
  const seen = [names.length === 0 ? 'no usable key' : names.join(', '), ...keySet.problems].join('; ');
  if (names.length === 0) return { ...failedKeys, seen, remedy: remedyOfKeys };
  return { name: 'keys', state: keySet.problems.length > 0 ? 'doubtful' : 'ok', expected: expectedKeys, seen };
}

/**
 * Reads the key set of a document.
 *
 * @returns the key set, or what is wrong with the document
 */
function keySetIn(document: unknown): KeySet | string {
  try {
    return KeySet.read(document) ?? 'no JWK Set';
  } catch (error) {
    if (error instanceof TooManyKeys) return error.message;
    throw error;
  }
}

// RFC 9110 §6.6.1: Date has whole seconds, and may be as old as the request took.
function clockCheck({ headers }: JsonAnswer, { clockTolerance }: Settings, started: number, ended: number): Check {
  const expected = `this clock within ${clockTolerance} s of the issuer's`;
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) return { name: 'clock', state: 'skipped', expected, seen: 'no Date in the answer' };
  const ahead = started - (date + 1000);
  const behind = date - ended;
  const offBy = Math.max(0, ahead, behind) / 1000;
  const direction = ahead > behind ? 'ahead' : 'behind';
  const seen = offBy === 0 ? 'no difference' : `${offBy.toFixed(1)} s ${direction}`;
  return check('clock', offBy <= clockTolerance, expected, seen, 'synchronize the clock of this machine (NTP)');
}

async function examineRequest(
  request: ProvenRequest,
  settings: Settings,
  surroundings: Surroundings,
): Promise<readonly Check[]> {
  const now = surroundings.clock();
  const claims = claimsOf(request.token, settings);
  const own = claims === undefined ? undefined : settingsFor(claims, settings);
  const hasProof = request.proofs.length > 0;
  return [
    ...tokenChecks(request.token, settings, now),
    ...(claims === undefined || own === undefined ? [] : bindingChecks(claims, own, hasProof)),
    ...(hasProof ? proofChecks(request, claims, settings, now) : []),
    await verdict(request, namedBy(request.proofs[0] ?? ''), settings, surroundings),
  ];
}
