/** Decides whether a caller has shown the key that an access token is bound to (RFC 7800 §3.1, RFC 9449 §6, RFC 8705 §3). */
import { InvalidToken } from '../http/exceptions';
import type { TokenScheme } from '../http/sent-token';
import type { Claims, JsonValue } from '../jws/compact-jws';
import type { ProofVerifier, ShownProof } from '../proofs/proof-verifier';
import type { Settings } from '../settings/settings';
import type { Soon } from '../time/soon';

/** What a request shows besides its access token. */
export interface Possession {
  readonly scheme: TokenScheme;
  readonly proof: ShownProof;
  /**
   * Returns the SHA-256 thumbprint of the client's certificate, as 43 characters of base64url.
   *
   * @throws InvalidToken if a proxy reports it in a form that cannot be read
   */
  certificate(): string | undefined;
}

/** The keys that a token is bound to, by their thumbprints. */
export interface Binding {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

const unbound: Binding = Object.freeze({});

/**
 * Returns what a token is bound to.
 *
 * @throws InvalidToken for a `cnf` that this library cannot check, such as one with a `kid`
 */
export function bindingOf(claims: Claims): Binding {
  if (!Object.hasOwn(claims, 'cnf')) return unbound;
  const cnf = claims['cnf'] as JsonValue;
  if (!isBinding(cnf)) throw notShown();
  return cnf;
}

function isBinding(cnf: JsonValue): cnf is Readonly<Record<string, string>> {
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return false;
  const members = Object.entries(cnf as Readonly<Record<string, JsonValue>>);
  return members.length > 0 && members.every(([name, value]) => isThumbprint(name, value));
}

function isThumbprint(name: string, value: JsonValue): boolean {
  return (name === 'jkt' || name === 'x5t#S256') && typeof value === 'string' && /^[\w-]{43}$/.test(value);
}

function notShown(): InvalidToken {
  return new InvalidToken('The access token is bound to a key that was not shown', { reason: 'token_bound' });
}

/**
 * Returns one `cnf` that demands every key that any of these claims demands. It is `null`, which no request satisfies, where two
 * claims name different keys, or one names something that this library cannot check.
 *
 * @returns `{}` if no claims have a `cnf`
 */
export function jointBinding(all: readonly Claims[]): Claims {
  const found = all.filter(isBound).map(({ cnf }) => cnf as JsonValue);
  return found.length === 0 ? {} : { cnf: found.reduce(joined) };
}

function joined(one: JsonValue, other: JsonValue): JsonValue {
  if (!isBinding(one) || !isBinding(other)) return null;
  const both = { ...one, ...other };
  return Object.entries(one).every(([name, value]) => both[name] === value) ? both : null;
}

/**
 * Checks what a token is bound to against the settings `dpop` and `mtls`. Whether the caller has the key is another question,
 * which {@link requirePossession} answers for each request.
 *
 * @throws InvalidToken for a token that no request could use
 */
export function checkBinding(claims: Claims, { dpop, mtls }: Settings): void {
  const { jkt, 'x5t#S256': certificate } = bindingOf(claims);
  if (jkt !== undefined && dpop === 'off') throw notShown();
  if (certificate !== undefined && mtls === 'off') throw notShown();
  if (jkt === undefined && dpop === 'required') throw notBoundTo('a DPoP key');
  if (certificate === undefined && mtls === 'required') throw notBoundTo('a client certificate');
}

function notBoundTo(what: string): InvalidToken {
  return new InvalidToken(`The access token is not bound to ${what}`, { reason: 'token_unbound' });
}

/** @throws InvalidToken for a token that is bound to any key */
export function requireUnbound(claims: Claims): void {
  if (Object.hasOwn(claims, 'cnf')) throw notShown();
}

/**
 * Checks that the caller has every key that the token is bound to. The use of the proof is recorded last.
 *
 * @param tokenHash the hash of the token, as proofs have it in `ath`
 * @throws InvalidToken for a bound token that is sent as a bearer token or by another client, and for an unbound one with
 * the scheme DPoP
 * @throws InvalidProof for a missing, wrong or used proof
 */
export function requirePossession(
  tokenHash: string,
  claims: Claims,
  shown: Possession,
  proofs: ProofVerifier,
): Soon<void> {
  const { jkt, 'x5t#S256': certificate } = bindingOf(claims);
  // RFC 9449 §7.2: a thief could otherwise leave out the proof.
  if (jkt !== undefined && shown.scheme !== 'DPoP') throw notShown();
  if (certificate !== undefined) requireCertificate(certificate, shown.certificate());
  if (jkt !== undefined) return proofs.prove(shown.proof, tokenHash, jkt);
  if (shown.scheme === 'DPoP') throw notBoundTo('a DPoP key');
}

// RFC 8705 §3: 401 invalid_token.
function requireCertificate(bound: string, shown: string | undefined): void {
  if (shown === bound) return;
  const which = shown === undefined ? 'a client certificate that was not shown' : 'another client certificate';
  throw new InvalidToken(`The access token is bound to ${which}`, { reason: 'token_bound' });
}

/** Tells whether a token needs more than itself: nothing may answer for it from a cache without asking for that. */
export function isBound(claims: Claims): boolean {
  return Object.hasOwn(claims, 'cnf');
}
