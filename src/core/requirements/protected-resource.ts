/** Metadata that tells clients where to get a token for an API (RFC 9728). */
import { proofAlgorithms } from '../proofs/dpop-proof';
import type { Requirement } from './requirement';
import { scopesAskedFor } from './scopes';
import type { Settings } from '../settings/settings';
import { issuerSettings } from '../settings/trusted-issuers';
import { isAskable } from '../http/urls';

/** Metadata of a protected resource (RFC 9728 §2). Members without a value are omitted (§3.2). */
export interface ProtectedResourceMetadata {
  /** The setting `resourceUrl`. */
  readonly resource: string;
  /** The trusted issuers. */
  readonly authorization_servers?: readonly string[];
  /** The scopes that the rules of the API require, as far as they are known at startup. */
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly ['header'];
  /** The algorithms of DPoP proofs, if tokens may be bound to a key. */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  /** Whether every token must be bound to a DPoP key. */
  readonly dpop_bound_access_tokens_required?: boolean;
  /** Whether tokens may be bound to a client certificate (RFC 8705 §3.3). */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
}

const wellKnown = '/.well-known/oauth-protected-resource';

/**
 * Returns the URL of a resource's metadata: the well-known path is inserted between host and path (RFC 9728 §3.1).
 *
 * @example
 * protectedResourceUrl('https://api.example.com/books'); // https://api.example.com/.well-known/oauth-protected-resource/books
 */
export function protectedResourceUrl(resourceUrl: string): string {
  const { origin, pathname, search } = new URL(resourceUrl);
  return `${origin}${wellKnown}${pathname === '/' ? '' : pathname}${search}`;
}

// RFC 9728 §2, RFC 8414 §2: clients fetch metadata from an issuer identifier. Omits an issuer that they cannot fetch from.
function authorizationServer({ issuerUrl, allowInsecureUrls }: Settings): readonly string[] {
  return issuerUrl !== undefined && isAskable(issuerUrl, allowInsecureUrls) ? [issuerUrl] : [];
}

/**
 * Returns the trusted issuers whose tokens for the resource would be refused: clients that read the metadata ask for a
 * token whose audience is `resourceUrl` (RFC 9728 §2, RFC 8707 §2), and the setting `audience` does not name it.
 */
export function issuersWithOtherAudience(settings: Settings): readonly Settings[] {
  const { resourceUrl } = settings;
  if (resourceUrl === undefined) return [];
  return issuerSettings(settings).filter(({ audience }) => !audience.includes(resourceUrl));
}

/** Returns the metadata of a resource from the settings and requirements of all servers that serve it. */
export function protectedResourceMetadata(
  resource: string,
  settings: readonly Settings[],
  requirements: readonly Requirement[],
): ProtectedResourceMetadata {
  const issuers = settings.flatMap(issuerSettings).flatMap(authorizationServer);
  const scopes = requirements.flatMap(scopesAskedFor);
  return {
    resource,
    ...(issuers.length === 0 ? {} : { authorization_servers: [...new Set(issuers)] }),
    ...(scopes.length === 0 ? {} : { scopes_supported: [...new Set(scopes)].sort() }),
    bearer_methods_supported: ['header'],
    ...dpopMembers(settings.flatMap(issuerSettings)),
    ...certificateMember(settings.flatMap(issuerSettings)),
  };
}

function dpopMembers(issuers: readonly Settings[]): Partial<ProtectedResourceMetadata> {
  if (issuers.every(({ dpop }) => dpop === 'off')) return {};
  return {
    dpop_signing_alg_values_supported: proofAlgorithms,
    dpop_bound_access_tokens_required: issuers.every(({ dpop }) => dpop === 'required'),
  };
}

function certificateMember(issuers: readonly Settings[]): Partial<ProtectedResourceMetadata> {
  return issuers.every(({ mtls }) => mtls === 'off') ? {} : { tls_client_certificate_bound_access_tokens: true };
}

/**
 * Returns the parameter of a 401's or a 403's challenge that tells a client which knows only this API where to get a
 * token (RFC 9728 §5.1). There is none without the setting `resourceUrl`.
 */
export function addressOfMetadata({ resourceUrl }: Pick<Settings, 'resourceUrl'>): { resource_metadata?: string } {
  return resourceUrl === undefined ? {} : { resource_metadata: protectedResourceUrl(resourceUrl) };
}
