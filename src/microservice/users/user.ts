/** Who has an account here. */

/** A user of the API's own: what tokens, serializers and handlers see. It never holds the password's hash. */
export interface User {
  /** Never changes, and is never given to somebody else. */
  readonly id: string;
  readonly username: string;
  /** Only `true` may sign in or refresh. */
  readonly isActive: boolean;
  readonly [attribute: string]: unknown;
}

/** A user with what proves that it is them. */
export interface StoredUser {
  readonly user: User;
  /** A PHC string; `undefined`: no password signs this user in. */
  readonly passwordHash: string | undefined;
}

/** Somebody at an identity provider. The two together are unique and never reassigned (OpenID Connect Core §5.7). */
export interface Identity {
  /** The issuer, as the provider's settings spell it. */
  readonly issuer: string;
  readonly subject: string;
}

/** What a store makes a user of. Further members are attributes. */
export interface NewUser {
  readonly username: string;
  /** Unique among the users, capital ASCII letters or not. */
  readonly email?: string | undefined;
  /** A PHC string, as a `PasswordHasher` makes it. */
  readonly passwordHash?: string | undefined;
  /** Who the user is at an identity provider. */
  readonly identity?: Identity | undefined;
  /** Default: `true`. */
  readonly isActive?: boolean | undefined;
  readonly [attribute: string]: unknown;
}
