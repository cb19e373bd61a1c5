/**
 * Checks the rules that the binding adds to a route: those of `@Authorized()` and `@CurrentUser({ required: true })`.
 */
import { NotAuthenticated, PermissionDenied } from '../core/http/exceptions';
import { callerOf, judge } from '../core/requirements/judge';
import { identityOf } from '../permissions/token-claims';
import type { Visit } from './visit';

/**
 * Checks the binding's rules. The app's own `authorizationChecker` is called elsewhere.
 *
 * @throws NotAuthenticated if the request is anonymous and a rule refuses.
 * @throws PermissionDenied if the caller is authenticated and has none of the roles.
 */
export function checkBindingRules({ rules, request }: Visit): void {
  if (rules.asksBesides.length === 0) return;
  const identity = identityOf(request);
  const caller = callerOf(identity, request.method);
  if (rules.asksBesides.every(requirement => judge(requirement, caller) !== false)) return;
  throw identity.isAuthenticated ? new PermissionDenied() : new NotAuthenticated();
}
