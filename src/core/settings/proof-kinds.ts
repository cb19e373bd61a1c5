/** The kinds of value of the settings for proof of possession. */
import { isNetwork } from '../http/networks';
import { text, type Kind } from './kinds';

type Secrets = readonly string[];

// Printable, without the comma that separates two of them in a variable, and at least as long as the hash (RFC 2104 §3).
const secret = /^[\x21-\x2B\x2D-\x7E]{32,1024}$/;

/** One secret, or two while one replaces the other. The first one makes, and both are accepted. */
export const secrets: Kind<string | Secrets, Secrets> = {
  accepts:
    'a secret of at least 32 printable characters without spaces and commas, or a list of two different ones, of which the first makes nonces',
  read: variable => variable.split(',').map(one => one.trim()),
  check(input) {
    const list: readonly unknown[] = Array.isArray(input) ? input : [input];
    const areRight = list.every(one => typeof one === 'string' && secret.test(one));
    return areRight && [1, 2].includes(new Set(list).size) && list.length === new Set(list).size
      ? Object.freeze([...(list as Secrets)])
      : undefined;
  },
};

/** An address or a network. It must not contain every address, because anyone could then send what it may send. */
export const network = text(
  'an IP address, or a network such as 10.0.0.0/8 or fd00::/8, without a zone; never /0',
  isNetwork,
);
