/** Who has an account here. */

/** A user as the rest of the microservice sees it: never with a password or its hash. */
export interface User {
  /** Stable and never given to anybody else: it becomes the `sub` of access tokens. */
  readonly id: string;
  readonly username: string;
  /** Who is not active neither signs in nor refreshes. */
  readonly isActive: boolean;
  /** What `customTokenUserAttributes` may name. */
  readonly [attribute: string]: unknown;
}
