/** Whether a list of permissions is met, before there is an object (three-valued) and with one; and if not, which permission failed. */
import { requireUnanswered } from '../core/http/answered';
import { InsufficientScope, NotAuthenticated, PermissionDenied, type APIException } from '../core/http/exceptions';
import { seen } from '../core/process/rejections';
import { after, attempt, inTurn, type Soon } from '../core/time/soon';
import { textOf } from '../core/settings/logger';
import { isAuthenticated } from '../authentication/caller';
import { findContext } from '../authentication/request-context';
import {
  askObjectRule,
  definesObjectRule,
  definesViewRule,
  dependsOnObject,
  isAskedBeforeTheBody,
  ownRefusal,
  requireRule,
} from './base';
import { judgementOf } from './judgement';
import type {
  Cause,
  Judgement,
  Outcome,
  PermissionComposition,
  PermissionLeaf,
  PermissionTree,
  RefusalWords,
  Subject,
  Truth,
} from './tree';

interface Position {
  readonly isNegated: boolean;
  readonly isInsideOr: boolean;
}

/**
 * Is the tree true of the subject? `and` and `or` go from left to right, and stop at the first operand that decides, as
 * DRF's do. The answer is `undefined` where it depends on an object that is not there yet, or on a rule that may not be
 * asked now; a false means that nothing of that could make it true.
 */
export function evaluate(
  tree: PermissionTree,
  subject: Subject,
  position: Position = { isNegated: false, isInsideOr: false },
): Soon<Outcome> {
  if ('permission' in tree) return evaluateLeaf(tree, subject, position.isNegated);
  if (subject.object !== undefined) return evaluateWithObject(tree, subject, position);
  const isFinal = subject.only === undefined || subject.only === 'known';
  if (isFinal && tree.decided !== undefined) return tree.decided;
  return after(evaluateComposition(tree, subject, position), outcome => {
    if (isFinal && outcome.truth !== undefined) tree.decided = outcome;
    return outcome;
  });
}

// No rule about the object is asked where the rules for the request have decided.
function evaluateWithObject(tree: PermissionComposition, subject: Subject, position: Position): Soon<Outcome> {
  const { request, controller } = subject;
  return after(evaluate(tree, { request, controller, only: 'answered' }, position), outcome =>
    outcome.truth === undefined ? evaluateComposition(tree, subject, position) : outcome,
  );
}

function evaluateComposition(
  { operator, operands }: PermissionComposition,
  subject: Subject,
  position: Position,
): Soon<Outcome> {
  // De Morgan: each leaf is negated, not the whole, so that its need of an authenticated request is not turned around.
  if (operator === 'not')
    return evaluate(operands[0] as PermissionTree, subject, { ...position, isNegated: !position.isNegated });
  return (operator === 'and') !== position.isNegated
    ? evaluateAnd(operands, subject, position)
    : evaluateOr(operands, subject, { ...position, isInsideOr: true });
}

function evaluateAnd(operands: readonly PermissionTree[], subject: Subject, position: Position): Soon<Outcome> {
  return after(outcomesOf(operands, subject, position, isFalse), outcomes => {
    const refusing = outcomes.find(isFalse);
    if (refusing === undefined) return { truth: outcomes.every(isTrue) ? true : undefined };
    if (!position.isInsideOr) return refusing;
    const rest = operands.slice(outcomes.length);
    return { truth: false, why: () => causeInBranch(refusing, rest, subject, position) };
  });
}

function evaluateOr(operands: readonly PermissionTree[], subject: Subject, position: Position): Soon<Outcome> {
  return after(outcomesOf(operands, subject, position, isTrue), outcomes => {
    const best = outcomes.find(isTrue) ?? outcomes.find(({ truth }) => truth === undefined);
    return best ?? { truth: false, why: () => causeOfAll(outcomes) };
  });
}

function isTrue({ truth }: Outcome): boolean {
  return truth === true;
}

function isFalse({ truth }: Outcome): boolean {
  return truth === false;
}

// Inside an `or` scopes are missing only if scopes alone would do: the rest of the branch must not refuse for another
// reason. Of the rest only this library's own rules are asked: the branch is decided.
function causeInBranch(
  refusing: Outcome,
  rest: readonly PermissionTree[],
  { request, controller, only }: Subject,
  position: Position,
): Soon<Cause> {
  const subject: Subject = { request, controller, only: only === 'known' ? 'known' : 'own' };
  return after(causeOf(refusing), cause => {
    if (!cause.isUpToScopes) return cause;
    const isUpToScopes = (): Soon<boolean> =>
      after(outcomesOf(rest, subject, position), outcomes =>
        after(causesOf(outcomes.filter(isFalse)), causes => causes.every(one => one.isUpToScopes)),
      );
    // The answer is decided without the rest, so a rule of the rest that fails must not change it.
    const failed = (error: unknown): boolean => {
      const data = { controller: controller.constructor.name, error: textOf(error) };
      findContext(request)?.settings.logger.debug('A rule failed that was asked for the reason of a refusal', data);
      return false;
    };
    return after(attempt(isUpToScopes, failed), isSo => ({ ...cause, isUpToScopes: isSo }));
  });
}

// The first that scopes alone could satisfy, else the first.
function causeOfAll(outcomes: readonly Outcome[]): Soon<Cause> {
  return after(causesOf(outcomes), causes => causes.find(one => one.isUpToScopes) ?? (causes[0] as Cause));
}

