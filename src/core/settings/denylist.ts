/** The contract of a denylist, which remembers the tokens that are refused before they expire. */
import type { Claims } from '../jws/compact-jws';

/**
 * Which tokens of an issuer to revoke: those with this `jti`, `sub`, `sid` or `client_id` (or `azp`, in tokens without
 * `client_id`). `sub` and `sid` together mean the tokens of the session, and those of the subject that name no session.
 */
export type RevokedTokens = {
  readonly iss: string;
  /**
   * The time of the logout, in seconds since 1970. Revokes only the tokens issued (`iat`) until then, those issued in the
   * `clockTolerance` seconds after it, because the issuer's clock may be ahead, and those without `iat`. Default: all.
   */
  readonly before?: number | undefined;
  /**
   * When the last of the tokens expires (`exp`); seconds since 1970. Default: the denylist's `ttl` from now. A denylist
   * keeps the revocation 300 seconds longer, because servers accept a token for `clockTolerance` longer.
   */
  readonly expiresAt?: number | undefined;
} & (
  | { readonly jti: string; readonly sub?: never; readonly sid?: never; readonly client_id?: never }
  | {
      readonly sub: string;
      /** The claim that holds this subject (setting `subjectClaims`); default `sub`. */
      readonly subjectClaim?: string | undefined;
      readonly sid?: string | undefined;
      readonly jti?: never;
      readonly client_id?: never;
    }
  | { readonly sid: string; readonly sub?: string | undefined; readonly jti?: never; readonly client_id?: never }
  | { readonly client_id: string; readonly jti?: never; readonly sub?: never; readonly sid?: never }
);

/** Stores which tokens are revoked. Every method is one atomic step. A rejected promise means an outage. */
export interface Denylist {
  /**
   * Revokes tokens from now on. Of two revocations of the same tokens, the later `before` and the later `expiresAt`
   * count. The revocation lasts 300 seconds longer than `expiresAt`.
   */
  revoke(which: RevokedTokens): void | Promise<void>;
  /**
   * Returns whether a token with these claims is revoked. Only `false` accepts the token.
   *
   * @param subject the subject of the token, if another claim than `sub` holds it
   * @param clockTolerance seconds after `before` in which an issued token is revoked, too; the server passes its setting,
   * and the default is that of the setting, 5
   */
  isRevoked(
    claims: Claims,
    subject?: { readonly claim: string; readonly value: string },
    clockTolerance?: number,
  ): boolean | Promise<boolean>;
  /**
   * Returns `true` the first time, and `false` for every further use until `expiresAt`.
   *
   * @param jti the identifier of a token that may be used only once
   * @param expiresAt seconds since 1970
   */
  useOnce(iss: string, jti: string, expiresAt: number): boolean | Promise<boolean>;
  /** Whether a part of the store is away, such as a shard: while it is, the log does not say that the store works again. */
  readonly isAway?: boolean | undefined;
  /** Seconds after which a missing answer counts as an outage; default 5. */
  readonly timeout?: number | undefined;
}
