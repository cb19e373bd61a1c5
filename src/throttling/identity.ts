/** Who is counted: a caller where one is known, else an address. */
import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Caller } from '../authentication/caller';
import { AccessTokenUser, type User } from '../authentication/user';
import { ImproperlyConfigured } from '../core/exceptions';
import type { Claims } from '../core/claims';

/** The address that a request comes from, as far as Express's `trust proxy` says so; of an IPv6 address its /64. */
export function addressOf({ ip = '', socket }: Request): string {
  // What a trusted proxy hands on may be any text: then the proxy itself is who is known.
  const address = isIP(ip) > 0 ? ip : ((socket as { remoteAddress?: string } | undefined)?.remoteAddress ?? 'unknown');
  const bare = address.replace(/%.*$/, '');
  return isIPv6(bare) ? networkOf(bare) : bare;
}

// RFC 6177 §2, RFC 4291 §2.5.1: a subscriber has a /64 or more, and every address in it. ::ffff:0:0/96 is IPv4 (§2.5.5.2).
function networkOf(address: string): string {
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [groups[6], groups[7]].flatMap(group => [(group ?? 0) >> 8, (group ?? 0) & 0xff]).join('.');
  return `${groups
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`;
}

function groupsOf(address: string): number[] {
  const [head = [], tail = []] = withoutDots(address)
    .split('::')
    .map(half => (half === '' ? [] : half.split(':').map(group => parseInt(group, 16))));
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

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