function causesOf(outcomes: readonly Outcome[]): Soon<readonly Cause[]> {
  const causes: Cause[] = [];
  const found = inTurn(outcomes, one => after(causeOf(one), cause => void causes.push(cause)));
  return after(found, () => causes);
}

/** Why is this outcome false? */
export function causeOf({ why }: Outcome): Soon<Cause> {
  return (why as () => Soon<Cause>)();
}

// In order, up to the first that decides.
function outcomesOf(
  operands: readonly PermissionTree[],
  subject: Subject,
  position: Position,
  isDecided: (outcome: Outcome) => boolean = () => false,
): Soon<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const asked = inTurn(operands, operand => {
    const last = outcomes.at(-1);
    if (last !== undefined && isDecided(last)) return;
    return after(evaluate(operand, subject, position), outcome => void outcomes.push(outcome));
  });
  return after(asked, () => outcomes);
}

function evaluateLeaf(leaf: PermissionLeaf, subject: Subject, isNegated: boolean): Soon<Outcome> {
  const isNobody = leaf.permission.needsAuthentication === true && !isAuthenticated(subject.request);
  if (!isNobody && isPutOff(leaf, subject)) return { truth: undefined };
  return after(isNobody ? false : leafTruth(leaf, subject, isNegated), truth => {
    if (truth !== false) return { truth };
    const cause = (isUpToScopes: boolean): Cause => ({ leaf, isNegated, isUpToScopes });
    return {
      truth,
      why: () =>
        isNegated || isNobody
          ? cause(false)
          : judgementOf(leaf, subject).then(found => cause(found?.isUpToScopes === true)),
    };
  });
}

function isPutOff(leaf: PermissionLeaf, { only }: Subject): boolean {
  if (only === undefined || 'viewRule' in leaf) return false;
  if (only === 'known') return leaf.isKnown !== true;
  return definesViewRule(leaf.permission) && !(only === 'own' && isAskedBeforeTheBody(leaf.permission));
}

// A rule that a class does not define is true, negated or not. Startup refuses a class without both, and a list that is
// decided per request may still have one.
function leafTruth(leaf: PermissionLeaf, subject: Subject, isNegated: boolean): Soon<Truth> {
  const { permission } = leaf;
  if (!definesViewRule(permission)) {
    requireRule(permission, `${subject.controller.constructor.name}.${subject.controller.action}`);
    return objectTruth(leaf, subject, isNegated);
  }
  return after(askViewRule(leaf, subject), answer => {
    // Only true allows, and only a false is turned around: a class that answers neither allows nothing.
    if (answer !== true) return isNegated && answer === false;
    return definesObjectRule(permission) ? objectTruth(leaf, subject, isNegated) : !isNegated;
  });
}

export function askViewRule(leaf: PermissionLeaf, { request, controller, response }: Subject): Soon<unknown> {
  if ('viewRule' in leaf) return leaf.viewRule;
  if (!isAskedBeforeTheBody(leaf.permission)) requireUnanswered(response);
  return after(leaf.permission.hasPermission(request, controller) as Soon<unknown>, answer => {
    keepWords(leaf, answer);
    return (leaf.viewRule = answer);
  });
}

function objectTruth(leaf: PermissionLeaf, subject: Subject, isNegated: boolean): Soon<Truth> {
  const { permission } = leaf;
  const { request, controller, object } = subject;
  if (!dependsOnObject(permission, request, controller)) return !isNegated;
  if (object === undefined) return undefined;
  requireUnanswered(subject.response);
  return after(askObjectRule(permission, request, controller, object.value), answer => {
    keepWords(leaf, answer);
    leaf.objectRule = answer;
    return answer === !isNegated;
  });
}

// Called as soon as the rule has answered: another request may change the text of a permission that all requests share.
function keepWords(leaf: PermissionLeaf, answer: unknown): void {
  if (answer === true) return;
  const { message, code } = leaf.permission;
  leaf.words = { message: seen(message), code: seen(code) };
}

/**
 * The answer to a list of permissions that is refused (RFC 6750 §3.1): nobody is authenticated, scopes are
 * missing, or something else is.
 *
 * @param trees the route's permissions: the challenge names the scopes of every unmet scope rule of theirs
 */
export async function refusal(cause: Cause, trees: readonly PermissionTree[], subject: Subject): Promise<APIException> {
  const { request, controller } = subject;
  if (!isAuthenticated(request)) return new NotAuthenticated();
  const own = cause.isNegated ? undefined : await ownRefusal(cause.leaf.permission, request, controller);
  if (own !== undefined) return own;
  const { message, code } = ownWords(cause);
  if (!cause.isUpToScopes) return new PermissionDenied(message, { code });
  const unmet = await Promise.all(trees.map(tree => unmetScopes(tree, subject)));
  return new InsufficientScope([...new Set(unmet.flat())], message, { code });
}

// What a permission says of its refusal does not fit its negation's.
function ownWords({ isNegated, leaf }: Cause): RefusalWords {
  return isNegated ? {} : (leaf.words ?? leaf.permission);
}

async function unmetScopes(tree: PermissionTree, subject: Subject, isNegated = false): Promise<readonly string[]> {
  if ('permission' in tree) return isNegated ? [] : unmetScopesOf(await judgementOf(tree, subject));
  const operands = tree.operands.map(operand =>
    unmetScopes(operand, subject, tree.operator === 'not' ? !isNegated : isNegated),
  );
  return (await Promise.all(operands)).flat();
}

function unmetScopesOf({ unmet = [] }: Partial<Judgement> = {}): readonly string[] {
  return unmet.filter(({ kind }) => kind === 'scopes').flatMap(({ values }) => values);
}
