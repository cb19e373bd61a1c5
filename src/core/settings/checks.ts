/** Checks settings against each other, with one small function for each rule. */
import { ImproperlyConfigured } from '../http/exceptions';
import type { Values } from './settings';
import { withoutCredentials } from './shown-value';
import { askedIssuer } from './kinds';
import { wrong } from './row';
import { isFetchable } from '../http/urls';

/**
 * Checks settings against each other.
 *
 * @throws ImproperlyConfigured naming the settings, the values that were seen and what is accepted.
 */
export function checkTogether(values: Values): void {
  for (const check of [
    requireAudience,
    requireIssuer,
    requireIssuerThatCanBeAsked,
    requireSafeUrls,
    requireTtl,
    requireRetryOrder,
    requireOneTokenType,
    requireDistinction,
    requireIntrospectionClient,
    requireClientCredential,
    requireExternalUrl,
  ])
    check(values);
}

function requireAudience({ audience }: Values): void {
  if ((audience as unknown) === undefined) {
    throw new ImproperlyConfigured(
      "Setting 'audience' (AXIOMS_AUDIENCE) is missing: give the audience that the issuer writes into access tokens for this API.",
    );
  }
}

function requireIssuer({ issuerUrl, jwksUrl, issuers }: Values): void {
  if (issuerUrl === undefined && jwksUrl === undefined && issuers === undefined) {
    throw new ImproperlyConfigured(
      "One of the settings 'domain' (AXIOMS_DOMAIN), 'issuerUrl' (AXIOMS_ISS_URL) and 'jwksUrl' (AXIOMS_JWKS_URL), or else 'issuers', is required: whose tokens are trusted?",
    );
  }
}

// If the library sends no request to the issuer, it only compares `iss`. The issuer may then be a name, or an http:
// identifier (ADFS).
function isIssuerAsked({ jwksUrl, introspectionClientId, introspectionUrl }: Values): boolean {
  return jwksUrl === undefined || (introspectionClientId !== undefined && introspectionUrl === undefined);
}

function requireIssuerThatCanBeAsked(values: Values): void {
  const { issuerUrl } = values;
  if (issuerUrl !== undefined && isIssuerAsked(values) && askedIssuer.check(issuerUrl) === undefined)
    throw wrong(
      "Setting 'issuerUrl' (AXIOMS_ISS_URL)",
      issuerUrl,
      `${askedIssuer.accepts}; where 'jwksUrl' is given, any text`,
      {},
    );
}

function requireSafeUrls(values: Values): void {
  const names = ['jwksUrl', 'introspectionUrl'] as const;
  for (const name of isIssuerAsked(values) ? (['issuerUrl', ...names] as const) : names) {
    const url = values[name];
    if (url !== undefined && !isFetchable(url, values.allowInsecureUrls)) {
      throw new ImproperlyConfigured(
        `Setting '${name}' is '${withoutCredentials(url)}'; expected an https: URL (http: only for loopback hosts, or where 'allowInsecureUrls' has this very URL).`,
      );
    }
  }
}

function requireTtl({ jwksCacheTtl, jwksRefreshInterval }: Values): void {
  if (jwksCacheTtl < 2 * jwksRefreshInterval) {
    throw new ImproperlyConfigured(
      `Setting 'jwksCacheTtl' (AXIOMS_JWKS_CACHE_TTL) is ${jwksCacheTtl}; expected at least twice 'jwksRefreshInterval', ${2 * jwksRefreshInterval}.`,
    );
  }
}

function requireRetryOrder({ jwksRetryMin, jwksRetryMax }: Values): void {
  if (jwksRetryMax < jwksRetryMin) {
    throw new ImproperlyConfigured(
      `Setting 'jwksRetryMax' (AXIOMS_JWKS_RETRY_MAX) is ${jwksRetryMax}; expected at least 'jwksRetryMin', ${jwksRetryMin}.`,
    );
  }
}

function requireOneTokenType({ profile, tokenTypes }: Values): void {
  if (profile === 'rfc9068' && tokenTypes !== undefined) {
    throw new ImproperlyConfigured(
      "Setting 'tokenTypes' (AXIOMS_TOKEN_TYPS) is given together with 'profile' (AXIOMS_PROFILE), which accepts at+jwt alone; expected one of the two.",
    );
  }
}

