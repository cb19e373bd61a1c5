/** OAuth2/OIDC authentication and claim-based authorization for routing-controllers, Express and typedi. */
export { auditRoutes, createExpressServer, guardApp, useExpressServer } from './routing-controllers/server';
export type { AxiomsServer, AxiomsServerOptions } from './routing-controllers/start/axioms-server';
export { backchannelLogout } from './routing-controllers/endpoints/backchannel-logout';
export { axiomsErrorHandler, requireAccessToken } from './routing-controllers/endpoints/plain-routes';
export { healthMiddleware } from './routing-controllers/endpoints/health';
export { protectedResourceMiddleware } from './routing-controllers/endpoints/protected-resource';
export { Claim, CurrentObject } from './routing-controllers/start/params';
export { defineSettings, settingsFromEnv } from './core/settings/define-settings';
export { Settings, type SettingsInput } from './core/settings/settings';
export type { Logger } from './core/settings/logger';
export { AccessTokenVerifier, type VerifiedToken } from './core/tokens/access-token';
export type { Denylist, RevokedTokens } from './core/settings/denylist';
export { MemoryDenylist } from './core/tokens/memory-denylist';
export type { Claims, JsonValue } from './core/jws/compact-jws';
export type { ProofStore } from './core/settings/proof-store';
export { MemoryProofStore } from './core/proofs/memory-proof-store';
export { TokenIntrospector } from './core/tokens/introspection';
export { MemorySignInAttempts, type Attempt, type SignInAttempts } from './core/attempts/sign-in-attempts';
export { JwksManager } from './core/issuers/jwks-manager';
export type { DecisionEvent, JwksEvent, StoreEvent } from './core/reports/events';
export type { Who } from './core/requirements/openness';
export type { Requirement } from './core/requirements/requirement';
export {
  APIException,
  AuthenticationFailed,
  ImproperlyConfigured,
  InsufficientScope,
  InvalidRequest,
  InvalidToken,
  NotAuthenticated,
  NotFound,
  ParseError,
  PermissionDenied,
  ServiceUnavailable,
  Throttled,
} from './core/http/exceptions';
export { InsufficientUserAuthentication, InvalidProof } from './core/http/possession-exceptions';
export { BaseAuthentication, type AuthenticationClass, type AuthenticationResult } from './authentication/base';
export {
  AccessTokenAuthentication,
  HasValidAccessToken,
  IsAccessTokenAuthenticated,
  IsAnyGetOrIsAccessTokenAuthenticated,
  IsAnyPostOrIsAccessTokenAuthenticated,
} from './authentication/access-token';
export { IntrospectionAuthentication } from './authentication/introspection';
export { SessionAuthentication } from './authentication/session';
export { callerOf, isAuthenticated } from './authentication/caller';
export { checkCsrfToken, csrfToken } from './authentication/csrf';
export { BasicAuthentication } from './authentication/basic';
export { AccessTokenUser, AnonymousUser, type AxiomsRequest, type RequestAuth, type User } from './authentication/user';
export { BasePermission, type PermissionClass } from './permissions/base';
export { and, not, or, ComposedPermission, type PermissionRule } from './permissions/operators';
export {
  AllowAny,
  DenyAll,
  IsAdminUser,
  IsAuthenticated,
  IsAuthenticatedOrPublicMethod,
  IsAuthenticatedOrReadOnly,
  IsSafeOnly,
} from './permissions/access';
export { RequiresAuthenticationContext } from './permissions/authentication-context';
export { HasAuthorizationDetails } from './permissions/authorization-details';
export { RequiresDPoP } from './permissions/proof';
export type { AuthorizationDetail } from './permissions/rule-words';
export { HasAccessTokenPermissions, HasAccessTokenRoles, HasAccessTokenScopes } from './permissions/token-claims';
export {
  IsAuthenticatedOrTokenHasScope,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from './permissions/token-scope';
export type { Explanation } from './permissions/explanation';
export { IsSubOwner, IsSubOwnerOrSafeOnly } from './permissions/ownership';
export { ApiController, type ApiView } from './views/api-view';
export type { RouteAudit } from './views/start/audit';
