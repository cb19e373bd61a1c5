/** Who is calling. */
import type { Request } from 'express';
import type { Claims, GrantKind, Grants } from '../core/tokens/claims';
import { subjectOf, type TokenSubject } from '../core/tokens/token-subject';

/** Whom an authentication class found. A class of your own may return any object that has `isAuthenticated`. */
export interface User {
  readonly isAuthenticated: boolean;
  /** The subject, where there is one; it means nothing without the issuer. */
  readonly sub?: string;
  /** The claim that holds the subject of a token. */
  readonly subjectClaim?: string;
  /** Of the app's staff? See `IsAdminUser`. */
  readonly isStaff?: boolean;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
}

/** The user of a verified access token. */
export class AccessTokenUser implements User {
  readonly isAuthenticated = true;
  /** The subject; with the claim that holds it and the issuer it is an identity. */
  readonly sub: string;
  /** The claim that holds the subject: one of the setting `subjectClaims`. */
  readonly subjectClaim: string;
  readonly claims: Claims;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly #owner: string | undefined;

  /** @param subject default: the claim `sub` */
  constructor(claims: Claims, grants: Grants, subject: TokenSubject | undefined = subjectOf(claims, ['sub'])) {
    this.sub = subject?.value as string;
    this.subjectClaim = subject?.claim ?? 'sub';
    this.#owner = subject?.isFirst === true ? subject.value : undefined;
    this.claims = claims;
    this.scopes = grants.scopes;
    this.roles = grants.roles;
    this.permissions = grants.permissions;
  }

  /** As whom the caller owns objects: `undefined` if the subject is not from the first entry of `subjectClaims`. */
  get owner(): string | undefined {
    return this.#owner;
  }
}

/** The user of an anonymous request. */
export class AnonymousUser implements User {
  readonly isAuthenticated = false;
}

/** How a request was authenticated. */
export interface RequestAuth {
  readonly token?: string;
  readonly claims?: Claims;
  /** The authentication class that accepted the credentials. */
  readonly authenticator: object;
  /** The client that the token was issued to: `client_id`, else `azp`. */
  readonly clientId?: string;
  /** The scopes that the token grants. */
  readonly scopes?: readonly string[];
  /** When the token expires: `exp`, in seconds since 1970. */
  readonly expiresAt?: number;
}

/** Express's request as a handler and a rule see it. */
// Not `extends Request`: another library may declare an `auth` of its own on it.
export interface AxiomsRequest extends Omit<Request, 'user' | 'auth' | 'authJwt'> {
  /**
   * The authenticated user; `undefined` for an anonymous request. On a route whose `authenticationClasses` are `[]` it is
   * what the app set.
   */
  user?: (Express.User & User & Partial<Pick<AccessTokenUser, 'claims'>>) | undefined;
  /** `null` for an anonymous request. On a route whose `authenticationClasses` are `[]` it is what the app set. */
  auth: RequestAuth | null;
  /** The frozen claims of the access token, or `null`. */
  authJwt: Claims | null;
}

/**
 * A user as Express's own request has it. An app may declare other users there: whatever they are, they are of this type,
 * and their `scopes`, `roles` and `permissions` may be of any other.
 */
interface AnyUser extends Partial<Omit<User, GrantKind>>, Partial<Record<GrantKind, unknown>> {
  // Of a type with optional members alone is nothing that shares no member with it.
  valueOf(): unknown;
  readonly claims?: Claims;
}

interface RequestOfAnyUser {
  user?: AnyUser | undefined;
}

declare global {
  // Declaration merging into Express's and Passport's types needs a namespace.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // Inherited, not declared: an app may declare users and a `user` of its own.
    interface User extends AnyUser {}
    interface Request extends RequestOfAnyUser {}
  }
}
