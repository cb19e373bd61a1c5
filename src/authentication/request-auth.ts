/** `request.auth`: what a request tells of the credentials that were accepted. */
import type { Claims } from '../core/tokens/claims';
import type { RequestAuth } from './user';

/** What the claims of a token say in the words of MCP servers and OAuth clients. */
export type TokenFacts = Pick<RequestAuth, 'clientId' | 'scopes' | 'expiresAt'>;

/**
 * Returns the client (RFC 8693 §4.3, else OpenID Connect's `azp`), the granted scopes, and `exp` in seconds since 1970.
 * What the claims do not say is left out.
 */
export function tokenFacts({ client_id: clientId, azp, exp }: Claims, scopes: readonly string[]): TokenFacts {
  const client = clientId ?? azp;
  return {
    ...(typeof client === 'string' ? { clientId: client } : {}),
    scopes,
    ...(typeof exp === 'number' ? { expiresAt: exp } : {}),
  };
}
