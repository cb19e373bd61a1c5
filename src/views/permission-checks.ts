/** Checks the permissions of a route: first those that need nothing of the body, then the others. */
import { isPublicTo } from '../authentication/base';
import { callerIn, isAuthenticated, isSomebody } from '../authentication/caller';
import { after, inTurn, lastly, type Soon } from '../core/time/soon';
import { denialOfGrants, deny, firstUnmet, nobody } from '../permissions/denial';
import { markEvaluations, rememberEvaluations } from '../permissions/evaluated';
import { evaluate } from '../permissions/evaluation';
import {
  forgetAnswers,
  isClosedToNobody,
  isKnown,
  leavesOf,
  permissionTree,
  type Outcome,
  type PermissionTree,
  type Subject,
} from '../permissions/tree';
import type { PermissionRule } from '../permissions/operators';
import { grantsOfCaller } from '../permissions/token-claims';
import { MethodOnly } from './start/method-only';
import { isAsPrepared } from './start/prepared-grants';
import { permissionRulesOf } from './start/policies';
import type { Visit } from './visit';

/**
 * Asks the permissions that need only the caller, the method and the controller. While they are asked the controller sees
 * a request with a method and nothing else: a rule that looks further is asked later.
 */
export function checkEarlyPermissions(visit: Visit): Soon<void> {
  const shown = new MethodOnly(visit.request.method, visit);
  visit.showMethodOnly(shown);
  return lastly(
    () => askKnown(visit, shown),
    () => {
      visit.showAll();
    },
  );
}

/** Asks the permissions that are left. A list that was not readable before is asked as a whole. */
export function checkLatePermissions(visit: Visit): Soon<void> {
  if (!visit.arePermissionsRead) return readAndAskAll(visit);
  return visit.unasked.length === 0 ? undefined : askRest(visit);
}

/**
 * Asks all permissions again if the app has removed or replaced its session's user: what that user was allowed to do may
 * not be allowed to another. The list is read again, too, because it may depend on the caller.
 */
export function askAnotherCaller(visit: Visit): Soon<void> {
  const caller = callerIn(visit, visit.request);
  if (caller === visit.askedCaller) return;
  requireMandatory(visit);
  rememberEvaluations(visit.controller);
  return after(readAndAskAll(visit), () => {
    // Not before: a handler may go on after a refusal, and check another object.
    visit.askedCaller = caller;
  });
}

/** Asks all permissions again where one of them may look at the body: they have seen it without the fields of its form. */
export function askAboutForm(visit: Visit): Soon<void> {
  const isListKnown = visit.arePermissionsRead && visit.rules.permissions !== undefined;
  if (isListKnown && visit.permissions.every(isKnown)) return;
  rememberEvaluations(visit.controller);
  return readAndAskAll(visit);
}

/** Has all permissions read and asked again in the next step: they were asked about other credentials. */
export function forgetPermissions(visit: Visit): void {
  rememberEvaluations(visit.controller);
  visit.arePermissionsRead = false;
}

/**
 * Refuses an anonymous caller where a class of the list insists: a class may return an anonymous user.
 *
 * @throws NotAuthenticated or PermissionDenied
 */
export function requireMandatory({ request, authenticators, settings }: Visit): void {
  if (isAuthenticated(request)) return;
  const insisting = authenticators.find(one => one.isMandatory === true && !isPublicTo(one, request));
  if (insisting !== undefined) throw nobody(insisting, settings);
}

function askKnown(visit: Visit, shown: MethodOnly): Soon<void> {
  if (isGrantedAtOnce(visit, shown)) return;
  const { found: rules } = shown.watch(() => rulesOf(visit));
  if (rules === undefined) return;
  const { found: trees } = shown.watch(() => treesOf(rules, visit));
  if (trees === undefined) return;
  visit.arePermissionsRead = true;
  visit.permissions = visit.unasked = trees;
  return inTurn(trees, tree => askEarly(visit, tree, shown));
}

/**
 * Decides a list of which only grants decide, and which is as it was at startup. Makes no permission objects, unless
 * something asks for them later.
 *
 * @returns `false` where the list must be evaluated in full
 * @throws the refusal that full evaluation would throw, if a grant is missing
 */
