/** Identifies the authenticated caller whose requests are counted. */
import type { Caller } from '../authentication/request-context';
import { AccessTokenUser, type User } from '../authentication/user';
import { ImproperlyConfigured } from '../core/http/exceptions';
import type { Claims } from '../core/tokens/claims';

/**
 * Returns the caller's key: the subject with its issuer, or the client for a token that a client got for itself. Users from
 * a custom authentication class are identified by `sub`, with its `iss` if it has one, otherwise by `id`, and the key
 * contains which. A user that differs from the token's subject has both keys. Returns `undefined` for an anonymous request.
 *
 * @throws ImproperlyConfigured for an authenticated user without either: all such users would share one count
 */
export function callerKeyOf({ user, auth, authJwt }: Caller): string | undefined {
  if (!user.isAuthenticated) return undefined;
  const ofToken = authJwt === null ? undefined : keyOfToken(authJwt, user);
  // A class may accept one service's token for many users.
  const isTokens = user instanceof AccessTokenUser || (isText(user.sub) && user.sub === authJwt?.sub);
  const ofUser = isTokens && ofToken !== undefined ? undefined : keyOfUser(user);
  if (ofToken !== undefined && ofUser !== undefined) return `both:${ofToken.length}:${ofToken}:${ofUser}`;
  const key = ofToken ?? ofUser;
  if (key !== undefined) return key;
  throw new ImproperlyConfigured(
    `${auth?.authenticator.constructor.name ?? 'An authentication class'} returned a user with neither sub nor id, so that a throttle cannot tell users apart: return { isAuthenticated: true, id: 7 }, with a text, a safe integer or a bigint.`,
  );
}

function keyOfUser(user: User): string | undefined {
  // Not by a rest element, which leaves out what a class inherits: an id may be an accessor.
  const { sub, id, iss } = user as { readonly sub?: unknown; readonly id?: unknown; readonly iss?: unknown };
  if (isText(sub)) return isText(iss) ? `user:iss:${iss.length}:${iss}:${sub}` : `user:sub:${sub}`;
  return isText(id) || typeof id === 'bigint' || Number.isSafeInteger(id)
    ? `user:id:${typeof id}:${String(id)}`
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function keyOfToken(claims: Claims, user: User): string | undefined {
  const client = clientOf(claims);
  const isClient = client !== undefined && !hasOwnSubject(user) && isClientsOwn(claims, client);
  const iss = typeof claims.iss === 'string' ? claims.iss : '';
  // The length of the issuer makes the key unambiguous.
  if (isClient) return `client:${iss.length}:${iss}:${client}`;
  const { claim, value } = subjectIn(claims, user);
  return isText(value) ? `${claim}:${iss.length}:${iss}:${value}` : undefined;
}

// With `subjectClaims`, `sub` may be the client in every user's token.
function hasOwnSubject(user: User): boolean {
  return user instanceof AccessTokenUser && !['sub', 'client_id', 'azp'].includes(user.subjectClaim);
}

// The claim is part of the identity (RFC 9068 §5). Its length makes the key unambiguous.
function subjectIn({ sub }: Claims, user: User): { readonly claim: string; readonly value: unknown } {
  if (!(user instanceof AccessTokenUser) || user.subjectClaim === 'sub') return { claim: 'sub', value: sub };
  return { claim: `claim:${user.subjectClaim.length}:${user.subjectClaim}`, value: user.sub };
}

/** Returns the client, from the claim of RFC 8693 §4.3 or the equivalent one of OpenID Connect. */
function clientOf({ client_id: clientId, azp }: Claims): string | undefined {
  if (typeof clientId === 'string') return clientId;
  return typeof azp === 'string' ? azp : undefined;
}

// RFC 9068 §2.2: without a resource owner, `sub` is the client. Auth0 appends "@clients" and adds the claim `gty`.
function isClientsOwn({ sub, gty }: Claims, client: string): boolean {
  return sub === client || sub === `${client}@clients` || gty === 'client-credentials';
}
