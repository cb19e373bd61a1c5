/**
 * The base class of authentication classes. A class returns a result, returns `null` if the request has no credentials
 * for it, or throws if the credentials are bad.
 */
import type { Request } from 'express';
import type { Claims } from '../core/tokens/claims';
import { markAsOurs } from '../core/process/copies';
import { seen } from '../core/process/rejections';
import type { Settings } from '../core/settings/settings';
import type { User } from './user';

/** The user that a class authenticated, and the credentials. */
export interface AuthenticationResult {
  readonly user: User;
  /** The credentials; `null` or omitted, as in DRF's `(user, None)`, if the app does not need them. */
  readonly auth?: { readonly token?: string; readonly claims?: Claims } | null;
}

/**
 * Authenticates the caller. Mirrors DRF's `BaseAuthentication`. A class with `@Service()` gets its dependencies from the
 * container; a class without it is constructed without arguments.
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
  /** Whether a request is refused if no class of the list authenticated the caller. */
  declare readonly isMandatory?: boolean;

  /**
   * Whether the class accepts access tokens. If so, rules about tokens apply to its callers:
   * `IsAuthenticatedOrTokenHasScope` requires scopes of them, and `@hasValidAccessToken()` accepts them.
   * `AccessTokenAuthentication`, `IntrospectionAuthentication` and their subclasses always accept tokens. A class that
   * does not declare it counts as a token class for each result with an `auth.token`.
   */
  declare readonly isToken?: boolean;

  /**
   * The schemes of the `Authorization` header that the class reads, such as `['Bearer']`, or `[]` if it reads another part
   * of the request. `SessionAuthentication` leaves a request with such a header to this class. A class that does not
   * declare it may read every scheme.
   */
  declare readonly authorizationSchemes?: readonly string[];

  /**
   * Whether the class accepts bearer tokens that are not JWTs. JWT classes before it in the list leave such tokens to
   * it.
   */
  declare readonly takesOpaqueTokens?: boolean;

  /**
   * Authenticates a request.
   *
   * @returns the user, or `null` if the request has no credentials for this class.
   * @throws AuthenticationFailed or another APIException if the credentials are bad; no later class is tried.
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
   * Returns every challenge of this class, if it may have more than one: the classes for access tokens have one for Bearer
   * and one for DPoP (RFC 9449 §7.1). Default: that of `authenticateHeader`.
   */
  challenges?(request: Request): readonly string[];

  /**
   * Checks the settings at startup, for each handler that lists the class.
   *
   * @throws ImproperlyConfigured if the settings lack what the class needs.
   */
  checkSettings?(settings: Settings): void;

  /**
   * Returns the current user, if it can change while a request is handled, as the user of a session can. The guard calls it
   * each time a rule needs the caller. Default: the user that `authenticate` returned.
   *
   * @param accepted the user that the rules have used so far
   */
  currentUser?(request: Request, accepted: User): User;

  /** Tells whether this request's method is open to anonymous callers. */
  isPublic?(request: Request): boolean;

  /** Describes the credentials of this class for an OpenAPI document; default: the scheme of its challenge. */
  securityScheme?(): NamedSecurityScheme;
}
markAsOurs(BaseAuthentication);

const methodRules = new WeakSet<object>();

/** Marks a class whose own `isPublic` looks at the method and the settings, and at nothing else. */
export function decidesPublicByMethod(authenticationClass: { readonly prototype: BaseAuthentication }): void {
  const { isPublic } = authenticationClass.prototype;
  if (isPublic !== undefined) methodRules.add(isPublic);
}

/** Whether the method alone decides if the class needs no credentials. A subclass with its own rule may read the body. */
export function isPublicByMethod({ isPublic }: BaseAuthentication): boolean {
  return isPublic === undefined || methodRules.has(isPublic);
}

/**
 * Tells whether the class needs no credentials for this request. Only `true` counts: an async method of an app in
 * JavaScript returns a promise.
 */
export function isPublicTo(authenticator: BaseAuthentication, request: Request): boolean {
  return seen<unknown>(authenticator.isPublic?.(request)) === true;
}

/** A Security Scheme Object (OpenAPI 3.1 §4.8.27) and its name in the document. */
export interface NamedSecurityScheme {
  readonly name: string;
  readonly scheme: Readonly<Record<string, unknown>> & { readonly type: string };
}

/** An authentication class, as `authenticationClasses` lists it. */
// The container supplies the constructor's arguments, so their types do not matter here.
export type AuthenticationClass = new (...dependencies: never[]) => BaseAuthentication;
