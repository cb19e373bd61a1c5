/** What an attempt to sign in is counted by. */
import { networkOf, siteOf } from '../http/client-address';

/** One attempt to sign in. */
export interface Attempt {
  /** The name as it was sent, whether or not there is such a user. */
  readonly account: string;
  /** The address of the caller. */
  readonly address: string;
  /**
   * The accounts that the name is one of, if a server has several kinds: the name of the authentication class. The same
   * name in two of them is two accounts.
   */
  readonly accounts?: string;
}

/** The texts that make up each key. They can have any length, so that a key is a hash of them. */
export interface AttemptParts {
  readonly pair: readonly string[];
  readonly address: readonly string[];
  readonly account: readonly string[];
  /** The account and the site of the address (IPv4 /24, IPv6 /48). */
  readonly site: readonly string[];
  /** The pair with the name as it was sent. `ged` and `Ged` may be two users. */
  readonly spelling: readonly string[];
}

// Letters that no decomposition of Unicode makes equal to these, and that collations of databases do.
const alike: Readonly<Record<string, string>> = {
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  '·': '',
  ø: 'o',
  œ: 'oe',
  æ: 'ae',
  ŋ: 'n',
  ŧ: 't',
};

const ignored = /[\p{M}\p{C}\p{Z}\p{Lm}\p{Sk}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Makes names alike that a database may take for the same: it may ignore case, accents, width and invisible signs, as
 * MariaDB's default collations do, so that `ádmîn` finds `admin`. To fold too much can only make a limit stricter. No list is
 * complete, so that a store of users must compare names exactly, too.
 */
function folded(name: string): string {
  // By upper case first: `ß` is `ss`.
  const letters = name.normalize('NFKD').replace(ignored, '').toUpperCase().toLowerCase();
  return letters.replace(/\p{Nd}/gu, digitOf).replace(/[^\0-\x7f]/gu, letter => alike[letter] ?? letter);
}

// The digits of a script are ten code points in a row, and no other digit is in front of the first one or behind the last one
// of a row whose length is a multiple of ten.
function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

/** Returns what an attempt is counted by. Spellings that a database may treat as the same name count as one. */
export function partsOf({ account, address, accounts = '' }: Attempt): AttemptParts {
  const name = folded(account);
  const place = networkOf(address);
  return {
    pair: [place, accounts, name],
    address: [place],
    account: [accounts, name],
    site: ['site', siteOf(address), accounts, name],
    spelling: [place, accounts, account],
  };
}
