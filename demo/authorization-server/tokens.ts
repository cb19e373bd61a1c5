/** What is written into the access tokens: scopes by the account's grant, roles and permissions as further claims. */
import type { AccessToken, ClientCredentials, Grant, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { accounts, API, API_SCOPES, OPAQUE_API, isPerson, type Account } from '../accounts';

/** An API is named by its URL; its access tokens are JWTs (RFC 9068) with that URL as their audience, or opaque. */
export function resourceServer(resource: string): ResourceServer {
  const scope = API_SCOPES.join(' ');
  if (resource === OPAQUE_API) return { audience: API, scope, accessTokenFormat: 'opaque' };
  return { audience: resource, scope, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
}

/** Nobody is asked for consent: an app gets what it asks for, as far as the account has it. */
export async function grantWhatTheAccountHas({ oidc }: KoaContextWithOIDC): Promise<Grant> {
  const { provider, client, session, resourceServers, requestParamScopes: asked } = oidc;
  const has: readonly string[] = accountOf(session?.accountId).scopes;
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: client?.clientId });
  grant.addOIDCScope([...asked].join(' '));
  for (const resource of Object.keys(resourceServers ?? {})) {
    grant.addResourceScope(resource, [...asked].filter(scope => has.includes(scope)).join(' '));
    grant.rejectResourceScope(resource, [...asked].filter(scope => !has.includes(scope)).join(' '));
  }
  await grant.save();
  return grant;
}

export function furtherClaims(token: AccessToken | ClientCredentials) {
  if (!('accountId' in token)) return grantsOf(accounts.machine);
  // Whose session it is: with its log-out the token is refused.
  return { ...grantsOf(accountOf(token.accountId)), sid: token.sid };
}

function grantsOf({ roles, permissions }: Account) {
  return { roles, permissions };
}

function accountOf(id: string | undefined): Account {
  if (!isPerson(id)) throw new Error('No such account');
  return accounts[id];
}
