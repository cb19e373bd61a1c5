/** Finds members of controllers that say which grants a token needs, and that no permission class reads. */
import type { Requirement } from '../../core/requirements/requirement';
import { rewritten } from '../../core/requirements/simplified';
import type { Logger } from '../../core/settings/logger';
import { namesOf } from '../../permissions/rule-words';
import { memberSource } from '../../views/start/rule-sources';
import type { RouteRules } from '../../views/start/route-rules';

// Permission classes do not name safeMethods among the members that they read.
const grantMembers = [...namesOf('names'), ...namesOf('names by method')].filter(name => name !== 'safeMethods');

/**
 * Warns of each such member. It only warns, because a base class may declare a member that not every subclass uses.
 *
 * @param routes the rules of all handlers of the controller
 */
export function warnOfUnreadMembers(controller: object, routes: readonly RouteRules[], logger: Logger): void {
  if (routes.some(mayReadAnything)) return;
  const permissions = routes.flatMap(({ leaves }) => leaves);
  const read = new Set(permissions.flatMap(one => one.members?.() ?? []));
  const unread = grantMembers.filter(name => !read.has(name) && memberSource(controller, name) !== undefined);
  const classes = [...new Set(permissions.map(one => one.constructor.name))].join(', ');
  for (const name of unread)
    logger.warn(
      `${controller.constructor.name}.${name} is read by no permission class of the controller, so that it requires nothing. The classes are: ${classes || 'none'}. List a class that reads it, or remove it.`,
    );
}

// A list that is decided per request may name any class, and the code of an app may read any member.
function mayReadAnything({ permissions }: RouteRules): boolean {
  return permissions?.every(one => one !== undefined && !hasCustomRule(one)) !== true;
}

function hasCustomRule(requirement: Requirement): boolean {
  let isFound = false;
  rewritten(requirement, leaf => {
    isFound ||= leaf.kind === 'custom';
    return leaf;
  });
  return isFound;
}
