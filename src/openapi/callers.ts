/**
 * Reads what a route's authentication classes declare without a request: which credentials they read, and their
 * challenges.
 */
import type { Request } from 'express';
import type { BaseAuthentication, NamedSecurityScheme } from '../authentication/base';
import { readsCertificates } from '../authentication/client-certificate';
import { challengesOfTokens } from '../authentication/possession';
import { setContext } from '../authentication/request-context';
import { acceptsAccessTokens, readingCredentials, readsBearerTokens } from '../authentication/token-demand';
import { challenge, offeredChallenge, writeChallenge, type OfferedChallenge } from '../core/http/challenge';
import { holdsInert, inertUses } from '../core/process/inert';
import type { Settings } from '../core/settings/settings';
import type { AxiomsServer } from '../routing-controllers/start/axioms-server';
import type { RouteRules } from '../views/start/route-rules';

/** What the authentication classes of a route declare about one method. */
export interface Callers {
  /** How clients send credentials. `bearer` also means signing in at an issuer. */
  readonly schemes: readonly NamedSecurityScheme[];
  /** Whether one of the classes accepts access tokens. */
  readonly acceptsTokens: boolean;
  /** The `WWW-Authenticate` fields of a 401. */
  readonly challenges: readonly OfferedChallenge[];
  /** Whether a class has a challenge, as far as is known. Otherwise an anonymous request is refused with 403. */
  readonly isChallenging: boolean;
}

/** An access token in the Authorization header (RFC 6750). */
export const bearer: NamedSecurityScheme = {
  name: 'bearer',
  scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token (RFC 6750).' },
};

/** An access token that is bound to a key of the client (RFC 9449 §7.1). */
export const dpop: NamedSecurityScheme = {
  name: 'dpop',
  scheme: {
    type: 'http',
    scheme: 'dpop',
    description:
      'An access token that is bound to a key, with a proof of the key in the header field `DPoP` (RFC 9449).',
  },
};

export function callersOf(rules: RouteRules, method: string, server: AxiomsServer): Callers {
  const callers = declaredCallers(rules, method, server);
  return readsCertificates(server.settings) ? { ...callers, schemes: callers.schemes.map(withCertificate) } : callers;
}

// `mutualTLS` of OpenAPI 3.1 would say that every token needs a certificate.
function withCertificate(one: NamedSecurityScheme): NamedSecurityScheme {
  if (one.name !== bearer.name && one.name !== dpop.name) return one;
  const description = `${String(one.scheme['description'])} A token that is bound to a client certificate needs a TLS connection with that certificate (RFC 8705).`;
  return { name: one.name, scheme: { ...one.scheme, description } };
}

function declaredCallers(rules: RouteRules, method: string, server: AxiomsServer): Callers {
  const authenticators = rules.authenticators;
  if (authenticators === undefined) return tokenCallers(rules.demandsProof(method), server.settings);
  const request = methodOnly(method, authenticators, server);
  const reading = readingCredentials(authenticators, request);
  const texts = reading.map(one => asked(() => challengesOf(one, request)));
  const challenges = texts.map(some => some?.map(offeredChallenge) ?? [undefined]);
  const sent = challenges.flat().filter(one => one !== undefined);
  const schemes = distinct(reading.flatMap((one, index) => schemesOf(one, challenges[index] ?? [])));
  // Only callers that prove a key are let in, whatever else the classes read.
  const isProofDemanded = rules.demandsProof(method) && sent.some(isDpop);
  return {
    schemes: isProofDemanded ? schemes.filter(({ name }) => name === dpop.name) : schemes,
    acceptsTokens: reading.some(acceptsAccessTokens),
    challenges: isProofDemanded ? sent.filter(isDpop) : sent,
    isChallenging: texts.some(some => some?.every(one => one === '') !== true),
  };
}

