/** In which order the permissions of a route are asked, as the audit lists it. */
import { definesObjectRule, definesViewRule } from '../../permissions/base';
import type { PermissionLeaf } from '../../permissions/tree';

/** One permission of a route, and when it is asked. */
export interface AskedPermission {
  /** The name of the class. */
  readonly permission: string;
  /**
   * `before the body`: nothing of the body has been read. `after the body`: a JSON body is parsed, and the permissions
   * before have not decided. `with the object`: the object of the request is there. A permission with a rule for the
   * request and one for the object is asked twice.
   */
  readonly stage: 'before the body' | 'after the body' | 'with the object';
}

/**
 * Returns the permissions in the order in which they are asked. `and` and `or` stop at the first one that decides, so not
 * all of them need be.
 *
 * @param leaves the permissions as the list names them
 * @param hasObjects is the route about one object?
 */
export function askedInOrder(leaves: readonly PermissionLeaf[], hasObjects: boolean): readonly AskedPermission[] {
  const withView = leaves.filter(({ permission }) => definesViewRule(permission));
  const withObject = leaves.filter(({ permission }) => hasObjects && definesObjectRule(permission));
  return [
    ...withView.filter(isEarly).map(leaf => asked(leaf, 'before the body')),
    ...withView.filter(leaf => !isEarly(leaf)).map(leaf => asked(leaf, 'after the body')),
    ...withObject.map(leaf => asked(leaf, 'with the object')),
  ];
}

function isEarly({ isKnown }: PermissionLeaf): boolean {
  return isKnown === true;
}

function asked({ permission }: PermissionLeaf, stage: AskedPermission['stage']): AskedPermission {
  return { permission: permission.constructor.name, stage };
}
