/** The types of the caller of a request. */
import type { Request } from 'express';
import type { Claims, GrantKind, Grants } from '../core/tokens/claims';
import { subjectOf, type TokenSubject } from '../core/tokens/token-subject';

/** The user that an authentication class found. A custom class may return any object that has `isAuthenticated`. */
export interface User {
  readonly isAuthenticated: boolean;
  /** The subject, if there is one. It is unique only within an issuer. */
  readonly sub?: string;
  /** The claim that holds the subject of a token. */
  readonly subjectClaim?: string;
  /** Whether the user belongs to the app's staff. See `IsAdminUser`. */
  readonly isStaff?: boolean;
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
}

/** The user of a verified access token. */
export class AccessTokenUser implements User {
  readonly isAuthenticated = true;
  /** The subject. Only together with its claim and the issuer does it identify a user. */
  readonly sub: string;
  /** The claim that holds the subject: one of the setting `subjectClaims`. */
  readonly subjectClaim: string;
  readonly claims: Claims;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly #owner: string | undefined;

  /** @param subject the subject of the token; default: the claim `sub` */
  constructor(claims: Claims, grants: Grants, subject: TokenSubject | undefined = subjectOf(claims, ['sub'])) {
    this.sub = subject?.value as string;
    this.subjectClaim = subject?.claim ?? 'sub';
    this.#owner = subject?.isFirst === true ? subject.value : undefined;
    this.claims = claims;
    this.scopes = grants.scopes;
    this.roles = grants.roles;
    this.permissions = grants.permissions;
  }

  /** The subject that owns objects; `undefined` if the subject is not from the first entry of `subjectClaims`. */
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
  /** The client that the token was issued to: `client_id`, or else `azp`. */
  readonly clientId?: string;
  /** The scopes that the token grants. */
  readonly scopes?: readonly string[];
  /** When the token expires: `exp`, in seconds since 1970. */
  readonly expiresAt?: number;
  /** The thumbprint (RFC 7638) of the DPoP key that the token is bound to, and that the request has proved (RFC 9449). */
  readonly dpopKey?: string;
  /** The SHA-256 thumbprint of the client certificate that the token is bound to, and that the client has shown (RFC 8705). */
  readonly clientCertificate?: string;
}

/** Express's request, as handlers and rules see it. */
// Does not extend Request, because another library may declare an `auth` of its own there.
export interface AxiomsRequest extends Omit<Request, 'user' | 'auth' | 'authJwt'> {
  /**
   * The authenticated user; `undefined` for an anonymous request. On a route whose `authenticationClasses` are `[]` it
   * is what the app set.
   */
  user?: (Express.User & User & Partial<Pick<AccessTokenUser, 'claims'>>) | undefined;
  /** `null` for an anonymous request. On a route whose `authenticationClasses` are `[]` it is what the app set. */
  auth: RequestAuth | null;
  /** The frozen claims of the access token, or `null`. */
  authJwt: Claims | null;
}

/**
 * The user in Express's own request. An app may declare other users there. Whatever they are, they must be of this
 * type, and their `scopes`, `roles` and `permissions` may have any type.
 */
interface AnyUser extends Partial<Omit<User, GrantKind>>, Partial<Record<GrantKind, unknown>> {
  // A type that has only optional members would refuse objects that share no member with it.
  valueOf(): unknown;
  readonly claims?: Claims;
}

interface RequestOfAnyUser {
  user?: AnyUser | undefined;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- merging into Express's and Passport's types needs one
  namespace Express {
    // Inherited and not declared here, because an app may declare users and a `user` itself.
    interface User extends AnyUser {}
    interface Request extends RequestOfAnyUser {}
  }
}
