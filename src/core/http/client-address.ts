/** Reduces the address of a request to its network, so that a client with many addresses has only one count. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/**
 * The parts of a request that give its address: Express's `ip`, which follows its `trust proxy`, and the connection.
 */
export interface FromSomewhere {
  readonly ip?: string | undefined;
  readonly socket?: { readonly remoteAddress?: string | undefined } | null | undefined;
}

/** Returns the network of a request's address: of `ip`, as `trust proxy` determines it, or of the connection. */
export function addressOf({ ip = '', socket }: FromSomewhere): string {
  const address = withoutPort(ip);
  // `X-Forwarded-For` may hold any text. The address of the proxy itself is used then.
  return networkOf(isIP(address) > 0 ? address : (socket?.remoteAddress ?? 'unknown'));
}

/**
 * Returns an address without its port and zone. An IPv6 address becomes its /64, because a subscriber has one or more
 * of them, and every address in it (RFC 6177 §2, RFC 4291 §2.5.1). Other text stays as it is, in lower case.
 */
export function networkOf(address: string): string {
  const bare = withoutPort(address).replace(/%.*$/, '').toLowerCase();
  return isIPv6(bare) ? networkOfGroups(groupsOf(bare)) : bare;
}

/**
 * Returns the network of the site of an address: the /48 of an IPv6 address, because a site has no more (RFC 6177 §2),
 * and the /24 of an IPv4 address. Other text stays as it is, in lower case.
 */
export function siteOf(address: string): string {
  const network = networkOf(address);
  if (network.endsWith('::/64')) return `${network.split(':', 3).join(':')}::/48`;
  return isIPv4(network) ? network.replace(/\d+$/, '0/24') : network;
}

// Some proxies write the port into X-Forwarded-For, and every connection has another one.
function withoutPort(address: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(address) ?? [];
  return bracketed ?? plain ?? address;
}

// ::ffff:0:0/96 is IPv4 (RFC 4291 §2.5.5.2), and so is 64:ff9b::/96 of a translator (RFC 6052 §2.1).
const prefixesOfIPv4 = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'];

function networkOfGroups(groups: readonly number[]): string {
  const prefix = groups.slice(0, 6).map(group => group.toString(16));
  if (prefixesOfIPv4.includes(prefix.join(':')))
    return [groups[6], groups[7]].flatMap(group => [(group ?? 0) >> 8, (group ?? 0) & 0xff]).join('.');
  return `${groups
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`;
}

/** Returns the eight groups of an IPv6 address. */
export function groupsOf(address: string): number[] {
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
