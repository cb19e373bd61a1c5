/** What settings must be together, one small check a rule. */
import { ImproperlyConfigured } from './exceptions';
import type { Values } from './settings';
import { isFetchable } from './urls';

/** @throws ImproperlyConfigured naming the settings, the values seen and what is accepted. */
export function checkTogether(values: Values): void {
  for (const check of [
    requireAudience,
    requireIssuer,
    requireSafeUrls,
    requireTtl,
    requireRetryOrder,
    requireOneTokenType,
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

function requireSafeUrls(values: Values): void {
  for (const name of ['issuerUrl', 'jwksUrl'] as const) {
    const url = values[name];
    if (url !== undefined && !isFetchable(url, values.allowInsecureUrls)) {
      throw new ImproperlyConfigured(
        `Setting '${name}' is '${url}'; expected an https: URL (http: only for loopback hosts, or where 'allowInsecureUrls' has this very URL).`,
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
