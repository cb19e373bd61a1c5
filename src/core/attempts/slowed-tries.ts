/** Decides which tries of an account are slowed down, and which of them need one of its places to wait. */

/** The limits of the rule; see `SignInLimits`. */
export interface SlowingLimits {
  readonly quickTriesPerAccount: number;
  readonly firstDelay: number;
  readonly longestDelay: number;
  readonly firstTriesPerSite: number;
}

/** The tries that count before this one. Where keys share a counter, those of all of them. */
export interface TriesSoFar {
  /** Tries of the account from the address. */
  readonly pair: number;
  /** Tries of the account from the addresses of the site (IPv4 /24, IPv6 /48) that were the first of their address. */
  readonly site: number;
  /** Tries of the account from any address. */
  readonly account: number;
  /** Whether the address has signed in to the account before. */
  readonly isKnown: boolean;
}

/** How a try is slowed down. */
export interface Slowing {
  /** Seconds that the try waits; 0 if it need not wait. */
  readonly delay: number;
  /**
   * Whether this is the first try of its address at the account. It counts for its site, waits without a place, and never
   * gives way. So a stranger's tries from other addresses cannot refuse the owner.
   */
  readonly isFirst: boolean;
}

/** Returns how a try is slowed down. Every implementation of `SignInAttempts` follows this rule. */
export function slowingOf({ pair, site, account, isKnown }: TriesSoFar, limits: SlowingLimits): Slowing {
  const { quickTriesPerAccount, firstDelay, longestDelay, firstTriesPerSite } = limits;
  const isFirst = pair === 0 && site < firstTriesPerSite;
  if (account < quickTriesPerAccount || isKnown) return { delay: 0, isFirst };
  return { delay: Math.min(longestDelay, firstDelay * 2 ** (account - quickTriesPerAccount)), isFirst };
}
