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

// A database may ignore case, accents, width and invisible signs, as MariaDB's default collations do: `ádmîn` finds `admin`.
// To fold too much can only make a limit stricter.
function folded(name: string): string {
  const letters = name.normalize('NFKD').replace(/[\p{M}\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, '');
  // By upper case first: `ß` is `ss`.
  return letters.toUpperCase().toLowerCase();
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
