/** OAuth2/OIDC authentication and claim-based authorization for routing-controllers, Express and typedi. */
export { auditRoutes, createExpressServer, guardApp, useExpressServer } from './routing-controllers/server';
export type { AxiomsServer, AxiomsServerOptions } from './routing-controllers/axioms-server';
export { backchannelLogout, type BackchannelLogoutOptions } from './routing-controllers/backchannel-logout';
export {
  axiomsErrorHandler,
  requireAccessToken,
  type AccessTokenRequirements,
  type AxiomsErrorHandler,
} from './routing-controllers/plain-routes';
export type { ServerOption } from './routing-controllers/serving';
export { healthMiddleware, type Health, type HealthOptions, type IssuerHealth } from './routing-controllers/health';
export { protectedResourceMiddleware } from './routing-controllers/protected-resource';
export { Claim, CurrentObject } from './routing-controllers/params';
export { defineSettings, settingsFromEnv } from './core/define-settings';
export { Settings, type IssuerInput, type SettingsInput } from './core/settings';
export type { ClaimForm } from './core/claim-forms';
export type { Logger } from './core/logger';
export { AccessTokenVerifier, type Revocation, type VerifiedToken } from './core/access-token';
export type { Denylist, RevokedTokens } from './core/denylist';
export type { LogoutToken } from './core/logout-token';
export { MemoryDenylist, type MemoryDenylistOptions } from './core/memory-denylist';
export type { OutagePolicy, ThrottleStore } from './core/throttle-rates';
export type { Claims, JsonValue, TokenHeader } from './core/compact-jws';
export { TokenIntrospector } from './core/introspection';
export { MemorySignInAttempts, type Attempt, type SignInAttempts, type SignInLimits } from './core/sign-in-attempts';
export { JwksManager, type IssuerStatus, type VerificationKey } from './core/jwks-manager';
export type { DecisionEvent, DecisionReason, JwksEvent, StoreEvent } from './core/events';
export type { Who } from './core/requirements/openness';
export type { GrantRequirement, Requirement } from './core/requirements/requirement';
export type { ChallengeParameters } from './core/challenge';
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
  type APIExceptionOptions,
  type HeaderFields,
  type InvalidTokenOptions,
  type ServiceUnavailableOptions,
  type TokenReason,
  type UnavailableReason,
} from './core/exceptions';
export {
  BaseAuthentication,
  type AuthenticationClass,
  type AuthenticationResult,
  type NamedSecurityScheme,
} from './authentication/base';
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
export { HasAccessTokenPermissions, HasAccessTokenRoles, HasAccessTokenScopes } from './permissions/token-claims';
export {
  IsAuthenticatedOrTokenHasScope,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from './permissions/token-scope';
export type { Answer, CompositionReason, Explanation, PermissionReason, Reason } from './permissions/explanation';
export { IsSubOwner, IsSubOwnerOrSafeOnly } from './permissions/ownership';
export { ApiController, type ApiView } from './views/api-view';
export type { AskedPermission } from './views/asked-order';
export type { RouteAudit } from './views/audit';
export type { Decorations, PolicyLists } from './views/decorations';
export type { RouteRules } from './views/route-rules';
export type { ListSources, RuleSource } from './views/rule-sources';
