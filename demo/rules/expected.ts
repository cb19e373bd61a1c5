/** From the table to single requests: who sends what, and which answer is right. */
import type { Caller, Callers } from './callers';
import type { Rule, RuleDetails, ScopeRule, Statuses } from './table';

export interface Answer {
  readonly status: number;
  /** The whole `WWW-Authenticate`, where there is one. */
  readonly challenge: string | null;
  /** Does `Retry-After` say in how many seconds, of a minute, to come again? */
  readonly saysWhenAgain: boolean;
  /** Whose private notes are in the body; left out where that is not looked at. */
  readonly shows?: readonly string[];
  /** What else the body or the header says; left out where that is not looked at. */
  readonly says?: string;
}

export interface Expectation {
  readonly request: string;
  readonly body?: object | undefined;
  readonly caller: Caller;
  readonly expected: Answer;
}

type CallerAndStatus = readonly [caller: Caller, status: number];

export async function expectationsOf(
  [request, statuses, details = {}]: Rule,
  callers: Callers,
  apiUrl: string,
): Promise<Expectation[]> {
  const pairs = await Promise.all([
    byName(statuses, details, callers),
    byScopes(statuses, details, callers),
    byFlaw(callers),
  ]);
  return pairs.flat().map(([caller, status]) => {
    return { request, body: details.body, caller, expected: answerTo(caller, status, details, apiUrl) };
  });
}

/** The right answer of this status. */
export function answerTo(caller: Caller, status: number, rule: RuleDetails, apiUrl: string): Answer {
  return { status, challenge: challengeTo(caller, status, rule, apiUrl), saysWhenAgain: status === 429 };
}

async function byName(statuses: Statuses, { limit }: RuleDetails, callers: Callers): Promise<CallerAndStatus[]> {
  const known = await callers.ofTheTable();
  const once = known.map((caller, column): CallerAndStatus => [caller, statuses[column]!]);
  return limit === undefined ? once : once.flatMap(pair => untilTheLimit(pair, limit));
}

/** As often as is allowed, and once more; who is refused anyway uses nothing up. */
function untilTheLimit([caller, status]: CallerAndStatus, limit: number): CallerAndStatus[] {
  const allowed = Array.from({ length: limit }, (): CallerAndStatus => [caller, status]);
  return [...allowed, [caller, status < 300 ? 429 : status]];
}

/** Exactly the scopes that are needed open the door; each that is missing closes it. */
async function byScopes(statuses: Statuses, { any = [], all = [] }: ScopeRule, callers: Callers) {
  const [, , asAlice] = statuses;
  const ways = any.length > 0 ? any.map(scope => [...all, scope]) : all.length > 0 ? [all] : [];
  const gaps = [...(any.length > 0 ? [any] : []), ...all.map(scope => [scope])];
  return Promise.all([
    ...ways.map(async (scopes): Promise<CallerAndStatus> => [await callers.aliceWith(scopes), asAlice]),
    ...gaps.map(async (scopes): Promise<CallerAndStatus> => [await callers.aliceWithout(scopes), 403]),
  ]);
}

async function byFlaw(callers: Callers): Promise<CallerAndStatus[]> {
  return (await callers.flawed()).map(caller => [caller, 401]);
}

function challengeTo(caller: Caller, status: number, rule: RuleDetails, apiUrl: string): string | null {
  if (status === 401) return challengesTo(caller, rule, apiUrl);
  const missing = unmetScopes(caller, rule);
  if (status !== 403 || missing.length === 0) return null;
  return [bearer, insufficient, ...scopeOf(missing), metadataAt(apiUrl)].join(', ');
}

function challengesTo({ token, flaw }: Caller, rule: RuleDetails, apiUrl: string): string {
  const scopes = demandedScopes(rule);
  if (rule.isBound !== true) return bearerAndProof({ Bearer: errorOf(flaw) }, apiUrl, scopes);
  const unbound = token === undefined ? undefined : 'The access token is not bound to a DPoP key';
  return proofAlone(errorOf(flaw ?? unbound), apiUrl, scopes);
}

/** Both schemes open a route. The error stands on the one that the caller used. */
export function bearerAndProof(
  errors: { readonly Bearer?: string | undefined; readonly DPoP?: string | undefined },
  apiUrl: string,
  scopes: readonly string[] = [],
): string {
  const parameters = [bearer, errors.Bearer, ...scopeOf(scopes), metadataAt(apiUrl)];
  return `${proofAlone(errors.DPoP, apiUrl, scopes)}, ${parameters.filter(Boolean).join(', ')}`;
}

/** RFC 9449 §7.1. */
function proofAlone(error: string | undefined, apiUrl: string, scopes: readonly string[]): string {
  const algorithms = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"';
  return `DPoP ${[error, ...scopeOf(scopes), metadataAt(apiUrl), algorithms].filter(Boolean).join(', ')}`;
}

function errorOf(description: string | undefined): string | undefined {
  return description === undefined ? undefined : `error="invalid_token", error_description="${description}"`;
}

function metadataAt(apiUrl: string): string {
  return `resource_metadata="${apiUrl}/.well-known/oauth-protected-resource"`;
}

const bearer = 'Bearer realm="api"';
const insufficient =
  'error="insufficient_scope", error_description="The access token does not have the scope that this request needs"';

function scopeOf(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`];
}

/** What a client without a good token should ask for: one of those that open the door, and all of the others. */
function demandedScopes({ any = [], all = [] }: ScopeRule): readonly string[] {
  return [...new Set([...any.slice(0, 1), ...all])];
}

function unmetScopes({ scopes }: Caller, { any = [], all = [] }: ScopeRule): string[] {
  const unmetAny = any.some(scope => scopes.includes(scope)) ? [] : any;
  const unmetAll = all.every(scope => scopes.includes(scope)) ? [] : all;
  return [...unmetAny, ...unmetAll];
}
