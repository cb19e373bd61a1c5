/** Warns at startup of handlers that may answer lists, and that their rules cannot filter. */
import type { Logger } from '../../core/settings/logger';
import { leavesWithoutFilter } from '../../permissions/allowed-objects';
import { methodsOf } from '../../views/start/audit';
import type { RouteRules } from '../../views/start/route-rules';
import { isRootPath, namesAfterParameter } from './route-path';

interface ListRoute {
  readonly rules: RouteRules;
  /** The path of the handler itself. */
  readonly ownPath: string | RegExp | undefined;
}

/** @param routes the routes of one controller */
export function warnOfLists(routes: readonly ListRoute[], logger: Logger): void {
  const ruled = routes.filter(isUnderObjectRule);
  warnOf(ruled.filter(isUnlisted), 'may answer lists, and is', logger);
  warnOf(
    ruled.filter(isBelowObject),
    'is about one object, and its path goes on behind that, so that it may answer a list. It is',
    logger,
  );
  for (const { rules } of ruled.filter(answersList)) warnOfMissingFilters(rules, logger);
}

function warnOf(routes: readonly ListRoute[], what: string, logger: Logger): void {
  for (const { rules } of routes)
    logger.warn(
      `${rules.place} ${what} in neither of the lists listActions and unfilteredActions: name it in listActions if it answers a list, in objectActions if it is about one object${besideObjectActions(rules)}, or in unfilteredActions if it shows no objects that the rule protects.`,
    );
}

// Without it, the new list would bring the warning that it adds to the default.
function besideObjectActions(rules: RouteRules): string {
  if (rules.listed('notObjectActions') !== undefined) return '';
  return ' (and write notObjectActions = [], which keeps the handlers that are about one object by default)';
}

function isUnderObjectRule({ rules }: ListRoute): boolean {
  return rules.hasObjectRule && methodsOf(rules).some(method => rules.dependOnObjects(method) !== false);
}

// A POST to the path of the controller creates an object.
function isUnlisted({ rules, ownPath }: ListRoute): boolean {
  const method = methodOf(rules);
  if (isNamed(rules) || rules.isObjectAction(method) || rules.isListAction(method)) return false;
  return !(method === 'POST' && isRootPath(ownPath));
}

function isBelowObject({ rules, ownPath }: ListRoute): boolean {
  return !isNamed(rules) && rules.isObjectAction(methodOf(rules)) && namesAfterParameter(ownPath);
}

function isNamed(rules: RouteRules): boolean {
  return (['objectActions', 'notObjectActions', 'listActions', 'unfilteredActions'] as const).some(list =>
    rules.isIn(list),
  );
}

function answersList({ rules }: ListRoute): boolean {
  return methodsOf(rules).some(method => rules.isListAction(method) && rules.dependOnObjects(method) !== false);
}

function warnOfMissingFilters(rules: RouteRules, logger: Logger): void {
  const names = [...new Set(rules.trees.flatMap(leavesWithoutFilter).map(({ constructor }) => constructor.name))];
  if (names.length > 0)
    logger.warn(
      `${rules.place} answers a list, and ${names.join(', ')} has a rule about objects without objectFilter(), so that its filter cannot be made: give the class objectFilter(), or name the handler in unfilteredActions if it shows no objects that the rule protects.`,
    );
}

// GET represents a route that takes every method.
function methodOf({ method = 'GET' }: RouteRules): string {
  return method;
}
