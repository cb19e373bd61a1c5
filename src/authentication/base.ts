/** The contract of an authentication class, with its three answers: not mine, yes, mine and bad. */
import type { Request } from 'express';
import type { Claims } from '../core/claims';
import { markAsOurs } from '../core/copies';
import type { Settings } from '../core/settings';
import type { User } from './user';

/** Whom a class found, and with what. */
export interface AuthenticationResult {
  readonly user: User;
  /** The credentials; `null` or left out, as in DRF's `(user, None)`: there is nothing to tell. */
  readonly auth?: { readonly token?: string; readonly claims?: Claims } | null;
}

/**
 * Says who is calling. Mirrors DRF's `BaseAuthentication`. With `@Service()` a class gets its dependencies from the
 * container; without it, it is simply constructed.
 *
 * @example
 * class ApiKeyAuthentication extends BaseAuthentication {
 *   authenticate(request: Request) {
 *     const key = request.get('X-Api-Key');
 *     if (key === undefined) return null;
 *     if (key !== 'open sesame') throw new AuthenticationFailed('The API key is not known');
 *     return { user: { isAuthenticated: true, sub: 'ali-baba' } };
 *   }
 *   override authenticateHeader() {
 *     return 'ApiKey realm="api"';
 *   }
 * }
 */
export abstract class BaseAuthentication {
  /** Must somebody be authenticated by this class, where no other of the list knew the caller? */
  declare readonly isMandatory?: boolean;

  /**
   * Does it accept access tokens? Rules about tokens then hold for its callers: `IsAuthenticatedOrTokenHasScope` asks them
   * for scopes, and `@hasValidAccessToken()` lets them in. `AccessTokenAuthentication`, `IntrospectionAuthentication` and
   * their subclasses always do. A class that does not say it counts as one for each result with an `auth.token`.
   */
  declare readonly isToken?: boolean;

  /**
   * The schemes of the `Authorization` header that it reads, such as `['Bearer']`; `[]`: it reads another part of the
   * request. `SessionAuthentication` leaves a request with such a header to this class. A class that does not say it may
   * read every scheme.
   */
  declare readonly authorizationSchemes?: readonly string[];

  /** Does it understand bearer tokens that are no JWTs? The JWT classes before it in a list leave those to it. */
  declare readonly takesOpaqueTokens?: boolean;

  /**
   * @returns the user, or `null` where the request has no credentials for this class.
   * @throws AuthenticationFailed or another APIException where it has, and they are bad; no later class is asked then.
   */
  abstract authenticate(request: Request): Promise<AuthenticationResult | null> | AuthenticationResult | null;

  /**
   * Returns the challenge of a 401 (RFC 9110 §11.6.1), such as `Bearer realm="api"`; `undefined` means that this class has
   * none. A challenge of Bearer or DPoP gets the parameters of the refusal, such as `error`, unless it has them already.
   * Text that is not one challenge with parameters (a token68, several challenges) is sent as it is.
   */
  authenticateHeader(_request: Request): string | undefined {
    return undefined;
  }

  /**
   * Asked at start, for each handler that lists the class.
   *
   * @throws ImproperlyConfigured where the settings lack what the class needs.
   */
  checkSettings?(settings: Settings): void;

  /**
   * The user as of now, where it can change while a request is answered, as that of a session can. The guard asks for it
   * each time a rule needs the caller. Default: the user that `authenticate` returned.
   *
   * @param accepted the user that the rules go by so far
   */
  currentUser?(request: Request, accepted: User): User;

  /** Does this request's method need nobody? */
  isPublic?(request: Request): boolean;

  /** How an OpenAPI document describes what this class looks for; default: what its challenge says of its scheme. */
  securityScheme?(): NamedSecurityScheme;
}
markAsOurs(BaseAuthentication);

/** A Security Scheme Object (OpenAPI 3.1 §4.8.27), and its name in the document. */
export interface NamedSecurityScheme {
  readonly name: string;
  readonly scheme: Readonly<Record<string, unknown>> & { readonly type: string };
}

/** A class of authentication, as `authenticationClasses` lists it. */
// The container knows what a constructor takes; no list needs to.
export type AuthenticationClass = new (...dependencies: never[]) => BaseAuthentication;
