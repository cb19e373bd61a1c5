/** Where a request comes from, so that whoever has many addresses has one count all the same. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/** What is asked of a request: Express's `ip`, which follows its `trust proxy`, and the connection. */
export interface FromSomewhere {
  readonly ip?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** The network of the address that a request comes from, as far as `trust proxy` says so; else of its connection. */
export function addressOf({ ip = '', socket }: FromSomewhere): string {
  const address = withoutPort(ip);
  // What a trusted proxy hands on may be any text: then the proxy itself is who is known.
  return networkOf(isIP(address) > 0 ? address : (socket?.remoteAddress ?? 'unknown'));
}

/**
 * The address without its port and zone; of an IPv6 address its /64 (RFC 6177 §2, RFC 4291 §2.5.1: a subscriber has one
 * or more, and every address in it). Other text as it is, in lower case.
 */
export function networkOf(address: string): string {
  const bare = withoutPort(address).replace(/%.*$/, '').toLowerCase();
  return isIPv6(bare) ? networkOfGroups(groupsOf(bare)) : bare;
}

/**
 * The network of the site that an address is in: of an IPv6 address its /48 (RFC 6177 §2: a site has no more), of an IPv4
 * address its /24. Other text as it is, in lower case.
 */
export function siteOf(address: string): string {
  const network = networkOf(address);
  if (network.endsWith('::/64')) return `${network.split(':', 3).join(':')}::/48`;
  return isIPv4(network) ? network.replace(/\d+$/, '0/24') : network;
}

// Some proxies write the port into X-Forwarded-For, which is another one for each connection.
function withoutPort(address: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(address) ?? [];
  return bracketed ?? plain ?? address;
}

// ::ffff:0:0/96 is IPv4 (RFC 4291 §2.5.5.2).
function networkOfGroups(groups: readonly number[]): string {
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
