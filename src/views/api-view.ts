/** Types for controllers: the interface that permissions see, and an optional base class. */
import { markAsOurs } from '../core/process/copies';
import type { ApiView } from '../permissions/base';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { ControllerClass } from '../permissions/rule-words';
import { authorizedFilter } from './authorized-filter';
import { checkObjectPermissions } from './object-rules';

export type { ApiView } from '../permissions/base';

// Declared by merging and not as fields: a field would shadow a getter of a subclass.
export interface ApiController extends ApiView {}

/**
 * An optional base class that types what every controller has: `request`, `response`, `action`,
 * `checkObjectPermissions` and `authorizedFilter`. Controllers without it work the same.
 *
 * @example
 * @JsonController('/articles')
 * class ArticleController extends ApiController {
 *   override permissionClasses = [IsAuthenticated];
 *
 *   @Get('/mine')
 *   mine() {
 *     return { subject: this.request.user?.sub };
 *   }
 * }
 */
export abstract class ApiController {
  /**
   * Checks this controller's object rules. Await it before the handler changes anything. The handler's response waits
   * for the check in any case. A refusal is sent as the response if no code waits for the check.
   *
   * @throws PermissionDenied or NotAuthenticated if an object rule of this controller refuses.
   */
  checkObjectPermissions(object: unknown): Promise<void> {
    return checkObjectPermissions(this, object);
  }

  /**
   * Returns the objects that the rules of this route allow for its caller, to give to a compiler of
   * `axioms-routing-controllers/filters` or to `matches`. A list under a rule about objects is not answered without it.
   *
   * @param controllerClass another controller; the filter is then what each of its handlers for GET allows, for
   * included objects
   * @throws ImproperlyConfigured if a rule about objects has no `objectFilter`, or outside of a request
   * @example
   * const { text, values } = toSql(await this.authorizedFilter(), { dialect: 'postgresql', columns });
   */
  authorizedFilter(...controllerClass: readonly [controllerClass?: ControllerClass]): Promise<ObjectFilter> {
    return authorizedFilter(this, ...controllerClass);
  }
}
markAsOurs(ApiController);
