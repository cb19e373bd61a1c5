/** Users and their identities. */

/** A user of the API, as tokens, serializers and handlers see it. It never contains the hash of the password. */
export interface User {
  /** Never changes, and is never reused for another user. */
  readonly id: string;
  readonly username: string;
  /** Only `true` may sign in or refresh. */
  readonly isActive: boolean;
  readonly [attribute: string]: unknown;
}

/** A user, and the hash of the password. */
export interface StoredUser {
  readonly user: User;
  /** A PHC string; `undefined` if this user cannot sign in with a password. */
  readonly passwordHash: string | undefined;
}

/**
 * A user at an identity provider. Issuer and subject together are unique and never reassigned (OpenID Connect Core
 * §5.7).
 */
export interface Identity {
  /** The issuer, as the provider's settings spell it. */
  readonly issuer: string;
  readonly subject: string;
}

/** The data of a new user. Other members are attributes. */
export interface NewUser {
  readonly username: string;
  /** Unique among the users, regardless of the case of ASCII letters. */
  readonly email?: string | undefined;
  /** A PHC string, as a `PasswordHasher` returns it. */
  readonly passwordHash?: string | undefined;
  /** The user's identity at an identity provider. */
  readonly identity?: Identity | undefined;
  /** Default: `true`. */
  readonly isActive?: boolean | undefined;
  readonly [attribute: string]: unknown;
}
