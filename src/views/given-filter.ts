import type { Caller } from '../authentication/request-context';
import type { ObjectFilter } from '../core/requirements/object-filter';
import type { ControllerClass } from '../permissions/rule-words';

/** A filter that a handler was given. */
export interface GivenFilter {
  readonly filter: ObjectFilter;
  readonly caller: Caller;
  /** The class of the other controller whose rules it states; `undefined` for the route's own. */
  readonly of: ControllerClass | undefined;
  /** Has a compiler or the like read it? */
  isTaken: boolean;
  /** Was it given to the handler itself? `getObject()` loads one object with it, and no list. */
  readonly isOfHandler: boolean;
}
