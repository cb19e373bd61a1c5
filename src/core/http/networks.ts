/** Networks of addresses that an app trusts, such as those of its proxies. */
import { isIPv4, isIPv6 } from 'node:net';
import { groupsOf } from './client-address';

/** The addresses whose bits, without the last `shift` ones, are `prefix`. */
interface Network {
  readonly prefix: bigint;
  readonly shift: bigint;
}

const form = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/;

/** Tells whether text is an address, or a network as `10.0.0.0/8` or `fd00::/8`. False for `/0`, which is every address. */
export function isNetwork(text: string): boolean {
  return networkIn(text) !== undefined;
}

/** A list of networks. An IPv4 address is the same as its IPv4-mapped IPv6 address, whichever way either is given. */
export class Networks {
  readonly #networks: readonly Network[];

  /** @param texts addresses and networks; a text for which `isNetwork` is false contains nothing */
  constructor(texts: readonly string[]) {
    this.#networks = texts.map(networkIn).filter(network => network !== undefined);
  }

  /** Tells whether one of the networks contains an address; `false` for any other text, and for an address with a zone. */
  includes(address: string | undefined): boolean {
    const bits = bitsOf(address ?? '');
    return bits !== undefined && this.#networks.some(network => contains(network, bits));
  }
}

function networkIn(text: string): Network | undefined {
  const [, address = '', length] = form.exec(text) ?? [];
  const bits = bitsOf(address);
  const size = isIPv4(address) ? 32 : 128;
  const kept = Number(length ?? size);
  if (bits === undefined || kept === 0 || kept > size) return undefined;
  const shift = BigInt(size - kept);
  // As 0.0.0.0/0 is.
  if (isMapped(bits) && shift >= 32n) return undefined;
  return { prefix: bits >> shift, shift };
}

// A network of IPv6 addresses may be wide enough to contain ::ffff:0:0/96, without IPv4 being meant.
function contains({ prefix, shift }: Network, bits: bigint): boolean {
  return bits >> shift === prefix && (shift <= 32n || !isMapped(bits));
}

function isMapped(bits: bigint): boolean {
  return bits >> 32n === 0xffffn;
}

// RFC 4291 §2.5.5.2. The zone of an address names an interface of this host: another one may have the same address.
function bitsOf(address: string): bigint | undefined {
  if (address.includes('%')) return undefined;
  if (isIPv4(address)) return asNumber(groupsOf(`::ffff:${address}`));
  return isIPv6(address) ? asNumber(groupsOf(address)) : undefined;
}

function asNumber(groups: readonly number[]): bigint {
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
}
