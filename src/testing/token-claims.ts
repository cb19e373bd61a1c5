/** What a test writes into a token. */

/** Claims of a token; `undefined` removes a claim. */
export interface TokenClaims {
  readonly sub?: unknown;
  /** `'book:read book:create'` (RFC 8693 §4.2). */
  readonly scope?: unknown;
  readonly roles?: unknown;
  readonly permissions?: unknown;
  /** Seconds since 1970. */
  readonly exp?: unknown;
  readonly [claim: string]: unknown;
}
