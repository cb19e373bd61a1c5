/** Lists the permissions of a route in the order in which they are asked, for the audit. */
import { definesObjectRule, definesViewRule } from '../../permissions/base';
import type { PermissionLeaf } from '../../permissions/tree';

/** One permission of a route, and when it is asked. */
export interface AskedPermission {
  /** The name of the class. */
  readonly permission: string;
  /**
   * `before the body`: nothing of the body has been read. `after the body`: a JSON body has been parsed, and the
   * earlier permissions have not decided. `with the object`: the object of the request is known. A permission with a
   * rule for the request and a rule for the object is asked twice.
   */
  readonly stage: 'before the body' | 'after the body' | 'with the object';
}

/**
 * Returns the permissions in the order in which they are asked. `and` and `or` stop at the first permission that
 * decides, so later ones may not be asked.
 *
 * @param leaves the permissions in the order of the list
 * @param hasObjects whether the route is about one object
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
