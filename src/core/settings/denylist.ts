/** The contract of a denylist, which remembers the tokens that are refused before they expire. */
import type { Claims } from '../jws/compact-jws';

/**
 * The tokens of an issuer that are meant: with this `jti`, of this `sub`, `sid` or `client_id` (or `azp`, in tokens
 * without `client_id`). With `sub` and `sid`: those of the session, and those of the subject that name no session.
 */
export type RevokedTokens = {
  readonly iss: string;
  /** Only those issued (`iat`) before this time, and those that do not say when; seconds since 1970. Default: all. */
  readonly before?: number | undefined;
  /** How long it is remembered; seconds since 1970. Default: the denylist's `ttl` from now. */
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

/** Remembers which tokens are revoked. Every method is one atomic step; a rejection is an outage. */
export interface Denylist {
  /** Refuses these tokens from now on; of two revocations the one that refuses more counts, and the one that lasts longer. */
  revoke(which: RevokedTokens): void | Promise<void>;
  /**
   * Only `false` lets a token with these claims through.
   *
   * @param subject of the token, if another claim than `sub` holds it
   */
  isRevoked(claims: Claims, subject?: { readonly claim: string; readonly value: string }): boolean | Promise<boolean>;
  /** `true` the first time, for what may be used once: until `expiresAt`, in seconds since 1970. */
  useOnce(iss: string, jti: string, expiresAt: number): boolean | Promise<boolean>;
}