function isGrantedAtOnce(visit: Visit, shown: MethodOnly): boolean {
  const { controller, request, services } = visit;
  const { prepared } = visit.rules;
  const { askedCaller: caller } = visit;
  if (prepared === undefined || caller === undefined || !isSomebody(caller)) return false;
  const forget = markEvaluations(controller);
  const { isExceeded, found: rules } = shown.watch(() => {
    const listed = rulesOf(visit);
    return isAsPrepared(prepared, listed, controller, services.isMadeByNew) ? listed : undefined;
  });
  if (isExceeded) forget();
  if (rules === undefined) return false;
  const grants = grantsOfCaller(caller, request);
  const refusing = firstUnmet(prepared, grants);
  if (refusing !== undefined) throw denialOfGrants(refusing, prepared, grants, visit.settings);
  visit.arePermissionsRead = true;
  visit.permissionsLater = () => treesOf(rules, visit, { viewRule: true });
  return true;
}

function permissionTrees(visit: Visit): readonly PermissionTree[] {
  return treesOf(rulesOf(visit), visit);
}

function rulesOf({ controller, settings, rules }: Visit): readonly PermissionRule[] {
  return permissionRulesOf(controller, settings, rules.decorations);
}

function treesOf(rules: readonly PermissionRule[], visit: Visit, answers: object = {}): readonly PermissionTree[] {
  const trees = rules.map(rule => ({ ...permissionTree(rule, one => visit.services.make(one)), ...answers }));
  visit.rules.markKnown(trees);
  return trees;
}

function askEarly(visit: Visit, tree: PermissionTree, shown: MethodOnly): Soon<void> {
  if (!isKnown(tree)) {
    refuseNobody(visit, tree);
    if (!leavesOf(tree).some(leaf => leaf.isKnown)) return;
  }
  const forget = markEvaluations(visit.controller);
  return after(
    shown.watchSoon(() => outcomeOf(visit, tree, 'known')),
    ({ found }) => {
      if (found !== undefined) {
        noteOutcome(visit, tree, found, 'known');
        return;
      }
      forget();
      forgetAnswers(tree);
      // The start did not see it look further, as where a flag changed: it is asked again behind a form, too.
      for (const leaf of leavesOf(tree)) leaf.isKnown = false;
    },
  );
}

// Where nobody is authenticated, and the tree refuses that whatever its rules say, they need not be readable.
function refuseNobody({ request, settings }: Visit, tree: PermissionTree): void {
  if (isAuthenticated(request) || !isClosedToNobody(tree)) return;
  throw nobody(leavesOf(tree)[0]?.permission, settings);
}

function readAndAskAll(visit: Visit): Soon<void> {
  visit.unasked = visit.permissions = permissionTrees(visit);
  visit.arePermissionsRead = true;
  const known = inTurn(visit.unasked, tree => askAndNote(visit, tree, 'known'));
  return after(known, () => askRest(visit));
}

function askRest(visit: Visit): Soon<void> {
  return inTurn(visit.unasked, tree => askAndNote(visit, tree));
}

function askAndNote(visit: Visit, tree: PermissionTree, only?: 'known'): Soon<void> {
  return after(outcomeOf(visit, tree, only), outcome => {
    noteOutcome(visit, tree, outcome, only);
  });
}

/** @throws the refusal where the tree is false */
function outcomeOf(visit: Visit, tree: PermissionTree, only?: 'known'): Soon<Outcome> {
  const subject: Subject = only === undefined ? visit.subject : { ...visit.subject, only };
  return after(evaluate(tree, subject), outcome =>
    outcome.truth === false ? deny(outcome, visit.permissions, subject) : outcome,
  );
}

function noteOutcome(visit: Visit, tree: PermissionTree, { truth }: Outcome, only?: 'known'): void {
  const isWaiting = truth === undefined && only === 'known' && !isKnown(tree);
  if (isWaiting) return;
  if (truth === undefined) {
    visit.isUndecided = true;
    if (visit.isObjectAction) visit.isObjectPending = true;
  }
  visit.unasked = visit.unasked.filter(one => one !== tree);
}