// If the list is decided per request, assume an access token.
function tokenCallers(isProofDemanded: boolean, settings: Settings): Callers {
  const own = (): string => writeChallenge(challenge('Bearer', { realm: settings.realm }));
  const all = challengesOfTokens(settings, own).map(offeredChallenge);
  const sent = all.filter(one => one !== undefined);
  const challenges = isProofDemanded && sent.some(isDpop) ? sent.filter(isDpop) : sent;
  const schemes = challenges.map(one => (isDpop(one) ? dpop : bearer));
  return { schemes, acceptsTokens: true, challenges, isChallenging: true };
}

function challengesOf(authenticator: BaseAuthentication, request: Request): readonly string[] {
  return authenticator.challenges?.(request) ?? [authenticator.authenticateHeader(request) ?? ''];
}

/** Tells whether a challenge is that of DPoP (RFC 9449 §7.1). */
export function isDpop(challenge: OfferedChallenge): boolean {
  return typeof challenge !== 'string' && challenge.scheme === 'DPoP';
}

// A class for access tokens offers DPoP, the scheme of its tokens, or both.
function schemesOf(
  authenticator: BaseAuthentication,
  challenges: readonly (OfferedChallenge | undefined)[],
): readonly NamedSecurityScheme[] {
  const proving = challenges.filter(one => one !== undefined && isDpop(one));
  if (proving.length === 0 || !readsBearerTokens(authenticator)) return [schemeOf(authenticator, challenges[0])];
  return proving.length === challenges.length ? [dpop] : [dpop, schemeOf(authenticator, undefined)];
}

// Makes a request that has only the method.
function methodOnly(method: string, authenticators: readonly BaseAuthentication[], server: AxiomsServer): Request {
  const nothing = (): undefined => undefined;
  const request = { method, headers: {}, query: {}, params: {}, get: nothing, header: nothing } as unknown as Request;
  const { settings, verifier, introspector } = server;
  setContext(request, { settings, verifier, introspector, method, authenticators });
  return request;
}

/** Returns `undefined` for a class that needs more than the method, such as a service. */
function asked<T>(what: () => T): T | undefined {
  const usesBefore = inertUses();
  try {
    const found = what();
    return inertUses() > usesBefore || holdsInert(found) ? undefined : found;
  } catch {
    return undefined;
  }
}

function schemeOf(authenticator: BaseAuthentication, challenge: OfferedChallenge | undefined): NamedSecurityScheme {
  const said = asked(() => authenticator.securityScheme?.());
  if (said !== undefined) return said;
  if (readsBearerTokens(authenticator)) return bearer;
  const { name } = authenticator.constructor;
  const offered = typeof challenge === 'string' ? authenticator.authorizationSchemes?.[0] : challenge?.scheme;
  const scheme = offered?.toLowerCase();
  if (scheme === 'bearer') return bearer;
  if (scheme !== undefined)
    return { name: scheme, scheme: { type: 'http', scheme, description: `As \`${name}\` takes it.` } };
  return isCookie.test(name) ? cookie(authenticator) : somethingElse(name);
}

const isCookie = /session|cookie/i;

function cookie(authenticator: BaseAuthentication): NamedSecurityScheme {
  const { cookieName } = authenticator as { readonly cookieName?: unknown };
  const name = typeof cookieName === 'string' && cookieName !== '' ? cookieName : 'connect.sid';
  return { name: 'cookie', scheme: { type: 'apiKey', in: 'cookie', name, description: 'The cookie of a session.' } };
}

// OpenAPI has no type for unknown credentials: use an HTTP scheme with the class's name.
function somethingElse(name: string): NamedSecurityScheme {
  return { name, scheme: { type: 'http', scheme: name.toLowerCase(), description: `What \`${name}\` looks for.` } };
}

function distinct(schemes: readonly NamedSecurityScheme[]): readonly NamedSecurityScheme[] {
  return schemes.filter((one, index) => schemes.findIndex(({ name }) => name === one.name) === index);
}
