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

/** Returns what an attempt is counted by. Spellings that a database may treat as the same name count as one. */
export function partsOf({ account, address, accounts = '' }: Attempt): AttemptParts {
  const name = account.normalize('NFKC').trim().toLowerCase();
  const place = networkOf(address);
  return {
    pair: [place, accounts, name],
    address: [place],
    account: [accounts, name],
    site: ['site', siteOf(address), accounts, name],
    spelling: [place, accounts, account],
  };
}
