/** Who is counted, where the caller is known. */
import type { Caller } from '../authentication/caller';
import { AccessTokenUser, type User } from '../authentication/user';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Claims } from '../core/claims';

/**
 * The key of the caller: the subject with its issuer, or the client where a token is a client's own. A user of the app's
 * own is known by `sub`, else by `id`, and the key says by which. `undefined` for an anonymous request.
 *
 * @throws ImproperlyConfigured for an authenticated user without either: all such users would share one count.
 */
export function callerKeyOf({ user, auth, authJwt }: Caller): string | undefined {
  if (!user.isAuthenticated) return undefined;
  const key = (authJwt === null ? undefined : keyOfToken(authJwt, user)) ?? keyOfUser(user);
  if (key !== undefined) return key;
  throw new ImproperlyConfigured(
    `${auth?.authenticator.constructor.name ?? 'An authentication class'} returned a user with neither sub nor id, so that a throttle cannot tell users apart: return { isAuthenticated: true, id: 7 }, with a text, a safe integer or a bigint.`,
  );
}

function keyOfUser({ sub, ...user }: User): string | undefined {
  const { id } = user as { readonly id?: unknown };
  if (isText(sub)) return `user:sub:${sub}`;
  return isText(id) || typeof id === 'bigint' || Number.isSafeInteger(id)
    ? `user:id:${typeof id}:${String(id)}`
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function keyOfToken(claims: Claims, user: User): string | undefined {
  const client = clientOf(claims);
  const isClient = client !== undefined && isClientsOwn(claims, client);
  const iss = typeof claims.iss === 'string' ? claims.iss : '';
  // With the length of the issuer no two of them can be spelled the same.
  if (isClient) return `client:${iss.length}:${iss}:${client}`;
  const { claim, value } = subjectIn(claims, user);
  return isText(value) ? `${claim}:${iss.length}:${iss}:${value}` : undefined;
}

// The claim is part of the identity (RFC 9068 §5); with its length no two of them can be spelled the same.
function subjectIn({ sub }: Claims, user: User): { readonly claim: string; readonly value: unknown } {
  if (!(user instanceof AccessTokenUser) || user.subjectClaim === 'sub') return { claim: 'sub', value: sub };
  return { claim: `claim:${user.subjectClaim.length}:${user.subjectClaim}`, value: user.sub };
}

/** RFC 8693 §4.3's claim, or OpenID Connect's for the same. */
function clientOf({ client_id: clientId, azp }: Claims): string | undefined {
  if (typeof clientId === 'string') return clientId;
  return typeof azp === 'string' ? azp : undefined;
}

// RFC 9068 §2.2: without a resource owner `sub` is the client; Auth0 adds "@clients", and a claim of its own.
function isClientsOwn({ sub, gty }: Claims, client: string): boolean {
  return sub === client || sub === `${client}@clients` || gty === 'client-credentials';
}