// Without the markers, only a required claim can distinguish this issuer's access tokens from its ID tokens.
function requireDistinction({ ignoredTokenMarkers, requiredClaims, issuers }: Values): void {
  if (issuers !== undefined || ignoredTokenMarkers.length === 0 || Object.keys(requiredClaims).length > 0) return;
  throw new ImproperlyConfigured(
    `Setting 'ignoredTokenMarkers' (AXIOMS_IGNORED_TOKEN_MARKERS) is ${ignoredTokenMarkers.join(', ')} without 'requiredClaims' (AXIOMS_REQUIRED_CLAIMS); expected claims there that only the access tokens of this issuer have.`,
  );
}

// RFC 7662 §2.1: the introspection endpoint authenticates its client.
function requireIntrospectionClient(values: Values): void {
  const { introspectionClientId, issuerUrl, introspectionUrl, introspectionResponse, issuers } = values;
  if (introspectionClientId === undefined) {
    const given = introspectionNames.find(name => values[name] !== undefined);
    if (given === undefined || issuers !== undefined) return;
    throw new ImproperlyConfigured(
      `Setting '${given}' is given without 'introspectionClientId' (AXIOMS_INTROSPECTION_CLIENT_ID): as which client does this API ask about tokens?`,
    );
  }
  const needsIssuer = introspectionUrl === undefined || introspectionResponse === 'jwt';
  if (issuers === undefined && issuerUrl === undefined && needsIssuer)
    throw new ImproperlyConfigured(
      "Setting 'introspectionClientId' is given without an issuer: give 'issuerUrl' (AXIOMS_ISS_URL) or 'domain' (AXIOMS_DOMAIN); for unsigned answers 'introspectionUrl' (AXIOMS_INTROSPECTION_URL) does, too.",
    );
}

const introspectionNames = [
  'introspectionUrl',
  'introspectionClientSecret',
  'introspectionClientKey',
  'introspectionClientAuth',
] as const;

function requireClientCredential(values: Values): void {
  const { introspectionClientId, introspectionClientSecret: secret, introspectionClientKey: key, issuers } = values;
  if (introspectionClientId === undefined || issuers !== undefined) return;
  if ((secret === undefined) === (key === undefined))
    throw new ImproperlyConfigured(
      `Setting 'introspectionClientId' is given with ${key === undefined ? 'neither' : 'both'} of 'introspectionClientSecret' (AXIOMS_INTROSPECTION_CLIENT_SECRET) and 'introspectionClientKey' (AXIOMS_INTROSPECTION_CLIENT_KEY); expected one of the two.`,
    );
  const { introspectionClientAuth: method, issuerUrl } = values;
  if (method !== undefined && (method === 'private_key_jwt') !== (key !== undefined))
    throw new ImproperlyConfigured(
      `Setting 'introspectionClientAuth' is '${method}', which needs ${key === undefined ? "an 'introspectionClientKey'" : "an 'introspectionClientSecret'"}.`,
    );
  if (key !== undefined && issuerUrl === undefined)
    throw new ImproperlyConfigured(
      "Setting 'introspectionClientKey' is given without 'issuerUrl' (AXIOMS_ISS_URL); expected the issuer there, because it is the audience of the signed assertion (RFC 7523 §3).",
    );
}

// RFC 9449 §4.3: a proof names the URL of the request, and the Host header is the client's to choose.
function requireExternalUrl({ dpop, externalUrl }: Values): void {
  if (externalUrl?.includes('?') === true)
    throw new ImproperlyConfigured(
      `Setting 'externalUrl' (AXIOMS_EXTERNAL_URL) is '${withoutCredentials(externalUrl)}'; expected a URL without a query.`,
    );
  if (externalUrl !== undefined) requireWritableTarget(externalUrl);
  if (dpop === 'off' || externalUrl !== undefined) return;
  throw new ImproperlyConfigured(
    `Setting 'dpop' (AXIOMS_DPOP) is '${dpop}' without 'externalUrl' (AXIOMS_EXTERNAL_URL) and 'resourceUrl' (AXIOMS_RESOURCE_URL); expected one of the two: the URL by which clients reach this app, which their proofs must name.`,
  );
}

// Clients write the path of a proof's `htu` as their parser of URLs gives it.
function requireWritableTarget(externalUrl: string): void {
  const { href, pathname } = new URL(externalUrl);
  const written = externalUrl.replace(/^https?:\/\/[^/]+/i, '') || '/';
  if (written === pathname && !pathname.endsWith('//')) return;
  throw new ImproperlyConfigured(
    `Setting 'externalUrl' (AXIOMS_EXTERNAL_URL) is '${externalUrl}'; expected it as clients write it in their proofs, without several slashes at its end: '${href.replace(/\/+$/, '')}'.`,
  );
}
