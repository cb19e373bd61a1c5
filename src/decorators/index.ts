/** Rules as decorators: `axioms-routing-controllers/decorators`. */
import { setTripwire } from '../routing-controllers/start/tripwire';

export {
  hasRequiredPermissions,
  hasRequiredRoles,
  hasRequiredScopes,
  hasValidAccessToken,
  requiresDPoP,
  type AccessTokenOptions,
  type Names,
} from './claims';
export { allowAny, authenticationClasses, permissionClasses, throttleClasses } from './lists';
export type { HandlerDecorator, PolicyDecorator } from './decorator';

// An app may load only this subpath and serve its controllers with routing-controllers' own server.
setTripwire();
