/** Who is counted: a caller where one is known, else an address. */
import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Caller } from '../authentication/caller';
import { AccessTokenUser, type User } from '../authentication/user';
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
 * Who is authenticated, with the issuer; the client where a token is a client's own; `undefined`: nobody, or somebody
 * without a name.
 */
export function callerKeyOf({ user, authJwt }: Pick<Caller, 'user' | 'authJwt'>): string | undefined {
  if (!user.isAuthenticated) return undefined;
  if (authJwt !== null) return callerIn(authJwt, user);
  const name = user.sub ?? (user as { id?: unknown }).id;
  return typeof name === 'string' || typeof name === 'number' ? `user:${typeof name}:${name}` : undefined;
}

function callerIn(claims: Claims, user: User): string {
  const client = clientOf(claims);
  const isClient = client !== undefined && isClientsOwn(claims, client);
  const iss = typeof claims.iss === 'string' ? claims.iss : '';
  // With the length of the issuer no two of them can be spelled the same.
  if (isClient) return `client:${iss.length}:${iss}:${client}`;
  const { claim, value } = subjectIn(claims, user);
  return `${claim}:${iss.length}:${iss}:${value}`;
}

// The claim is part of the identity (RFC 9068 §5); with its length no two of them can be spelled the same.
function subjectIn({ sub }: Claims, user: User): { readonly claim: string; readonly value: string } {
  if (!(user instanceof AccessTokenUser) || user.subjectClaim === 'sub') return { claim: 'sub', value: sub as string };
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
