/** Names the entries of a denylist in Redis. */
import { hash } from 'node:crypto';
import type { Claims } from '../core/tokens/claims';
import { keysOfToken } from '../core/tokens/revocation';
import type { TokenSubject } from '../core/tokens/token-subject';

type Subject = Pick<TokenSubject, 'claim' | 'value'>;

/** Where a token may be revoked. */
export interface TokenNames {
  /** The beginning of every key of the token's issuer. */
  readonly home: string;
  /** The rest of the keys. */
  readonly names: readonly string[];
}

export class DenylistNames {
  /** Names of cached tokens, by their claims: hashing takes longer than everything else. */
  readonly #known = new WeakMap<Claims, TokenNames & { readonly subject: Subject | undefined }>();

  constructor(private readonly prefix: string) {}

  ofToken(claims: Claims, subject?: Subject): TokenNames {
    const known = this.#known.get(claims);
    if (known !== undefined && known.subject?.claim === subject?.claim && known.subject?.value === subject?.value)
      return known;
    const home = this.homeOf(typeof claims.iss === 'string' ? claims.iss : '');
    const named = { home, names: keysOfToken(claims, subject).map(key => this.nameOf(key)), subject };
    // The claims of a token do not change. Those of the app may.
    if (Object.isFrozen(claims)) this.#known.set(claims, named);
    return named;
  }

  // The hash tag in braces keeps the keys of an issuer in one slot of a cluster, because one command reads several of
  // them.
  homeOf(iss: string): string {
    return `${this.prefix}{${hash('sha256', iss, 'base64url').slice(0, 16)}}:`;
  }

  nameOf(key: string): string {
    return hash('sha256', key, 'base64url');
  }
}
