/** Rules as decorators: `axioms-routing-controllers/decorators`. */
export {
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
  hasValidAccessToken,
  type AccessTokenOptions,
  type Names,
} from './claims';
export { allowAny, authenticationClasses, permissionClasses, throttleClasses } from './lists';
export type { HandlerDecorator, PolicyDecorator } from './decorator';
