/** Builds the parts of `request.auth` that come from the claims of a token. */
import type { Claims } from '../core/tokens/claims';
import { bindingOf } from '../core/tokens/binding';
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

/**
 * Returns the keys that a token is bound to.
 *
 * @param claims claims that the verifier has accepted together with what the request shows; those of an app's own class
 * prove nothing
 */
export function provenKeys(claims: Claims): Pick<RequestAuth, 'dpopKey' | 'clientCertificate'> {
  const { jkt, 'x5t#S256': certificate } = bindingOf(claims);
  return {
    ...(jkt === undefined ? {} : { dpopKey: jkt }),
    ...(certificate === undefined ? {} : { clientCertificate: certificate }),
  };
}
