/** Builds the parts of `request.auth` that come from the claims of a token. */
import type { Claims } from '../core/tokens/claims';
import type { RequestAuth } from './user';

/** The facts of a token under the names that MCP servers and OAuth clients use. */
export type TokenFacts = Pick<RequestAuth, 'clientId' | 'scopes' | 'expiresAt'>;

/**
 * Returns the client (RFC 8693 §4.3, or else OpenID Connect's `azp`), the granted scopes, and `exp` in seconds since
 * 1970. Facts that the claims do not have are left out.
 */
export function tokenFacts({ client_id: clientId, azp, exp }: Claims, scopes: readonly string[]): TokenFacts {
  const client = clientId ?? azp;
  return {
    ...(typeof client === 'string' ? { clientId: client } : {}),
    scopes,
    ...(typeof exp === 'number' ? { expiresAt: exp } : {}),
  };
}
